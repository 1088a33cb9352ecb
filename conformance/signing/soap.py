"""SOAP 1.1 and 1.2 envelopes with WS-Addressing, faults and the acknowledgement document.

Action is `<namespace>#<local name>` of the Body's one child. Everything from outside goes through `parse`: no DTD,
no entities, no network, bounded size and depth.
"""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime

from lxml import etree

from gateway.domain.errors import Malformed, Violation

SOAP_11 = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP_12 = "http://www.w3.org/2003/05/soap-envelope"
WSA = "http://www.w3.org/2005/08/addressing"
ANONYMOUS = f"{WSA}/anonymous"
FAULT_ACTION = f"{WSA}/fault"
SJ_FAULT = "urn:simojo:fault:1.0"
LEAF = "{urn:simojo:ledger:1.0}Leaf"
ACKNOWLEDGEMENT = "urn:simojo:acknowledgement:1.0"
CONTENT_TYPES = {SOAP_11: "text/xml; charset=utf-8", SOAP_12: "application/soap+xml; charset=utf-8"}
MAX_BYTES = 5 * 1024 * 1024
MAX_DEPTH = 100

_XML = "http://www.w3.org/XML/1998/namespace"


@dataclass(frozen=True, kw_only=True)
class Addressing:
    """The WS-Addressing headers of one message; `relates_to` is the MessageID that it answers."""

    message_id: str
    to: str
    action: str
    relates_to: str | None = None


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A SOAP fault as the hub's profile shapes it. `sender` tells whether the sender has to change something."""

    code: str
    text: str
    sender: bool = True
    clause: str = ""
    violations: tuple[Violation, ...] = ()


def parse(data: bytes) -> etree._Element:
    """Parse XML from outside. Raises Malformed when it is too large or deep, not XML, or has a document type."""
    if len(data) > MAX_BYTES:
        raise Malformed(f"the document has {len(data)} bytes; at most {MAX_BYTES} are read", code="too-large")
    # comments are not signed (canonical form leaves them out) and would cut a text in two: they go at the door
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True)
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as fault:
        raise Malformed(f"not well-formed XML: {fault}", code="malformed-xml") from fault
    if root.getroottree().docinfo.internalDTD is not None:
        raise Malformed("a document type declaration is not allowed: leave it out", code="doctype-forbidden")
    if any(sum(1 for _ in node.iterancestors()) > MAX_DEPTH for node in root.iter() if len(node) == 0):
        raise Malformed(f"the document is nested deeper than {MAX_DEPTH}", code="too-deep")
    return root


def action_of(document: etree._Element) -> str:
    """Name the action of a business document: its namespace, a hash sign, its local name."""
    name = etree.QName(document)
    return f"{name.namespace}#{name.localname}"


def envelope(
    document: etree._Element,
    addressing: Addressing,
    *,
    soap: str = SOAP_12,
    blocks: Iterable[etree._Element] = (),
) -> etree._Element:
    """Build an unsigned envelope around a copy of `document`, with further header `blocks` behind the addressing."""
    root = etree.Element(f"{{{soap}}}Envelope", nsmap={"soap": soap})
    header = etree.SubElement(root, f"{{{soap}}}Header")
    address(header, addressing)
    header.extend(blocks)
    etree.SubElement(root, f"{{{soap}}}Body").append(deepcopy(document))
    return root


def address(header: etree._Element, addressing: Addressing) -> None:
    """Put the WS-Addressing headers into a Header, in the place of any that are there."""
    for old in header.findall(f"{{{WSA}}}*"):
        header.remove(old)
    members = (
        ("MessageID", addressing.message_id),
        ("To", addressing.to),
        ("Action", addressing.action),
        ("RelatesTo", addressing.relates_to),
    )
    for name, value in members:
        if value is not None:
            etree.SubElement(header, f"{{{WSA}}}{name}", nsmap={"wsa": WSA}).text = value


def acknowledgement(message_id: str, received_at: datetime, exchange: str) -> etree._Element:
    """Build the acknowledgement of a message."""
    root = etree.Element(f"{{{ACKNOWLEDGEMENT}}}Acknowledgement", nsmap={None: ACKNOWLEDGEMENT})
    for name, value in (("messageId", message_id), ("receivedAt", received_at.isoformat()), ("exchange", exchange)):
        etree.SubElement(root, f"{{{ACKNOWLEDGEMENT}}}{name}").text = value
    return root


def acknowledged_id(document: etree._Element) -> str | None:
    """Give the message id that an acknowledgement names; None when the document is no acknowledgement."""
    if document.tag != f"{{{ACKNOWLEDGEMENT}}}Acknowledgement":
        return None
    return (document.findtext(f"{{{ACKNOWLEDGEMENT}}}messageId") or "").strip()


def fault_document(fault: Fault, *, soap: str = SOAP_12) -> etree._Element:
    """Build a Fault element, code, clause and violations in its detail; of SOAP 1.2 with a prefixed subcode as well."""
    if soap == SOAP_11:
        return _fault_11(fault)
    names = {"soap": SOAP_12, "sj": SJ_FAULT}
    root = etree.Element(f"{{{SOAP_12}}}Fault", nsmap=names)
    code = etree.SubElement(root, f"{{{SOAP_12}}}Code")
    etree.SubElement(code, f"{{{SOAP_12}}}Value").text = "soap:Sender" if fault.sender else "soap:Receiver"
    subcode = etree.SubElement(code, f"{{{SOAP_12}}}Subcode")
    etree.SubElement(subcode, f"{{{SOAP_12}}}Value").text = f"sj:{fault.code}"
    reason = etree.SubElement(root, f"{{{SOAP_12}}}Reason")
    text = etree.SubElement(reason, f"{{{SOAP_12}}}Text", {f"{{{_XML}}}lang": "en"})
    text.text = fault.text
    _detail(etree.SubElement(root, f"{{{SOAP_12}}}Detail"), fault)
    return root


def _fault_11(fault: Fault) -> etree._Element:
    """The children of a SOAP 1.1 Fault have no namespace (section 4.4)."""
    root = etree.Element(f"{{{SOAP_11}}}Fault", nsmap={"soap": SOAP_11, "sj": SJ_FAULT})
    etree.SubElement(root, "faultcode").text = "soap:Client" if fault.sender else "soap:Server"
    etree.SubElement(root, "faultstring").text = fault.text
    _detail(etree.SubElement(root, "detail"), fault)
    return root


def _detail(holder: etree._Element, fault: Fault) -> None:
    detail = etree.SubElement(holder, f"{{{SJ_FAULT}}}fault")
    etree.SubElement(detail, f"{{{SJ_FAULT}}}code").text = fault.code
    etree.SubElement(detail, f"{{{SJ_FAULT}}}clause").text = fault.clause
    for each in fault.violations:
        row = etree.SubElement(detail, f"{{{SJ_FAULT}}}violation", path=each.path, rule=each.rule)
        row.text = each.text


def read_fault(document: etree._Element) -> Fault | None:
    """Read the Fault in a Body's child, of either SOAP version; None when it is a business document."""
    name = etree.QName(document)
    if name.localname != "Fault" or name.namespace not in CONTENT_TYPES:
        return None
    subcode = (document.findtext(f".//{{{SOAP_12}}}Subcode/{{{SOAP_12}}}Value") or "").rpartition(":")[2]
    value = document.findtext(f"{{{SOAP_12}}}Code/{{{SOAP_12}}}Value") or document.findtext("faultcode") or ""
    return Fault(
        code=document.findtext(f".//{{{SJ_FAULT}}}code") or subcode.strip(),
        text=document.findtext(f".//{{{SOAP_12}}}Text") or document.findtext("faultstring") or "",
        sender=value.strip().endswith((":Sender", ":Client")),
        clause=document.findtext(f".//{{{SJ_FAULT}}}clause") or "",
        violations=tuple(
            Violation(path=row.get("path", ""), rule=row.get("rule", ""), text=row.text or "")
            for row in document.iter(f"{{{SJ_FAULT}}}violation")
        ),
    )


def body_child(data: bytes) -> etree._Element:
    """Give the first child of the Body of an envelope that nobody verified. Raises Malformed when there is none."""
    root = parse(data)
    for soap in CONTENT_TYPES:
        for body in root.findall(f"{{{soap}}}Body"):
            if len(body):
                return body[0]
    raise Malformed("the answer is no SOAP envelope with something in its Body", code="malformed-envelope")
