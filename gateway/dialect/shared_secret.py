"""Profiles that prove a sender by a secret both sides know: basic, sms-key, oss-key.

They prove no content, only that whoever speaks holds the secret; TLS has to protect the rest. They carry no message
id, so the adapter reads the message's identity from its body.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from gateway.contract.message import Json, Message
from gateway.dialect.blanks import fill
from gateway.dialect.party import Hub, Party, Proven
from gateway.dialect.rest import Answering, Asking, Heard, SealedRequest, body_of, canonical
from gateway.domain.errors import Unauthenticated

HIDDEN = "***"
"""What stands in a stored header where a secret stood."""


def equal(given: str, expected: str) -> bool:
    """Compare two secrets in constant time."""
    return hmac.compare_digest(given.encode(), expected.encode())


@dataclass(frozen=True)
class HeaderKey:
    """A secret in a header of its own, both ways: the credential `inbound` is expected, `outbound` is sent.

    `header` is the header's name. A side without a credential name has no such seat: inbound messages are refused,
    outbound ones carry no header (the secret then stands in the body, see `blanks`).
    """

    header: str
    inbound: str | None = None
    outbound: str | None = None

    def authenticate(self, message: Message, payload: Json, party: Party, hub: Hub, at: datetime) -> Proven:  # noqa: ARG002 - the profile's signature
        """Compare the header with the registered secret. Raises Unauthenticated `credentials-wrong`."""
        given = message.headers.get(self.header.lower())
        if self.inbound is None or not given or not equal(given, party.secret(self.inbound)):
            raise Unauthenticated(
                f"header {self.header} is missing or does not hold the agreed key",
                code="credentials-wrong",
            )
        actor = f"credential/{self.inbound}"
        return Proven(agency=party.agency, actor=actor, content=canonical(payload), document=payload)

    def check_fresh(self, proven: Proven, at: datetime) -> None:
        """Such a profile has no timestamp to be fresh."""

    def seal(self, answering: Answering, hub: Hub, at: datetime) -> Mapping[str, str]:  # noqa: ARG002 - the profile's signature
        """Such a profile does not prove answers."""
        return {}

    def seal_request(self, asking: Asking, party: Party, hub: Hub, at: datetime) -> SealedRequest:
        """Put the key into its header and the secrets into the body."""
        headers = {} if self.outbound is None else {self.header: party.secret(self.outbound)}
        return _sealed(headers, asking, party, hub, at)

    def check_reply(
        self, heard: Heard, asking: Asking, sealed: SealedRequest, party: Party, hub: Hub, at: datetime
    ) -> None:
        """Such a profile does not prove answers."""


@dataclass(frozen=True)
class Basic:
    """HTTP Basic (RFC 7617), out only: credentials `basic_user` and `basic_password`."""

    def seal_request(self, asking: Asking, party: Party, hub: Hub, at: datetime) -> SealedRequest:
        """Put user and password into Authorization and the secrets into the body."""
        pair = f"{party.secret('basic_user')}:{party.secret('basic_password')}".encode()
        return _sealed({"Authorization": f"Basic {base64.b64encode(pair).decode()}"}, asking, party, hub, at)

    def check_reply(
        self, heard: Heard, asking: Asking, sealed: SealedRequest, party: Party, hub: Hub, at: datetime
    ) -> None:
        """Such a profile does not prove answers."""


def _sealed(secret_headers: Mapping[str, str], asking: Asking, party: Party, hub: Hub, at: datetime) -> SealedRequest:
    if asking.method == "GET":  # all that is asked stands in the path
        accept = {"Accept": "application/json"}
        return SealedRequest(
            headers=accept | dict(secret_headers),
            body=b"",
            stored_headers=accept | dict.fromkeys(secret_headers, HIDDEN),
            stored_body=b"",
        )
    plain = {"Content-Type": "application/json", "Accept": "application/json"}
    return SealedRequest(
        headers=plain | dict(secret_headers),
        body=body_of(dict(fill(asking.payload, asking.redacted, party, hub, at))),
        stored_headers=plain | dict.fromkeys(secret_headers, HIDDEN),
        stored_body=body_of(dict(asking.payload)),
    )
