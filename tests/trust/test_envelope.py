"""Opening envelopes strictly, and building them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from gateway.contract.message import Transport
from gateway.domain.errors import Malformed
from gateway.trust import names
from gateway.trust.envelope import Envelope, build_envelope, open_envelope
from tests.trust.parties import BUSINESS, document, envelope

BOTH = [Transport.SOAP_11, Transport.SOAP_12]
PERSON = st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1)


def opened(data: bytes) -> Envelope:
    return open_envelope(data, max_bytes=10_000)


def refused(data: bytes) -> str:
    with pytest.raises(Malformed) as caught:
        opened(data)
    return caught.value.code


def soap(header: str = "", body: str = "<x/>", *, ns: str = names.SOAP_12, after: str = "") -> bytes:
    """An envelope from its parts; the prefixes s, a, u, w and e are bound."""
    bound = f'xmlns:s="{ns}" xmlns:a="{names.WSA}" xmlns:u="{names.WSU}" xmlns:e="{names.SOAP_12_ENCODING}"'
    head = f"<s:Header>{header}</s:Header>" if header else ""
    return f"<s:Envelope {bound}>{head}<s:Body>{body}</s:Body>{after}</s:Envelope>".encode()


@pytest.mark.parametrize("version", BOTH)
@given(text=PERSON)
def test_what_was_built_is_what_is_opened(version: Transport, text: str) -> None:
    found = opened(etree.tostring(envelope(version, text)))
    assert found.version is version
    assert found.content.tag == f"{{{BUSINESS}}}Recommendation"
    assert found.content[0].text == text
    assert found.message_id == "urn:uuid:00000000-0000-4000-8000-000000000001"
    assert found.relates_to == "urn:uuid:00000000-0000-4000-8000-000000000000"
    assert found.to == "https://hub.example/soap/dpupr/technical-recommendation"
    assert found.action == f"{BUSINESS}#Recommendation"
    assert not found.is_fault


def test_an_envelope_is_soap() -> None:
    with pytest.raises(ValueError, match=r"SOAP 1\.1 or SOAP 1\.2"):
        build_envelope(document(), version=Transport.REST, action="a", message_id="m", to="t")


def test_relates_to_is_left_out_when_there_is_nothing_to_relate_to() -> None:
    root = build_envelope(document(), version=Transport.SOAP_12, action="a", message_id="m", to="t")
    assert opened(etree.tostring(root)).relates_to is None


@pytest.mark.parametrize("ns", [names.SOAP_11, names.SOAP_12])
def test_an_envelope_without_a_header_opens(ns: str) -> None:
    found = opened(soap(ns=ns))
    assert (found.header, found.message_id, found.action) == (None, None, None)


@pytest.mark.parametrize("ns", [names.SOAP_11, names.SOAP_12])
def test_a_fault_opens_as_content(ns: str) -> None:
    assert opened(soap(body="<s:Fault/>", ns=ns)).is_fault


@pytest.mark.parametrize(
    "data",
    [
        b"<Envelope/>",
        b'<s:Envelope xmlns:s="urn:other"/>',
        f'<s:Body xmlns:s="{names.SOAP_12}"/>'.encode(),
        f'<s:Envelope xmlns:s="{names.SOAP_12}"/>'.encode(),
        f'<s:Envelope xmlns:s="{names.SOAP_12}"><s:Header/></s:Envelope>'.encode(),
        f'<s:Envelope xmlns:s="{names.SOAP_12}"><s:Body><x/></s:Body><s:Header/></s:Envelope>'.encode(),
        f'<s:Envelope xmlns:s="{names.SOAP_12}"><s:Header/><s:Header/><s:Body><x/></s:Body></s:Envelope>'.encode(),
        f'<s:Envelope xmlns:s="{names.SOAP_12}" xmlns:o="{names.SOAP_11}"><o:Body><x/></o:Body></s:Envelope>'.encode(),
        soap(after="<s:Body><x/></s:Body>"),
        soap(after="<x/>"),
        soap(body=""),
        soap(body="only text"),
        soap(body="<x/><y/>"),
        soap(body='<x><y href="#z"/></x>'),
        soap(body='<x><y e:ref="z"/></x>'),
        soap(header="<a:Action>one</a:Action><a:Action>two</a:Action>"),
        soap(header="<a:MessageID> </a:MessageID>"),
        soap(header="<a:To>x<y/></a:To>"),
    ],
)
def test_another_shape_is_refused(data: bytes) -> None:
    assert refused(data) == "envelope-invalid"


def test_the_parser_refuses_before_the_shape_is_looked_at() -> None:
    assert refused(b"<!DOCTYPE a>" + soap()) == "dtd-forbidden"
    assert refused(soap(body=f"<x>{'y' * 10_000}</x>")) == "body-too-large"


@pytest.mark.parametrize(
    "pair",
    [
        '<y u:Id="1"/><y u:Id="1"/>',
        '<y u:Id="1"/><y xml:id="1"/>',
        '<y u:Id="1"/><y Id="1"/>',
        '<y xml:id="1"/><y xml:id="1"/>',
        '<y u:Id="1" Id="1"/>',
    ],
)
def test_one_identifier_on_two_elements_is_refused(pair: str) -> None:
    assert refused(soap(body=f"<x>{pair}</x>")) == "id-duplicated"


def test_different_identifiers_and_an_agencys_own_id_attributes_pass() -> None:
    found = opened(soap(body='<x><y u:Id="1"/><y xml:id="2"/><z id="7"/><z id="7"/></x>'))
    assert len(found.content) == 4


def block(ns: str, extra: str) -> bytes:
    return soap(header=f'<n:New xmlns:n="urn:new" {extra}/>', ns=ns)


@pytest.mark.parametrize(
    ("ns", "extra"),
    [
        (names.SOAP_11, 's:mustUnderstand="1"'),
        (names.SOAP_12, 's:mustUnderstand="true"'),
        (names.SOAP_12, 's:mustUnderstand=" 1 "'),
        (names.SOAP_11, 's:mustUnderstand="1" s:actor="http://schemas.xmlsoap.org/soap/actor/next"'),
        (names.SOAP_12, f's:mustUnderstand="1" s:role="{names.SOAP_12}/role/next"'),
        (names.SOAP_12, f's:mustUnderstand="1" s:role="{names.SOAP_12}/role/ultimateReceiver"'),
    ],
)
def test_a_block_that_we_must_understand_and_do_not_is_refused(ns: str, extra: str) -> None:
    assert refused(block(ns, extra)) == "must-understand"


@pytest.mark.parametrize(
    ("ns", "extra"),
    [
        (names.SOAP_12, ""),
        (names.SOAP_12, 's:mustUnderstand="false"'),
        (names.SOAP_11, 's:mustUnderstand="0"'),
        (names.SOAP_11, 's:mustUnderstand="1" s:actor="urn:somebody-else"'),
        (names.SOAP_12, 's:mustUnderstand="1" s:role="urn:somebody-else"'),
    ],
)
def test_a_block_that_may_be_ignored_passes(ns: str, extra: str) -> None:
    assert opened(block(ns, extra)).header is not None


def test_addressing_blocks_are_understood() -> None:
    must = 's:mustUnderstand="1"'
    header = f"<a:Action {must}>x</a:Action><a:From {must}/>"
    header += f"<a:ReplyTo {must}><a:Address>{names.WSA_ANONYMOUS}</a:Address></a:ReplyTo>"
    assert opened(soap(header=header)).action == "x"


@pytest.mark.parametrize("address", ["<a:Address>https://elsewhere.example</a:Address>", ""])
def test_a_reply_elsewhere_is_not_promised(address: str) -> None:
    assert refused(soap(header=f'<a:ReplyTo s:mustUnderstand="1">{address}</a:ReplyTo>')) == "must-understand"
