"""A message that is judged once more, because the registry has moved meanwhile, is read as it was the first time."""

from __future__ import annotations

import pytest

from gateway.contract.message import Message, Transport
from gateway.dialect.party import Hub, Party
from gateway.edge.soap.codec import SoapCodec
from gateway.edge.soap.wire import SoapForm, SoapWire
from gateway.trust.xml import canonical
from gateway.trust.xml_encryption import encrypt_envelope
from gateway.validation.library import SchemaLibrary
from tests.trust.parties import AT, BUSINESS, MAX_BYTES, key, registered, signed

PATH = "/soap/dpupr/technical-recommendation"
PARTY = Party(agency="dpupr", certificates=(registered(key()),), secret=str)
HUB = Hub(id="dpmptsp", key=key("rsa"), pin=str)


def wire() -> SoapWire:
    element = f"{{{BUSINESS}}}Recommendation"
    codec = SoapCodec("dpupr", "technical-recommendation", request=element, answer=element)
    address, action = f"https://hub.example{PATH}", f"{BUSINESS}#Recommendation"
    form = SoapForm(document="dpupr/x/1.0/answer", action=action, codec=codec)
    return SoapWire([form], path=PATH, address=address, library=SchemaLibrary(()))


def message(body: bytes) -> Message:
    return Message(
        agency="dpupr",
        interaction="technical-recommendation",
        transport=Transport.SOAP_12,
        method="POST",
        path=PATH,
        headers={"content-type": "application/soap+xml"},
        body=body,
        received_at=AT,
        address="127.0.0.1",
    )


@pytest.mark.parametrize("encrypted", [False, True])
def test_a_message_may_be_judged_again(encrypted: bool) -> None:
    said = message(encrypt_envelope(signed(), HUB.key.certificate) if encrypted else signed())
    soap = wire()
    first, second = (soap.authenticate(said, soap.open(said, MAX_BYTES), PARTY, HUB, AT) for _ in range(2))

    assert (first.content, first.message_id, first.plain) == (second.content, second.message_id, second.plain)
    assert (first.plain is not None) is encrypted


@pytest.mark.parametrize("encrypted", [False, True])
def test_what_was_proven_is_held_until_it_is_read(encrypted: bool) -> None:
    said = message(encrypt_envelope(signed(), HUB.key.certificate) if encrypted else signed())
    soap = wire()
    proven = soap.authenticate(said, soap.open(said, MAX_BYTES), PARTY, HUB, AT)

    assert canonical(proven.document.take()) in proven.content
    with pytest.raises(AssertionError):
        proven.document.take()
