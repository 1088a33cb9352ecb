"""A document of an agreement as one spyne type: the whole element in, the whole element out, nothing read into it.

spyne's own AnyXml gives the first child of what arrived and wraps twice what leaves. Here the element itself is the
value. What it may contain is judged by the agreed XSD, which runs outside spyne.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from lxml.etree import _Element

from gateway.edge.soap.spyne_compat import AnyXml, Soap11, Soap12


class Document(AnyXml):  # type: ignore[misc]  # spyne ships no types
    """The one child of a Body."""


class HeaderBlocks(AnyXml):  # type: ignore[misc]  # spyne ships no types
    """Any number of header blocks, side by side: the value is an iterable of elements."""


@dataclass(slots=True, kw_only=True)
class Call:
    """What spyne's protocols read and write while they take one document in, or write one.

    spyne's own context has a hundred members more, for transports and events that are not in use here, is made twice
    for a message that comes in, and holds itself in circles, which the garbage collector then has to find.
    """

    descriptor: Any = None
    in_document: Any = None
    in_header_doc: Any = None
    in_body_doc: Any = None
    method_request_string: str = ""
    in_header: Any = None
    in_object: Any = None
    in_error: Any = None
    out_object: Any = None
    out_header: Any = None
    out_error: Any = None
    out_header_doc: Any = None
    out_body_doc: Any = None
    out_document: Any = None


class _WholeElements:
    """What both SOAP versions do differently from spyne: take a verified document, keep every element as it is."""

    def __init__(self) -> None:
        # cleanup_namespaces would drop a prefix that only text uses (xsi:type="t:Name"); the agreed XSD is the check,
        # so validator is None; the root's xsi:type is the XSD's business too.
        super().__init__(validator=None, cleanup_namespaces=False, parse_xsi_type=False)  # type: ignore[call-arg]  # of the spyne protocol that stands beside this class
        self.serialization_handlers: Any
        self.serialization_handlers[Document] = self.document_to_parent
        self.serialization_handlers[HeaderBlocks] = self.blocks_to_parent

    def decompose_incoming_envelope(self, ctx: Call, _message: object = None) -> None:
        """Take the child of the Body, which `ctx.in_document` is: the envelope was taken apart to be verified."""
        ctx.in_body_doc = ctx.in_document
        ctx.method_request_string = ctx.in_document.tag

    def from_element(self, _ctx: Call, _cls: type, element: _Element) -> _Element:
        """Take the element itself, also one that says xsi:nil, of which spyne would make nothing."""
        return element

    def document_to_parent(self, _ctx: Call, _cls: type, inst: _Element, parent: _Element, *_: Any, **__: Any) -> None:
        """Append the element itself."""
        parent.append(inst)

    def blocks_to_parent(
        self, _ctx: Call, _cls: type, inst: Iterable[_Element], parent: _Element, *_: Any, **__: Any
    ) -> None:
        """Append each header block, in the given order."""
        parent.extend(inst)


class WholeSoap11(_WholeElements, Soap11):  # type: ignore[misc]  # spyne ships no types
    """SOAP 1.1 (W3C Note 2000-05-08) of whole elements."""


class WholeSoap12(_WholeElements, Soap12):  # type: ignore[misc]  # spyne ships no types
    """SOAP 1.2 (W3C Recommendation 2007-04-27) of whole elements."""
