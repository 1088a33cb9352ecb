"""The codec takes and gives whole elements, unchanged, in both SOAP versions."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from lxml import etree
from lxml.etree import _Element
from zeep.xsd import Schema

from gateway.contract.message import Transport
from gateway.domain.errors import SchemaViolation
from gateway.edge.soap.codec import SoapCodec

REQUEST = "urn:simojo:dpupr:technical-recommendation:request:1.0"
ACKNOWLEDGEMENT = "urn:simojo:acknowledgement:1.0"
SOAP = {
    Transport.SOAP_11: "http://schemas.xmlsoap.org/soap/envelope/",
    Transport.SOAP_12: "http://www.w3.org/2003/05/soap-envelope",
}
EXAMPLES = Path(__file__).parents[3] / "schemas/dpupr/technical-recommendation/1.0/examples/request"
VERSIONS = pytest.mark.parametrize("version", list(SOAP))

CODEC = SoapCodec(
    "dpupr",
    "technical-recommendation",
    request=f"{{{REQUEST}}}RecommendationRequest",
    answer=f"{{{ACKNOWLEDGEMENT}}}Acknowledgement",
)


def building() -> _Element:
    return etree.parse(EXAMPLES / "building.xml").getroot()


def acknowledgement() -> _Element:
    return etree.fromstring(
        f'<a:Acknowledgement xmlns:a="{ACKNOWLEDGEMENT}"><a:messageId>urn:uuid:1</a:messageId>'
        "<a:receivedAt>2026-03-02T09:00:00Z</a:receivedAt></a:Acknowledgement>"
    )


def canonical(element: _Element, *, exclusive: bool = False) -> bytes:
    return etree.tostring(element, method="c14n", exclusive=exclusive)


def enveloped(content: _Element | str, version: Transport) -> _Element:
    """The one child of the Body of an envelope."""
    text = content if isinstance(content, str) else etree.tostring(content).decode()
    return etree.fromstring(f'<s:Envelope xmlns:s="{SOAP[version]}"><s:Body>{text}</s:Body></s:Envelope>')[0][0]


def body_of(envelope: _Element, version: Transport) -> list[_Element]:
    (body,) = envelope.findall(f"{{{SOAP[version]}}}Body")
    return list(body)


# --- in ---------------------------------------------------------------------------------------------------------------


@VERSIONS
def test_the_whole_verified_element_comes_out_unchanged(version: Transport) -> None:
    document = CODEC.decode(enveloped(building(), version), version)

    assert canonical(document, exclusive=True) == canonical(building())


@VERSIONS
def test_the_element_that_was_verified_stays_as_it_was_in_its_envelope(version: Transport) -> None:
    content = enveloped(building(), version)
    before = etree.tostring(content.getroottree())

    assert CODEC.decode(content, version) is content
    assert CODEC.decode(content, version) is content
    assert etree.tostring(content.getroottree()) == before


@VERSIONS
def test_prefixes_that_only_text_uses_are_still_in_scope(version: Transport) -> None:
    envelope = etree.fromstring(
        f'<s:Envelope xmlns:s="{SOAP[version]}" xmlns:t="{REQUEST}" xmlns:x="http://www.w3.org/2001/XMLSchema-instance">'
        '<s:Body><t:RecommendationRequest x:type="t:RecommendationRequest"> mixed <t:case>s:K</t:case>  '
        "<!-- kept --></t:RecommendationRequest>outside</s:Body></s:Envelope>"
    )

    document = CODEC.decode(envelope[0][0], version)

    assert document is envelope[0][0]
    assert document.nsmap == {**envelope.nsmap, "t": REQUEST, "x": "http://www.w3.org/2001/XMLSchema-instance"}


@VERSIONS
def test_an_element_that_says_it_is_nil_is_handed_over_for_the_schema_to_judge(version: Transport) -> None:
    nil = enveloped(
        f'<RecommendationRequest xmlns="{REQUEST}" xmlns:x="http://www.w3.org/2001/XMLSchema-instance" x:nil="true"/>',
        version,
    )

    assert CODEC.decode(nil, version) is nil


@VERSIONS
@pytest.mark.parametrize(
    "other",
    [
        f'<RecommendationAnswer xmlns="{REQUEST}"/>',
        "<RecommendationRequest/>",
        '<RecommendationRequest xmlns="urn:simojo:dpupr:technical-recommendation:request:2.0"/>',
        f'<Fault xmlns="{SOAP[Transport.SOAP_11]}"/>',
        f'<Fault xmlns="{SOAP[Transport.SOAP_12]}"/>',
    ],
)
def test_another_element_than_the_agreed_one_is_refused(other: str, version: Transport) -> None:
    with pytest.raises(SchemaViolation) as refused:
        CODEC.decode(enveloped(other, version), version)

    assert refused.value.code == "element-not-agreed"
    assert refused.value.violations[0].path == "/*"


# --- out --------------------------------------------------------------------------------------------------------------


@VERSIONS
def test_the_whole_answer_is_the_one_child_of_the_body(version: Transport) -> None:
    envelope = CODEC.encode(acknowledgement(), version)

    (child,) = body_of(envelope, version)
    assert canonical(child, exclusive=True) == canonical(acknowledgement())
    assert envelope.find(f"{{{SOAP[version]}}}Header") is None


@VERSIONS
def test_header_blocks_stand_in_their_order_before_the_body(version: Transport) -> None:
    leaf = etree.fromstring('<sl:Leaf xmlns:sl="urn:simojo:ledger:1.0">00ff</sl:Leaf>')
    action = etree.fromstring('<w:Action xmlns:w="http://www.w3.org/2005/08/addressing">urn:a#b</w:Action>')
    before = [canonical(action), canonical(leaf)]

    envelope = CODEC.encode(acknowledgement(), version, (action, leaf))

    header, body = envelope
    assert [canonical(block, exclusive=True) for block in header] == before
    assert (etree.QName(header).localname, etree.QName(body).localname) == ("Header", "Body")


@VERSIONS
def test_an_envelope_declares_no_prefix_but_its_own(version: Transport) -> None:
    assert CODEC.encode(acknowledgement(), version).nsmap == {"soap": SOAP[version]}


@VERSIONS
def test_what_was_encoded_decodes_to_the_same(version: Transport) -> None:
    envelope = etree.fromstring(etree.tostring(CODEC.encode(building(), version)))

    (child,) = body_of(envelope, version)
    assert canonical(CODEC.decode(child, version), exclusive=True) == canonical(building())


@VERSIONS
def test_zeep_reads_the_answer(version: Transport) -> None:
    envelope = etree.fromstring(etree.tostring(CODEC.encode(acknowledgement(), version)))
    schema = Schema(
        etree.fromstring(
            f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="{ACKNOWLEDGEMENT}" '
            'elementFormDefault="qualified"><xs:element name="Acknowledgement"><xs:complexType><xs:sequence>'
            '<xs:element name="messageId" type="xs:string"/><xs:element name="receivedAt" type="xs:string"/>'
            "</xs:sequence></xs:complexType></xs:element></xs:schema>"
        )
    )
    element = schema.get_element(f"{{{ACKNOWLEDGEMENT}}}Acknowledgement")

    value = element.parse(body_of(envelope, version)[0], schema)

    assert value.messageId == "urn:uuid:1"


# --- both -------------------------------------------------------------------------------------------------------------


@VERSIONS
def test_nothing_of_a_document_is_logged(version: Transport, caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("spyne.protocol.xml").setLevel(logging.DEBUG)  # where spyne prints whole documents
    try:
        with caplog.at_level(logging.DEBUG):
            CODEC.encode(CODEC.decode(enveloped(building(), version), version), version)
            with pytest.raises(SchemaViolation):
                CODEC.decode(enveloped(acknowledgement(), version), version)
            logging.getLogger("another").debug("heard")
    finally:
        logging.getLogger("spyne.protocol.xml").setLevel(logging.NOTSET)

    # servers of other tests may log in their own threads
    ours = [record for record in caplog.records if record.name == "another" or record.name.startswith("spyne")]
    assert [record.message for record in ours] == ["heard"]


def test_many_threads_share_one_codec_and_never_see_each_others_documents() -> None:
    def exchange(number: int) -> str | None:
        version = (Transport.SOAP_11, Transport.SOAP_12)[number % 2]
        content = enveloped(building(), version)
        content[0].text = f"K-2026-{number:06}"
        decoded = CODEC.decode(content, version)
        (child,) = body_of(CODEC.encode(decoded, version), version)
        return child[0].text

    with ThreadPoolExecutor(8) as threads:
        seen = list(threads.map(exchange, range(200)))

    assert seen == [f"K-2026-{number:06}" for number in range(200)]


def test_a_codec_may_be_made_anew_for_the_same_interaction() -> None:
    again = SoapCodec(CODEC.agency, CODEC.interaction, request=CODEC.request, answer="{urn:a}b")

    content = enveloped(building(), Transport.SOAP_12)
    assert again.decode(content, Transport.SOAP_12) is content
    assert CODEC.decode(content, Transport.SOAP_12) is content


def test_two_agencies_that_agreed_the_same_element_have_a_codec_each() -> None:
    other = SoapCodec("dlh", CODEC.interaction, request=CODEC.request, answer="{urn:a}b")

    with pytest.raises(SchemaViolation, match=r"^dlh/"):
        other.decode(enveloped(acknowledgement(), Transport.SOAP_12), Transport.SOAP_12)
