"""The one parser for XML from outside, and the canonical form that signatures are taken over."""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from collections.abc import Sequence
from functools import cache

from lxml import etree

from gateway.domain.errors import Malformed
from gateway.trust.interned import note_reading

MAX_DEPTH = 64
"""Elements inside each other that are still read; agreed documents stay below 20."""

MAX_NODES = 20_000
"""Tags (an element has one or two), and attributes, that are read: each costs memory many times its bytes."""

MAX_DECLARATIONS = 1_000
"""Namespace declarations that are read in all."""

MAX_ATTRIBUTES = 64
"""Attributes on one element, and MAX_NAMESPACES prefixes in scope at one place, that are still read: the canonical
form costs time in the square of either."""
MAX_NAMESPACES = 64

_BOM = b"\xef\xbb\xbf"
_DECLARED_ENCODING = re.compile(rb"<\?xml[^>]*?\bencoding\s*=\s*[\"']([^\"']*)[\"']")
_READ_ENCODINGS = frozenset({b"utf-8", b"utf8", b"us-ascii", b"ascii"})
# A document type can stand in the prolog alone: after white space, comments and processing instructions. The groups
# are atomic and the repetition possessive, so that a hostile prolog costs one pass.
_DOCTYPE = re.compile(rb"(?>\s|<\?.*?\?>|<!--.*?-->)*+<!DOCTYPE", re.DOTALL)
_LIBXML_RESOURCE_LIMIT = 114
# Compiled once. `[n]` on an attribute step is a position in its element, which libxml2 finds without counting.
_TOO_WIDE = etree.XPath(f"boolean(//*/@*[{MAX_ATTRIBUTES + 1}])")
_IDENTIFIERS = etree.XPath("//*/@*[translate(local-name(), 'ID', 'id') = 'id']")


def parse_xml(data: bytes, *, max_bytes: int, max_depth: int = MAX_DEPTH) -> etree._Element:
    """Read `data` as one XML document and give its root.

    No document type, no entity, no network; UTF-8 alone. Comments and processing instructions are dropped while
    reading, so that `1<!-- -->0` is the one text `10` for everybody behind this function. Attributes that are called
    Id mean nothing to the parser: who needs identifiers looks for them.

    Raises Malformed: `body-too-large` (more than `max_bytes` bytes), `dtd-forbidden`, `xml-malformed`, `xml-too-deep`
    (more than `max_depth` elements inside each other), `xml-too-many-nodes` (more than MAX_NODES or MAX_DECLARATIONS),
    `xml-too-wide` (more than MAX_ATTRIBUTES on an element, or MAX_NAMESPACES in scope).
    """
    if len(data) > max_bytes:
        raise Malformed(f"the document has {len(data)} bytes; at most {max_bytes} are read", code="body-too-large")
    text = data.removeprefix(_BOM)
    # Before libxml2 sees a byte: entity declarations cost time even where they are never used.
    refuse_document_type(text)
    declarations = _check_count(text)
    declared = _DECLARED_ENCODING.match(text)
    if declared and declared[1].lower() not in _READ_ENCODINGS:
        raise Malformed("the document declares an encoding other than UTF-8; send UTF-8", code="xml-malformed")
    root = _parsed(text, max_depth)
    if _deeper_than(max_depth)(root):
        raise _too_deep(max_depth)
    if _TOO_WIDE(root):
        raise _too_wide(f"an element has more than {MAX_ATTRIBUTES} attributes")
    if declarations > MAX_NAMESPACES and _is_crowded(root):
        raise _too_wide(f"more than {MAX_NAMESPACES} namespace prefixes are declared for one element")
    return root


def parse_canonical(octets: bytes) -> etree._Element:
    """Read canonical octets that were made of a document that `parse_xml` gave: its limits hold for them already.

    Raises Malformed `xml-malformed` for octets that are no document.
    """
    return _parsed(octets, MAX_DEPTH)


def _parsed(text: bytes, max_depth: int) -> etree._Element:
    note_reading(len(text))
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
        return etree.fromstring(text, parser)
    except etree.XMLSyntaxError as fault:
        if fault.code == _LIBXML_RESOURCE_LIMIT and "depth" in str(fault):
            raise _too_deep(max_depth) from fault
        said = _one_line(fault.msg)
        raise Malformed(f"the document is not well-formed XML in UTF-8: {said}", code="xml-malformed") from fault


@cache
def _deeper_than(depth: int) -> etree.XPath:
    return etree.XPath("boolean(" + "/*" * (depth + 1) + ")")


def _one_line(message: str) -> str:
    """A message of libxml2 without its line feeds, and without what came and cannot be shown."""
    return "".join(each if each.isprintable() else "?" for each in " ".join(message.split()))


def refuse_document_type(text: bytes) -> None:
    """Raise Malformed `dtd-forbidden` for a text that begins with a document type, or with a prolog that holds one."""
    if _DOCTYPE.match(text):
        raise Malformed("the document has a document type (DTD); send it without one", code="dtd-forbidden")


def identifiers(root: etree._Element) -> Sequence[etree._ElementUnicodeResult]:
    """Give every attribute that any tool takes for an identifier: called id, in any case and namespace."""
    found: Sequence[etree._ElementUnicodeResult] = _IDENTIFIERS(root)
    return found


def free_identifier(name: str, taken: set[str]) -> str:
    """Give an identifier that no element of the envelope carries yet, and take it."""
    candidate = f"sj-{name}"
    while candidate in taken:
        candidate += "-"
    taken.add(candidate)
    return candidate


def _check_count(text: bytes) -> int:
    """Count what costs before anything is built. Text that merely looks like it counts too; no agreed one does so.

    Gives the number of namespace declarations.
    """
    short = len(text) <= MAX_NODES  # it cannot hold more of either
    declarations = text.count(b"xmlns")
    for what, count, most in (
        ("tags", 0 if short else text.count(b"<"), MAX_NODES),
        ("attributes", 0 if short else text.count(b"="), MAX_NODES),
        ("namespace declarations", declarations, MAX_DECLARATIONS),
    ):
        if count > most:
            raise Malformed(
                f"the document has {count} {what}; at most {most} are read, send it in parts", code="xml-too-many-nodes"
            )
    return declarations


def _is_crowded(root: etree._Element) -> bool:
    """Say whether more than MAX_NAMESPACES declarations are in scope anywhere."""
    in_scope = 0
    for event, _ in etree.iterwalk(root, events=("start-ns", "end-ns")):
        in_scope += 1 if event == "start-ns" else -1
        if in_scope > MAX_NAMESPACES:
            return True
    return False


def _too_wide(text: str) -> Malformed:
    return Malformed(f"{text}; send a plainer document", code="xml-too-wide")


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


def base64_of(element: etree._Element) -> bytes:
    """Read the text of an element as base64 with line breaks; empty when it is none."""
    try:
        return b64decode("".join((element.text or "").split()), validate=True)
    except (binascii.Error, ValueError):
        return b""
