"""A hub, an agency, and what passes between them, for a profile that is tried by itself."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from conformance.signing.keys import Identity
from gateway.contract.message import Message, Transport
from gateway.dialect.party import Hub, Party, Proven
from gateway.dialect.rest import Answering, Asking
from gateway.domain.errors import Misconfigured, Unauthenticated
from gateway.trust.certificates import register
from gateway.trust.keys import signing_key
from tests.exchange.keys import AT, agency_identity

SECRETS = {
    "username": "u",
    "password": "p",
    "client_id": "c",
    "client_secret": "s",
    "partner_id": "P",
    "channel_id": "95051",
    "report_key": "r",
    "user_key": "k",
    "basic_user": "b",
    "basic_password": "bp",
}


def secret(name: str) -> str:
    if name not in SECRETS:
        raise Misconfigured(f"no credential {name}", code="credential-missing")
    return SECRETS[name]


def hub() -> Hub:
    identity = agency_identity("hub")
    return Hub(
        id="dpmptsp", key=signing_key(identity.key, identity.certificate), pin=lambda challenge: f"pin-{challenge}"
    )


def party(agency: str = "dpupr", identity: Identity | None = None) -> Party:
    certificate = (identity or agency_identity(agency)).certificate
    return Party(agency=agency, certificates=(register(agency, certificate, None),), secret=secret)


def message(body: bytes = b"{}", path: str = "/rest/x/y", **headers: str) -> Message:
    return Message(
        agency="dpupr",
        interaction="permit-validity",
        transport=Transport.REST,
        method="POST",
        path=path,
        headers={name.lower().replace("_", "-"): value for name, value in headers.items()},
        body=body,
        received_at=AT,
        address="127.0.0.1",
    )


def refusal(profile: Any, said: Message, payload: Any, who: Party, at: datetime = AT) -> str:
    with pytest.raises(Unauthenticated) as raised:
        profile.authenticate(said, payload, who, hub(), at)
    return raised.value.code


def asking(**payload: Any) -> Asking:
    return Asking(
        method="POST",
        path="/x",
        payload=payload,
        message_id="urn:uuid:1",
        agreement="dpupr-2026/1.0",
        interaction="permit-validity",
        redacted=("hidden",),
    )


def answering(proven: Proven, body: bytes) -> Answering:
    return Answering(
        body=body,
        proven=proven,
        request=message(b'{"a":1}'),
        agreement="dpupr-2026/1.0",
        interaction="permit-validity",
        leaf="ab" * 32,
    )
