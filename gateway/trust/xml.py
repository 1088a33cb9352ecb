"""The one parser for XML from outside, and the canonical form that signatures are taken over."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lxml import etree

from gateway.domain.errors import Malformed

MAX_DEPTH = 64
"""Elements inside each other that are still read; agreed documents stay below 20."""

_BOM = b"\xef\xbb\xbf"
_DECLARED_ENCODING = re.compile(rb"<\?xml[^>]*?\bencoding\s*=\s*[\"']([^\"']*)[\"']")
_READ_ENCODINGS = frozenset({b"utf-8", b"utf8", b"us-ascii", b"ascii"})
# A document type can stand in the prolog alone: after white space, comments and processing instructions. The groups
# are atomic and the repetition possessive, so that a hostile prolog costs one pass.
_DOCTYPE = re.compile(rb"(?>\s|<\?.*?\?>|<!--.*?-->)*+<!DOCTYPE", re.DOTALL)
_LIBXML_RESOURCE_LIMIT = 114


def parse_xml(data: bytes, *, max_bytes: int, max_depth: int = MAX_DEPTH) -> etree._Element:
    """Read `data` as one XML document and give its root.

    No document type, no entity, no network; UTF-8 alone. Comments and processing instructions are dropped while
    reading, so that `1<!-- -->0` is the one text `10` for everybody behind this function. Attributes that are called
    Id mean nothing to the parser: who needs identifiers looks for them.

    Raises Malformed: `body-too-large` (more than `max_bytes` bytes), `dtd-forbidden`, `xml-malformed`, `xml-too-deep`
    (more than `max_depth` elements inside each other).
    """
    if len(data) > max_bytes:
        raise Malformed(f"the document has {len(data)} bytes; at most {max_bytes} are read", code="body-too-large")
    text = data.removeprefix(_BOM)
    # Before libxml2 sees a byte: entity declarations cost time even where they are never used.
    refuse_document_type(text)
    declared = _DECLARED_ENCODING.match(text)
    if declared and declared[1].lower() not in _READ_ENCODINGS:
        raise Malformed("the document declares an encoding other than UTF-8; send UTF-8", code="xml-malformed")
    # A parser of its own for each call: lxml parsers keep state and take a lock.
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        load_dtd=False,
        dtd_validation=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        collect_ids=False,
    )
    try:
        root = etree.fromstring(text, parser)
    except etree.XMLSyntaxError as fault:
        if fault.code == _LIBXML_RESOURCE_LIMIT and "depth" in str(fault):
            raise _too_deep(max_depth) from fault
        raise Malformed(f"the document is not well-formed XML in UTF-8: {fault.msg}", code="xml-malformed") from fault
    if root.xpath("boolean(" + "/*" * (max_depth + 1) + ")"):
        raise _too_deep(max_depth)
    return root


def refuse_document_type(text: bytes) -> None:
    """Raise Malformed `dtd-forbidden` for a text that begins with a document type, or with a prolog that holds one."""
    if _DOCTYPE.match(text):
        raise Malformed("the document has a document type (DTD); send it without one", code="dtd-forbidden")


def identifiers(root: etree._Element) -> set[str]:
    """Give the value of every attribute that any tool takes for an identifier: called id, in any case and namespace."""
    values = root.xpath("//@*[translate(local-name(), 'ID', 'id') = 'id']")
    return {str(value) for value in values} if isinstance(values, list) else set()


def free_identifier(name: str, taken: set[str]) -> str:
    """Give an identifier that no element of the envelope carries yet, and take it."""
    candidate = f"sj-{name}"
    while candidate in taken:
        candidate += "-"
    taken.add(candidate)
    return candidate


def _too_deep(max_depth: int) -> Malformed:
    return Malformed(f"elements are nested deeper than {max_depth}; send a flatter document", code="xml-too-deep")


def canonical(element: etree._Element, inclusive_prefixes: Sequence[str] = ()) -> bytes:
    """Give the exclusive canonical form (W3C xml-exc-c14n, no comments) of `element` as it stands in its document.

    `inclusive_prefixes` is the PrefixList of InclusiveNamespaces, without `#default`, which lxml does not know.
    Raises Malformed `xml-malformed` for names that have no canonical form (relative namespace names).
    """
    try:
        return etree.tostring(
            element,
            method="c14n",
            exclusive=True,
            with_comments=False,
            inclusive_ns_prefixes=list(inclusive_prefixes) or None,
        )
    except etree.C14NError as fault:
        raise Malformed(
            "the document has no canonical form: a namespace name is relative; use absolute names",
            code="xml-malformed",
        ) from fault
