"""Envelopes in and out of one interaction, by spyne (SOAP 1.1 and 1.2).

    decode   1. the one child of the verified Body is spyne's document
             2. spyne finds the method that takes the agreed element; any other was refused before
             3. spyne hands over the method's argument: the whole element
    encode   4. spyne's output protocol serializes the answer and its header blocks into an envelope

Between 3 and 4 lies the pipeline of the hub, so the methods that spyne knows have no body. One codec serves any
number of threads: what changes with a call lives in its own `Call`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from lxml import etree
from lxml.etree import _Element

from gateway.contract.message import Transport
from gateway.domain.errors import SchemaViolation, Violation
from gateway.edge.soap.document import Call, Document, HeaderBlocks, WholeSoap11, WholeSoap12
from gateway.edge.soap.fault import fault_envelope
from gateway.edge.soap.spyne_compat import Application, Service, applications, rpc
from gateway.trust.names import SOAP_OF

_PROTOCOLS = {Transport.SOAP_11: WholeSoap11, Transport.SOAP_12: WholeSoap12}


@dataclass(frozen=True, kw_only=True)
class _Seat:
    """One SOAP version of the interaction: its spyne application, and the method that takes the agreed element."""

    application: Application
    method: Any


class SoapCodec:
    """The codec of one interaction of one agency.

    `request` is the agreed element that the agency sends and `answer` the one it gets, both as `{namespace}name`.
    """

    def __init__(self, agency: str, interaction: str, *, request: str, answer: str) -> None:
        self.agency = agency
        self.interaction = interaction
        self.request = request
        self.answer = answer
        self._seats = {version: self._seat(version, answer) for version in _PROTOCOLS}

    def decode(self, verified_content: _Element, version: Transport) -> _Element:
        """Give the argument of the service method: the child of the Body, where it stands and as it is.

        `verified_content` is the one child of the Body of an envelope of that SOAP version. Raises SchemaViolation
        `element-not-agreed` for another element than the agreed one.
        """
        if verified_content.tag != self.request:
            raise self._not_agreed(verified_content)
        protocol = self._seats[version].application.in_protocol
        call = Call(in_document=verified_content)
        protocol.decompose_incoming_envelope(call, protocol.REQUEST)
        (call.descriptor,) = protocol.get_call_handles(call)
        protocol.deserialize(call, protocol.REQUEST)
        return cast("_Element", call.in_object)

    def encode(self, content: _Element, version: Transport, headers: Sequence[_Element] = ()) -> _Element:
        """Give the Envelope around the header blocks and the answer, not signed. They become part of it."""
        seat = self._seats[version]
        protocol = seat.application.out_protocol
        call = Call(descriptor=seat.method, out_object=(content,), out_header=(tuple(headers),) if headers else None)
        protocol.serialize(call, protocol.RESPONSE)
        return cast("_Element", call.out_document)

    def fault(
        self,
        version: Transport,
        *,
        code: str,
        text: str,
        clause: str = "",
        violations: Sequence[Violation] = (),
        sender: bool,
    ) -> _Element:
        """Give the Envelope of a fault, as `gateway.edge.soap.fault` describes it."""
        return fault_envelope(version, code=code, text=text, clause=clause, violations=violations, sender=sender)

    def _seat(self, version: Transport, answer: str) -> _Seat:
        def receive(_call: Call, document: Document) -> None:
            """Stand for the pipeline, which runs between decode and encode."""

        method = rpc(
            Document,
            _returns=Document,
            _out_header=HeaderBlocks,
            _body_style="bare",
            _in_message_name=self.request,
            _out_message_name=answer,
        )
        service = type(Service)("Interaction", (Service,), {"receive": method(receive)})
        application = Application(
            [service],
            tns=etree.QName(self.request).namespace,
            name=f"{self.agency}.{self.interaction}.{version}",
            in_protocol=_PROTOCOLS[version](),
            out_protocol=_PROTOCOLS[version](),
        )
        # spyne would declare its dozen prefixes on every envelope; only the envelope's own is used.
        application.interface.nsmap = {"soap": SOAP_OF[version]}
        # spyne keeps every application for good under its name; a codec made anew would be reported as a clash.
        applications.pop((application.tns, application.name), None)
        (found,) = application.interface.service_method_map[self.request]
        return _Seat(application=application, method=found)

    def _not_agreed(self, content: _Element) -> SchemaViolation:
        expected = f"element {self.request}"
        return SchemaViolation(
            f"{self.agency}/{self.interaction} takes the {expected}, not {content.tag!s}; send the agreed document",
            code="element-not-agreed",
            clause="Pasal 21(2)c.3",
            violations=(Violation(path="/*", rule="element", text=expected),),
        )
