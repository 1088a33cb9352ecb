"""A fault tells a program the stable code, the clause and every violation, and a person the reason."""

from __future__ import annotations

import pytest
from lxml import etree
from lxml.etree import _Element
from zeep import Settings
from zeep.exceptions import Fault
from zeep.wsdl.bindings.soap import Soap11Binding, Soap12Binding

from gateway.contract.message import Transport
from gateway.domain.errors import (
    GatewayError,
    HubBusy,
    LedgerBroken,
    MappingFault,
    Misconfigured,
    SchemaViolation,
    Unauthenticated,
    Violation,
)
from gateway.edge.soap.codec import SoapCodec
from gateway.edge.soap.fault import FAULT_NAMESPACE, MEDIA_TYPE, fault_envelope, fault_of, fault_status

SJ = {"sj": "urn:simojo:fault:1.0", "s": "http://www.w3.org/2003/05/soap-envelope"}
VIOLATIONS = (
    Violation(path="/*/case", rule="minLength", text="at least 1 character"),
    Violation(path="/*/service", rule="enumeration", text="krk or pbg"),
)
VERSIONS = pytest.mark.parametrize("version", [Transport.SOAP_11, Transport.SOAP_12])


def schema_fault(version: Transport, *, sender: bool = True) -> _Element:
    envelope = fault_envelope(
        version,
        code="schema-violation",
        text="Two members break the agreed schema; correct them.",
        clause="Pasal 21(2)c.3",
        violations=VIOLATIONS,
        sender=sender,
    )
    return etree.fromstring(etree.tostring(envelope))


def test_soap_12_names_the_code_as_a_qualified_subcode_whose_prefix_resolves() -> None:
    envelope = schema_fault(Transport.SOAP_12)

    (value,) = envelope.iterfind(".//s:Subcode/s:Value", SJ)
    prefix, _, local = (value.text or "").partition(":")
    assert (value.nsmap[prefix], local) == (FAULT_NAMESPACE, "schema-violation")
    assert envelope.findtext(".//s:Code/s:Value", namespaces=SJ) == "soap:Sender"
    assert value.nsmap["soap"] == SJ["s"]


def test_soap_12_says_why_in_english_and_in_indonesian_once_each() -> None:
    envelope = schema_fault(Transport.SOAP_12)

    reasons = {text.get("{http://www.w3.org/XML/1998/namespace}lang"): text.text for text in envelope.iter("{*}Text")}
    assert reasons == {
        "en": "Two members break the agreed schema; correct them.",
        "id": "Melanggar skema yang disepakati",
    }


def test_soap_12_has_its_parts_in_the_order_of_the_standard_and_no_role() -> None:
    (fault,) = schema_fault(Transport.SOAP_12).iter("{*}Fault")

    assert [etree.QName(part).localname for part in fault] == ["Code", "Reason", "Detail"]


def test_soap_11_has_unqualified_parts_and_no_empty_actor() -> None:
    (fault,) = schema_fault(Transport.SOAP_11).iter("{*}Fault")

    assert [part.tag for part in fault] == ["faultcode", "faultstring", "detail"]
    assert fault.findtext("faultcode") == "soap:Client"
    assert fault.findtext("faultstring") == "Two members break the agreed schema; correct them."


@pytest.mark.parametrize(
    ("version", "code"), [(Transport.SOAP_11, "soap:Server"), (Transport.SOAP_12, "soap:Receiver")]
)
def test_a_fault_of_the_hub_is_not_laid_on_the_sender(version: Transport, code: str) -> None:
    envelope = schema_fault(version, sender=False)

    assert code in [element.text for element in envelope.iter()]


@VERSIONS
def test_the_detail_carries_code_clause_and_every_violation(version: Transport) -> None:
    (described,) = schema_fault(version).iterfind(".//sj:fault", SJ)

    assert described.findtext("sj:code", namespaces=SJ) == "schema-violation"
    assert described.findtext("sj:clause", namespaces=SJ) == "Pasal 21(2)c.3"
    assert [(each.get("path"), each.get("rule"), each.text) for each in described.iterfind("sj:violation", SJ)] == [
        (violation.path, violation.rule, violation.text) for violation in VIOLATIONS
    ]


@VERSIONS
def test_a_fault_without_a_clause_has_no_empty_element_for_it(version: Transport) -> None:
    envelope = fault_of(HubBusy("The store is full; send it again in a minute."), version)

    (described,) = envelope.iterfind(".//sj:fault", SJ)
    assert [etree.QName(part).localname for part in described] == ["code"]


@VERSIONS
def test_text_that_xml_cannot_hold_is_replaced_and_the_fault_still_parses(version: Transport) -> None:
    envelope = fault_of(SchemaViolation("name \x00 and \ud800 and \uffff, but é, \U0001f600 and\ttab"), version)

    said = etree.fromstring(etree.tostring(envelope)).xpath("string(//*[contains(text(), 'name')])")
    assert said == "name � and � and �, but é, 😀 and\ttab"


@VERSIONS
@pytest.mark.parametrize("error", [Misconfigured("key file /etc/hub.key"), LedgerBroken("leaf 7 differs")])
def test_what_only_the_operator_can_mend_is_not_told_outside(error: GatewayError, version: Transport) -> None:
    told = etree.tostring(fault_of(error, version)).decode()

    assert error.text not in told
    assert error.code in told


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (SchemaViolation("x"), "soap:Sender"),
        (Unauthenticated("x"), "soap:Sender"),
        (MappingFault("x"), "soap:Receiver"),
        (HubBusy("x"), "soap:Receiver"),
        (Misconfigured("x"), "soap:Receiver"),
    ],
)
def test_whose_fault_it_is_follows_from_the_kind_of_error(error: GatewayError, code: str) -> None:
    envelope = fault_of(error, Transport.SOAP_12)

    assert envelope.findtext(".//s:Code/s:Value", namespaces=SJ) == code
    assert envelope.findtext(".//s:Subcode/s:Value", namespaces=SJ) == f"sj:{error.code}"


@pytest.mark.parametrize(
    ("version", "binding"), [(Transport.SOAP_11, Soap11Binding), (Transport.SOAP_12, Soap12Binding)]
)
def test_zeep_reads_the_fault(version: Transport, binding: type) -> None:
    class Wsdl:
        settings = Settings(strict=True, forbid_dtd=True, forbid_external=True)

        class types:  # noqa: N801 - zeep's own attribute name
            prefix_map: dict[str, str] = {}  # noqa: RUF012 - read only, by zeep

    reader = binding(Wsdl, "{urn:a}b", "p", None, "document")

    with pytest.raises(Fault) as raised:
        reader.process_error(schema_fault(version), None)

    assert "Two members break" in raised.value.message
    assert raised.value.detail.findtext("sj:fault/sj:code", namespaces=SJ) == "schema-violation"


@VERSIONS
def test_the_codec_gives_the_same_fault(version: Transport) -> None:
    codec = SoapCodec("dpupr", "technical-recommendation", request="{urn:a}a", answer="{urn:b}b")

    envelope = codec.fault(
        version,
        code="schema-violation",
        text="Two members break the agreed schema; correct them.",
        clause="Pasal 21(2)c.3",
        violations=VIOLATIONS,
        sender=True,
    )

    assert etree.tostring(envelope) == etree.tostring(schema_fault(version))


def test_a_sender_fault_is_400_in_soap_12_alone() -> None:
    assert fault_status(Transport.SOAP_12, sender=True) == 400
    assert fault_status(Transport.SOAP_12, sender=False) == 500
    assert fault_status(Transport.SOAP_11, sender=True) == 500
    assert fault_status(Transport.SOAP_11, sender=False) == 500


def test_each_version_has_its_own_media_type() -> None:
    assert MEDIA_TYPE == {Transport.SOAP_11: "text/xml", Transport.SOAP_12: "application/soap+xml"}
