"""SNAP BI, the national standard for payments (Bank Indonesia), with the biller as server.

    1. The bank asks for a token: X-SIGNATURE = SHA256withRSA(`client_id|X-TIMESTAMP`) by its registered certificate.
    2. Each transaction carries the token and X-SIGNATURE = HMAC-SHA512(client secret,
       `METHOD:path:token:lower(hex(sha256(minified body))):X-TIMESTAMP`).

The token is not kept anywhere: it is the moment it ends and an HMAC over that moment under a key derived from the
client secret, so any hub process can check it and a restart forgets nothing. X-EXTERNAL-ID is unique per day, so the
message id is the day in Jakarta and that number.

Banks differ in two things (`Options`): whether the path that is signed has its query, and whether a signature is
written in base64 or in hex. What was agreed stands in the profile's name: `snap-bi`, `snap-bi-path`, `snap-bi-hex`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from gateway.contract.message import Json, Message
from gateway.dialect.party import Hub, Party, Proven
from gateway.dialect.rest import Answering, canonical
from gateway.dialect.shared_secret import equal
from gateway.domain.calendar import local_date
from gateway.domain.errors import Unauthenticated
from gateway.trust.certificates import RegisteredCertificate, Use, check_usable

TOKEN_LIFE = timedelta(seconds=900)
WINDOW = timedelta(minutes=5)
"""How far X-TIMESTAMP may be from our clock."""

_TIMESTAMP = re.compile(
    r"2[0-9]{3}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})"
)
"""ISO 8601 as SNAP BI sends it. Years 2000 to 2999: at the ends of the calendar no zone can be changed for another."""

_WIDEST_OFFSET = timedelta(hours=14)
_EXTERNAL_ID = re.compile(r"[0-9]{1,36}", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Options:
    """What is agreed with a bank about signatures: the path with its query or without, base64 or hex."""

    query: bool = True
    hexadecimal: bool = False

    def endpoint(self, path: str) -> str:
        """Give EndpointUrl, the path that is signed."""
        return path if self.query else path.partition("?")[0]

    def written(self, signature: bytes) -> str:
        """Write a signature as it is agreed."""
        return signature.hex() if self.hexadecimal else base64.b64encode(signature).decode()


STANDARD = Options()
"""As most banks have it."""


@dataclass(frozen=True)
class SnapBi:
    """In only. Credentials `client_id`, `client_secret`, `partner_id`; the token request is proved by certificate."""

    options: Options = STANDARD

    def authenticate(self, message: Message, payload: Json, party: Party, hub: Hub, at: datetime) -> Proven:  # noqa: ARG002 - the profile's signature
        """Check token, partner and signature.

        Raises Unauthenticated `token-wrong`, `token-expired`, `credentials-wrong` or `signature-wrong`.
        """
        timestamp = _timestamp(message)
        access = message.headers.get("authorization", "").removeprefix("Bearer ").strip()
        _check_token(access, party, at)
        if not equal(message.headers.get("x-partner-id", ""), party.secret("partner_id")):
            raise Unauthenticated("X-PARTNER-ID is not the agreed partner id", code="credentials-wrong")
        expected = symmetric_signature(
            party.secret("client_secret"),
            message.method,
            message.path,
            access,
            message.body,
            timestamp,
            options=self.options,
        )
        given = message.headers.get("x-signature", "")
        if not equal(given.lower() if self.options.hexadecimal else given, expected):
            raise Unauthenticated(
                "X-SIGNATURE does not match: sign METHOD:path:token:sha256(minified body):X-TIMESTAMP with HMAC-SHA512",
                code="signature-wrong",
            )
        external = message.headers.get("x-external-id", "")
        if not _EXTERNAL_ID.fullmatch(external):
            raise Unauthenticated("X-EXTERNAL-ID must be 1 to 36 digits, unique per day", code="signature-wrong")
        created = datetime.fromisoformat(timestamp)
        return Proven(
            agency=party.agency,
            actor="credential/client_id",
            content=canonical(payload),
            document=payload,
            message_id=f"{local_date(created):%Y%m%d}-{external}",
            created=created,
        )

    def check_fresh(self, proven: Proven, at: datetime) -> None:
        """Hold X-TIMESTAMP against our clock. Raises Unauthenticated `timestamp-stale` or `timestamp-future`."""
        if proven.created is not None:
            _check_window(proven.created, at)

    def seal(self, answering: Answering, hub: Hub, at: datetime) -> Mapping[str, str]:  # noqa: ARG002 - the profile's signature
        """Echo the time; the standard asks for no signature on answers."""
        return {"X-TIMESTAMP": at.astimezone(UTC).isoformat(timespec="seconds")}


def issue_token(message: Message, party: Party, at: datetime) -> str:
    """Check a token request (service 73) and give an access token.

    Raises Unauthenticated `credentials-wrong`, `signature-wrong`, `timestamp-stale`, or what the certificate's state
    says.
    """
    timestamp = _timestamp(message)
    client = message.headers.get("x-client-key", "")
    if not equal(client, party.secret("client_id")):
        raise Unauthenticated("X-CLIENT-KEY is not a client of ours", code="credentials-wrong")
    try:
        signature = base64.b64decode(message.headers.get("x-signature", ""), validate=True)
    except binascii.Error:
        signature = b""
    text = f"{client}|{timestamp}".encode()
    fitting = [each for each in party.certificates if _signed_by(each.certificate.public_key(), signature, text)]
    if not any(Use.SIGN in each.uses for each in fitting):
        raise Unauthenticated(
            "X-SIGNATURE is not base64(SHA256withRSA(client_id|X-TIMESTAMP)) by a registered certificate",
            code="signature-wrong",
        )
    _check_any_usable(fitting, at)
    _check_window(datetime.fromisoformat(timestamp), at)
    ends = str(int((at + TOKEN_LIFE).timestamp()))
    return f"{ends}.{_token_mac(ends, party)}"


def symmetric_signature(
    secret: str, method: str, path: str, token: str, body: bytes, timestamp: str, *, options: Options = STANDARD
) -> str:
    """Make the transaction signature. Minifying drops the space between tokens and nothing else."""
    hashed = hashlib.sha256(minify(body)).hexdigest()
    text = f"{method}:{options.endpoint(path)}:{token}:{hashed}:{timestamp}"
    return options.written(hmac.digest(secret.encode(), text.encode(), "sha512"))


def minify(body: bytes) -> bytes:
    """Drop white space outside strings; keys keep their order and numbers their spelling."""
    return re.sub(rb'("(?:[^"\\]|\\.)*")|[ \t\r\n]+', lambda match: match[1] or b"", body)


def _check_any_usable(over_the_key: Sequence[RegisteredCertificate], at: datetime) -> None:
    """Let the holder of a key pass while a certificate over it, registered for signing, is usable and none is revoked.

    The request names no certificate, so each over the key speaks for it: a renewal for it, a revocation (of one for
    other uses too) against it. Raises what `check_usable` says of a revoked one, else of the newest.
    """
    faults: list[Unauthenticated] = []
    usable = False
    for each in sorted(over_the_key, key=lambda found: found.certificate.not_valid_before_utc):
        try:
            check_usable(each, at)
            usable |= Use.SIGN in each.uses
        except Unauthenticated as fault:
            if fault.code == "certificate-revoked":
                raise
            if Use.SIGN in each.uses:
                faults.append(fault)
    if not usable:
        raise faults[-1]


def _signed_by(key: object, signature: bytes, text: bytes) -> bool:
    if not isinstance(key, RSAPublicKey):
        return False
    try:
        key.verify(signature, text, PKCS1v15(), SHA256())
    except InvalidSignature:
        return False
    return True


def _timestamp(message: Message) -> str:
    text = message.headers.get("x-timestamp", "")
    try:
        offset = datetime.fromisoformat(text).utcoffset() if _TIMESTAMP.fullmatch(text) else None
    except ValueError:
        offset = None
    if offset is None or abs(offset) > _WIDEST_OFFSET:
        raise Unauthenticated(
            "X-TIMESTAMP must be a time with its offset, such as 2026-03-02T09:00:00+07:00",
            code="timestamp-missing",
        )
    return text


def _check_window(created: datetime, at: datetime) -> None:
    if abs(at - created) > WINDOW:
        late = created < at
        raise Unauthenticated(
            f"X-TIMESTAMP is more than {WINDOW.seconds} seconds {'old' if late else 'ahead'}: check the clock",
            code="timestamp-stale" if late else "timestamp-future",
        )


def _check_token(access: str, party: Party, at: datetime) -> None:
    ends, _, mac = access.partition(".")
    if not (ends.isascii() and ends.isdigit() and len(ends) < 12 and equal(mac, _token_mac(ends, party))):
        raise Unauthenticated("the access token is not ours: ask for one", code="token-wrong")
    if int(ends) < at.timestamp():
        raise Unauthenticated("the access token has expired: ask for a new one", code="token-expired")


def _token_mac(ends: str, party: Party) -> str:
    key = hmac.digest(party.secret("client_secret").encode(), b"simojo-snap-token-v1", "sha256")
    return hmac.digest(key, f"{party.secret('client_id')}.{ends}".encode(), "sha256").hex()
