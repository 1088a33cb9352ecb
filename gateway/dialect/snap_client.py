"""SNAP BI with the hub as the client: what it asks of the bank, under the asymmetric signature.

X-SIGNATURE = base64(SHA256withRSA(`METHOD:path:lower(hex(sha256(minified body))):X-TIMESTAMP`)) by the hub's key,
whose certificate the bank registers. No access token: the standard knows both ways, and the agreement names this one
by its profile (decision 0059). X-EXTERNAL-ID is new for each attempt, as the standard wants it; that two attempts
are one question the bank sees by the reference in the body. The standard has no signature on answers: TLS proves the
bank.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from gateway.dialect.blanks import fill
from gateway.dialect.party import Hub, Party
from gateway.dialect.rest import Asking, Heard, SealedRequest, body_of
from gateway.dialect.snap_bi import STANDARD, Options, minify
from gateway.domain.calendar import JAKARTA
from gateway.domain.errors import Misconfigured
from gateway.trust.keys import SigningKey
from gateway.trust.policy import JWS_SIGNATURES, KeyKind

_EXTERNAL_IDS = 10**36
"""X-EXTERNAL-ID has 36 digits."""


@dataclass(frozen=True)
class SnapClient:
    """Out only. Credentials `partner_id` (who we are at the bank) and `channel_id`."""

    options: Options = STANDARD

    def seal_request(self, asking: Asking, party: Party, hub: Hub, at: datetime) -> SealedRequest:
        """Fill in secrets and sign. Raises Misconfigured `credential-missing`, `key-not-for-snap`."""
        body = body_of(dict(fill(asking.payload, asking.redacted, party, hub, at)))
        timestamp = at.astimezone(JAKARTA).isoformat(timespec="seconds")
        text = asymmetric_text(self.options, asking.method, asking.path, body, timestamp)
        headers = {
            "Content-Type": "application/json",
            "Accept": "application/json",
            "X-TIMESTAMP": timestamp,
            "X-SIGNATURE": self.options.written(_signed(hub.key, text)),
            "X-PARTNER-ID": party.secret("partner_id"),
            "X-EXTERNAL-ID": _external_id(asking.message_id, at),
            "CHANNEL-ID": party.secret("channel_id"),
        }
        stored = body_of(dict(asking.payload))
        return SealedRequest(headers=headers, body=body, stored_headers=headers, stored_body=stored)

    def check_reply(
        self, heard: Heard, asking: Asking, sealed: SealedRequest, party: Party, hub: Hub, at: datetime
    ) -> None:
        """The standard asks for no signature on answers."""


def asymmetric_text(options: Options, method: str, path: str, body: bytes, timestamp: str) -> bytes:
    """Write what the asymmetric signature is over."""
    hashed = hashlib.sha256(minify(body)).hexdigest()
    return f"{method}:{options.endpoint(path)}:{hashed}:{timestamp}".encode()


def _signed(key: SigningKey, text: bytes) -> bytes:
    if key.kind is not KeyKind.RSA:
        raise Misconfigured(
            f"SNAP BI signs with RSA, and the hub's key is {key.kind}: set SIMOJO_SIGNING_KEY_FILE to an RSA key",
            code="key-not-for-snap",
        )
    return key.operations.sign(JWS_SIGNATURES["RS256"], text)


def _external_id(message_id: str, at: datetime) -> str:
    drawn = hashlib.sha256(f"{message_id}|{at.isoformat()}".encode()).digest()
    return f"{int.from_bytes(drawn) % _EXTERNAL_IDS:036d}"
