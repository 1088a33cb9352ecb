"""SOAP envelopes: opened strictly, so that every later step sees one Header, one Body and one document; and built.

An envelope that is open is not verified. What it says may be used to find out who claims to have sent it; what it
means is read from `gateway.trust.wss.VerifiedEnvelope` alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lxml import etree

from gateway.contract.message import Transport
from gateway.domain.errors import Malformed
from gateway.trust import names
from gateway.trust.xml import identifiers, parse_xml

_ADDRESSING = (names.MESSAGE_ID, names.RELATES_TO, names.TO, names.ACTION)
_UNDERSTOOD = frozenset({*_ADDRESSING, f"{{{names.WSA}}}From", names.SECURITY, names.LEAF})
_REPLY_ADDRESSES = frozenset({f"{{{names.WSA}}}ReplyTo", f"{{{names.WSA}}}FaultTo"})
_TRUE = frozenset({"1", "true"})
_XML_ID = "{http://www.w3.org/XML/1998/namespace}id"
_RESOLVED = frozenset({"Id", names.WSU_ID, _XML_ID})
"""The identifiers that XML signatures resolve."""
_MULTI_REFERENCE = etree.XPath(
    "boolean(//*/@href) or boolean(//*/@enc:ref)", namespaces={"enc": names.SOAP_12_ENCODING}
)


@dataclass(frozen=True, kw_only=True)
class Envelope:
    """A well-shaped SOAP envelope, not verified.

    `content` is the one child of Body: the business document, or a SOAP Fault. The four addressing properties are
    the text of the WS-Addressing 2005/08 blocks, None where the sender gave none. `identifiers` are all attributes
    that any tool takes for an identifier.
    """

    root: etree._Element
    version: Transport
    header: etree._Element | None
    body: etree._Element
    content: etree._Element
    message_id: str | None
    relates_to: str | None
    to: str | None
    action: str | None
    identifiers: Sequence[etree._ElementUnicodeResult]

    @property
    def is_fault(self) -> bool:
        """True when the content is a SOAP Fault of the envelope's own version."""
        return self.content.tag == f"{{{names.SOAP_OF[self.version]}}}Fault"


def open_envelope(data: bytes, *, max_bytes: int) -> Envelope:
    """Read `data` as a SOAP 1.1 or 1.2 envelope with at most one Header and one Body that has exactly one child.

    Raises Malformed: what `parse_xml` raises, `envelope-invalid` (shape, references between elements by `href`, an
    addressing block that is there twice or empty), `id-duplicated`, `must-understand` (a header block that we must
    understand and do not).
    """
    root = parse_xml(data, max_bytes=max_bytes)
    version = names.VERSION_OF.get(names.namespace_of(root))
    if version is None or etree.QName(root).localname != "Envelope":
        raise _invalid("the document is not a SOAP 1.1 or 1.2 envelope")
    header, body = _parts(root, names.SOAP_OF[version])
    if len(body) != 1:
        raise _invalid(f"the Body has {len(body)} children; the agreed document is exactly one")
    _refuse_multi_reference(root)
    found = identifiers(root)
    _refuse_duplicate_ids(found)
    if header is not None:
        _refuse_not_understood(header, names.SOAP_OF[version])
    addressing = {name: addressing_text(header, name) for name in _ADDRESSING}
    return Envelope(
        root=root,
        version=version,
        header=header,
        body=body,
        content=body[0],
        message_id=addressing[names.MESSAGE_ID],
        relates_to=addressing[names.RELATES_TO],
        to=addressing[names.TO],
        action=addressing[names.ACTION],
        identifiers=found,
    )


def _parts(root: etree._Element, soap: str) -> tuple[etree._Element | None, etree._Element]:
    """Give Header (or None) and Body: the only children of Envelope, in this order."""
    children = list(root)
    header = children.pop(0) if children and children[0].tag == f"{{{soap}}}Header" else None
    if len(children) != 1 or children[0].tag != f"{{{soap}}}Body":
        raise _invalid("an Envelope holds at most one Header, then exactly one Body, and nothing else")
    return header, children[0]


def _refuse_multi_reference(root: etree._Element) -> None:
    """Refuse SOAP encoding's references: two readers resolve them to different documents."""
    if _MULTI_REFERENCE(root):
        raise _invalid("an element refers to another by href; send document/literal, each value in its place")


def _refuse_duplicate_ids(found: Sequence[etree._ElementUnicodeResult]) -> None:
    """Refuse two equal identifiers of the kinds that XML signatures resolve (wsu:Id, xml:id, Id)."""
    values = [str(each) for each in found if each.attrname in _RESOLVED]
    if len(set(values)) < len(values):
        raise Malformed("two elements carry the same identifier; give each its own", code="id-duplicated")


def _refuse_not_understood(header: etree._Element, soap: str) -> None:
    for block in header:
        must = block.get(f"{{{soap}}}mustUnderstand", "").strip() in _TRUE
        if must and names.is_for_us(block) and not _is_understood(block):
            name = etree.QName(block)
            raise Malformed(
                f"the header block {name.localname} of {name.namespace or 'no namespace'} must be understood and is "
                "not part of the agreement; leave it out",
                code="must-understand",
            )


def _is_understood(block: etree._Element) -> bool:
    if block.tag in _REPLY_ADDRESSES:
        # An answer goes back on the same connection; any other address is a promise that we would not keep.
        return (block.findtext(f"{{{names.WSA}}}Address") or "").strip() == names.WSA_ANONYMOUS
    return block.tag in _UNDERSTOOD


def addressing_text(header: etree._Element | None, name: str) -> str | None:
    """Give the text of the one addressing block `name` in Header, or None. Raises Malformed `envelope-invalid`."""
    blocks = [] if header is None else header.findall(name)
    if not blocks:
        return None
    text = (blocks[0].text or "").strip()
    if len(blocks) > 1 or len(blocks[0]) or not text:
        raise _invalid(f"the addressing block {etree.QName(name).localname} stands once, with text")
    return text


def _invalid(text: str) -> Malformed:
    return Malformed(text, code="envelope-invalid")


def build_envelope(
    content: etree._Element,
    *,
    version: Transport,
    action: str,
    message_id: str,
    to: str,
    relates_to: str | None = None,
    headers: Sequence[etree._Element] = (),
) -> etree._Element:
    """Make an unsigned envelope around `content`: the four addressing blocks, then `headers`, then the Body.

    `content` and `headers` become part of the envelope (lxml moves elements; give copies to keep the originals).
    Raises ValueError when `version` is not a SOAP version.
    """
    if version not in names.SOAP_OF:
        raise ValueError("an envelope is SOAP 1.1 or SOAP 1.2")
    soap = names.SOAP_OF[version]
    root = etree.Element(f"{{{soap}}}Envelope", nsmap={"soap": soap, "wsa": names.WSA, "wsu": names.WSU})
    header = etree.SubElement(root, f"{{{soap}}}Header")
    blocks = {names.MESSAGE_ID: message_id, names.RELATES_TO: relates_to, names.TO: to, names.ACTION: action}
    for name, text in blocks.items():
        if text is not None:
            etree.SubElement(header, name).text = text
    header.extend(headers)
    etree.SubElement(root, f"{{{soap}}}Body").append(content)
    return root
