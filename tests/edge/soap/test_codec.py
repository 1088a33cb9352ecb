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
from gateway.edge.soap.document import whole_copy

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
    alone = whole_copy(element)  # canonical form of the element, not of what follows it
    return etree.tostring(alone, method="c14n", exclusive=exclusive)


def body_of(envelope: _Element, version: Transport) -> list[_Element]:
    (body,) = envelope.findall(f"{{{SOAP[version]}}}Body")
    return list(body)


# --- in ---------------------------------------------------------------------------------------------------------------


@VERSIONS
def test_the_whole_verified_element_comes_out_unchanged(version: Transport) -> None:
    content = building()

    document = CODEC.decode(content, version)

    assert canonical(document) == canonical(building())
    assert document.getparent() is None


@VERSIONS
def test_the_element_that_was_verified_stays_as_it_was_in_its_envelope(version: Transport) -> None:
    envelope = etree.fromstring(
        f'<s:Envelope xmlns:s="{SOAP[version]}"><s:Body>{etree.tostring(building()).decode()}</s:Body></s:Envelope>'
    )
    before = etree.tostring(envelope)

    document = CODEC.decode(envelope[0][0], version)

    assert etree.tostring(envelope) == before
    assert document is not envelope[0][0]


@VERSIONS
def test_prefixes_that_only_text_uses_are_still_in_scope(version: Transport) -> None:
    envelope = etree.fromstring(
        f'<s:Envelope xmlns:s="{SOAP[version]}" xmlns:t="{REQUEST}" xmlns:x="http://www.w3.org/2001/XMLSchema-instance">'
        '<s:Body><t:RecommendationRequest x:type="t:RecommendationRequest"> mixed <t:case>s:K</t:case>  '
        "<!-- kept --></t:RecommendationRequest>outside</s:Body></s:Envelope>"
    )

    document = CODEC.decode(envelope[0][0], version)

    assert canonical(document, exclusive=True) == canonical(envelope[0][0], exclusive=True)
    assert document.nsmap == {"t": REQUEST, "x": "http://www.w3.org/2001/XMLSchema-instance"}
    assert document.tail is None


@VERSIONS
def test_an_element_that_says_it_is_nil_is_handed_over_for_the_schema_to_judge(version: Transport) -> None:
    nil = etree.fromstring(
        f'<RecommendationRequest xmlns="{REQUEST}" xmlns:x="http://www.w3.org/2001/XMLSchema-instance" x:nil="true"/>'
    )

    assert canonical(CODEC.decode(nil, version)) == canonical(nil)


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
        CODEC.decode(etree.fromstring(other), version)

    assert refused.value.code == "element-not-agreed"
    assert refused.value.violations[0].path == "/*"


# --- out --------------------------------------------------------------------------------------------------------------


@VERSIONS
def test_the_whole_answer_is_the_one_child_of_the_body(version: Transport) -> None:
    answer = acknowledgement()

    envelope = CODEC.encode(answer, version)

    (child,) = body_of(envelope, version)
    assert canonical(child, exclusive=True) == canonical(acknowledgement())
    assert envelope.find(f"{{{SOAP[version]}}}Header") is None
    assert answer.getparent() is None


@VERSIONS
def test_header_blocks_stand_in_their_order_before_the_body(version: Transport) -> None:
    leaf = etree.fromstring('<sl:Leaf xmlns:sl="urn:simojo:ledger:1.0">00ff</sl:Leaf>')
    action = etree.fromstring('<w:Action xmlns:w="http://www.w3.org/2005/08/addressing">urn:a#b</w:Action>')

    envelope = CODEC.encode(acknowledgement(), version, (action, leaf))

    header, body = envelope
    assert [canonical(block, exclusive=True) for block in header] == [canonical(action), canonical(leaf)]
    assert (etree.QName(header).localname, etree.QName(body).localname) == ("Header", "Body")
    assert leaf.getparent() is None


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
            CODEC.encode(CODEC.decode(building(), version), version)
            with pytest.raises(SchemaViolation):
                CODEC.decode(acknowledgement(), version)
            logging.getLogger("another").debug("heard")
    finally:
        logging.getLogger("spyne.protocol.xml").setLevel(logging.NOTSET)

    # servers of other tests may log in their own threads
    ours = [record for record in caplog.records if record.name == "another" or record.name.startswith("spyne")]
    assert [record.message for record in ours] == ["heard"]


def test_many_threads_share_one_codec_and_never_see_each_others_documents() -> None:
    def exchange(number: int) -> str | None:
        version = (Transport.SOAP_11, Transport.SOAP_12)[number % 2]
        content = building()
        content[0].text = f"K-2026-{number:06}"
        decoded = CODEC.decode(content, version)
        (child,) = body_of(CODEC.encode(decoded, version), version)
        return child[0].text

    with ThreadPoolExecutor(8) as threads:
        seen = list(threads.map(exchange, range(200)))

    assert seen == [f"K-2026-{number:06}" for number in range(200)]


def test_a_codec_may_be_made_anew_for_the_same_interaction() -> None:
    again = SoapCodec(CODEC.agency, CODEC.interaction, request=CODEC.request, answer="{urn:a}b")

    assert canonical(again.decode(building(), Transport.SOAP_12)) == canonical(building())
    assert canonical(CODEC.decode(building(), Transport.SOAP_12)) == canonical(building())


def test_two_agencies_that_agreed_the_same_element_have_a_codec_each() -> None:
    other = SoapCodec("dlh", CODEC.interaction, request=CODEC.request, answer="{urn:a}b")

    with pytest.raises(SchemaViolation, match=r"^dlh/"):
        other.decode(acknowledgement(), Transport.SOAP_12)


def test_a_whole_copy_carries_nothing_that_follows_the_element() -> None:
    outside = etree.fromstring("<o><i a='1'>text<j/>between</i>after</o>")

    assert etree.tostring(whole_copy(outside[0])) == b'<i a="1">text<j/>between</i>'
