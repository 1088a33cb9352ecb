"""One element of a message that is digested, and how it can be written: in a canonical form, or elsewhere in a tree."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Final

from lxml import etree

from gateway.trust import names
from gateway.trust.xml import canonical

_INCLUSIVE: Final = ("http://www.w3.org/TR/2001/REC-xml-c14n-20010315", "http://www.w3.org/2006/12/xml-c14n11")
_WITH_COMMENTS: Final = "WithComments"
_SECURITY_NAMESPACES: Final = frozenset({names.WSSE, names.WSU, names.DS})
_Namespaces = Mapping[str | None, str]


@dataclass(frozen=True, kw_only=True)
class Part:
    """One element that is digested: in the tree that the hub reads, in one that kept comments, and in the bytes.

    `form` is the canonical form that the message names for it, `prefixes` its PrefixList.
    """

    element: etree._Element
    kept: etree._Element | None
    data: bytes
    form: str = names.EXCLUSIVE_C14N
    prefixes: tuple[str, ...] = ()


def named_form(part: Part) -> bytes:
    """Give the octets of a part in the canonical form that the message names, refused or not."""
    comments = part.form.endswith(_WITH_COMMENTS)
    element = part.kept if comments and part.kept is not None else part.element
    if part.form.startswith(_INCLUSIVE):
        return inclusive(element, comments=comments)
    if comments:
        return c14n(element, exclusive=True, comments=True)
    return canonical(element, [prefix for prefix in part.prefixes if prefix != "#default"])


def inclusive(element: etree._Element, *, comments: bool = False) -> bytes:
    """Give the inclusive canonical form (C14N 1.0) of an element where it stands: with all declarations in scope."""
    return c14n(element, exclusive=False, comments=comments)


def c14n(element: etree._Element, *, exclusive: bool, comments: bool) -> bytes:
    """Give the canonical form of an element where it stands, without a PrefixList."""
    return etree.tostring(element, method="c14n", exclusive=exclusive, with_comments=comments)


def standing_alone(element: etree._Element, scope: _Namespaces) -> etree._Element:
    """Copy an element into a document of its own, with these declarations and those that it needs."""
    uses = {names.namespace_of(element), *(etree.QName(name).namespace for name in element.attrib)}
    needed = {prefix: uri for prefix, uri in element.nsmap.items() if uri in uses}
    copied = etree.Element(element.tag, nsmap={**scope, **needed})
    for name, value in element.attrib.items():
        copied.set(name, value)
    copied.text = element.text
    copied.extend(deepcopy(child) for child in element)
    return copied


def in_fewer_scopes(element: etree._Element) -> Iterator[etree._Element]:
    """Copies of an element in scopes of fewer declarations: as it stood before others were added around it."""
    scope = element.nsmap
    parent = element.getparent()
    above: _Namespaces = {} if parent is None else parent.nsmap
    own = {prefix: uri for prefix, uri in scope.items() if above.get(prefix) != uri}
    yield standing_alone(element, {p: uri for p, uri in scope.items() if uri != names.DS})
    yield standing_alone(element, {p: uri for p, uri in scope.items() if uri not in _SECURITY_NAMESPACES})
    yield standing_alone(element, own)
    yield standing_alone(element, {p: uri for p, uri in scope.items() if p == element.prefix})


def raw_text(part: Part) -> bytes | None:
    """Give an element's text as it stands in the message: from its first start tag to its last end tag."""
    prefix = f"{part.element.prefix}:" if part.element.prefix else ""
    name = re.escape(f"{prefix}{etree.QName(part.element).localname}".encode())
    identifier = part.element.get(names.WSU_ID)
    marked = rb"[^>]*" + re.escape(identifier.encode()) if identifier else rb""
    start = re.search(rb"<" + name + rb"(?=[\s/>])" + marked, part.data)
    if start is None:
        return None
    end = part.data.find(b"</" + (prefix + etree.QName(part.element).localname).encode(), start.end())
    if end < 0:
        return None
    close = part.data.find(b">", end)
    return part.data[start.start() : close + 1] if close > 0 else None
