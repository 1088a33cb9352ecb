"""SOAP faults that a program can act on and a person can read.

SOAP 1.2 (Part 1 section 5.4): Code Sender or Receiver with the stable code as its Subcode, a QName in
`urn:simojo:fault:1.0` with the prefix `sj`; the reason in English and in Indonesian; no Role, since the fault comes
from the ultimate receiver. SOAP 1.1 (section 4.4): faultcode Client or Server. In both the detail holds

    <sj:fault xmlns:sj="urn:simojo:fault:1.0">
      <sj:code>schema-violation</sj:code>
      <sj:clause>Pasal 21(2)c.3</sj:clause>                                        where one is broken
      <sj:violation path="/*/case" rule="minLength">at least 1 character</sj:violation>   one for each
    </sj:fault>
"""

from __future__ import annotations

from collections.abc import Sequence

from lxml import etree
from lxml.etree import _Element

from gateway.contract.message import Transport
from gateway.domain.errors import GatewayError, Refused, Violation
from gateway.domain.titles import Language, Title, title_of, title_of_code
from gateway.edge.http import public_text
from gateway.trust.names import SOAP_OF

FAULT_NAMESPACE = "urn:simojo:fault:1.0"
"""The namespace of the subcodes and of the detail."""

_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"

MEDIA_TYPE = {Transport.SOAP_11: "text/xml", Transport.SOAP_12: "application/soap+xml"}
"""What an Envelope is sent as, by SOAP version; always with charset=utf-8."""


def fault_status(version: Transport, *, sender: bool) -> int:
    """The HTTP status of a fault: SOAP 1.2 Part 2 section 7.5.2.2 gives Sender 400; SOAP 1.1 section 6.2 knows 500."""
    return 400 if sender and version is Transport.SOAP_12 else 500


def fault_envelope(
    version: Transport,
    *,
    code: str,
    text: str,
    clause: str,
    violations: Sequence[Violation],
    sender: bool,
    title: Title | None = None,
) -> _Element:
    """Build the Envelope with the Fault. `sender`: the sender must change something; else it may send the same again.

    `title` is what the error is called; None: what the code alone tells. `version` is one of the two SOAP transports
    (KeyError otherwise). Not signed.
    """
    soap = SOAP_OF[version]
    # The prefixes stand on the Envelope: Value and faultcode name them in text, where no serializer would look.
    envelope = etree.Element(f"{{{soap}}}Envelope", nsmap={"soap": soap, "sj": FAULT_NAMESPACE})
    body = etree.SubElement(envelope, f"{{{soap}}}Body")
    fault = etree.SubElement(body, f"{{{soap}}}Fault")
    if version is Transport.SOAP_11:
        etree.SubElement(fault, "faultcode").text = "soap:Client" if sender else "soap:Server"
        etree.SubElement(fault, "faultstring").text = _xml_text(text)
        detail = etree.SubElement(fault, "detail")
    else:
        fault_code = etree.SubElement(fault, f"{{{soap}}}Code")
        etree.SubElement(fault_code, f"{{{soap}}}Value").text = "soap:Sender" if sender else "soap:Receiver"
        subcode = etree.SubElement(fault_code, f"{{{soap}}}Subcode")
        etree.SubElement(subcode, f"{{{soap}}}Value").text = f"sj:{code}"
        reason = etree.SubElement(fault, f"{{{soap}}}Reason")
        called = title or title_of_code(code, sender=sender)
        for language, said in ((Language.ENGLISH, text), (Language.INDONESIAN, called.indonesian)):
            etree.SubElement(reason, f"{{{soap}}}Text", {_XML_LANG: language.value}).text = _xml_text(said)
        detail = etree.SubElement(fault, f"{{{soap}}}Detail")
    _describe(detail, code, clause, violations)
    return envelope


def fault_of(error: GatewayError, version: Transport) -> _Element:
    """The fault of an error, as `fault_envelope` builds it: what is Refused is the sender's to change.

    What only an operator can mend (settings, evidence) is named by its title alone: its text is for the hub's log.
    """
    sender = isinstance(error, Refused)
    return fault_envelope(
        version,
        code=error.code,
        text=public_text(error),
        clause=error.clause,
        violations=error.violations,
        sender=sender,
        title=title_of(error),
    )


def _describe(detail: _Element, code: str, clause: str, violations: Sequence[Violation]) -> None:
    described = etree.SubElement(detail, f"{{{FAULT_NAMESPACE}}}fault")
    etree.SubElement(described, f"{{{FAULT_NAMESPACE}}}code").text = code
    if clause:
        etree.SubElement(described, f"{{{FAULT_NAMESPACE}}}clause").text = _xml_text(clause)
    for violation in violations:
        place = {"path": _xml_text(violation.path), "rule": _xml_text(violation.rule)}
        etree.SubElement(described, f"{{{FAULT_NAMESPACE}}}violation", place).text = _xml_text(violation.text)


def _xml_text(text: str) -> str:
    """Put U+FFFD for characters that XML 1.0 cannot hold: an error may quote what it refused."""
    return "".join(each if _in_xml(ord(each)) else "\ufffd" for each in text)


def _in_xml(point: int) -> bool:
    """XML 1.0 section 2.2, production Char."""
    return point in {0x9, 0xA, 0xD} or 0x20 <= point <= 0xD7FF or 0xE000 <= point <= 0xFFFD or point >= 0x10000
