"""The agency's voice over SOAP 1.1 and 1.2: WS-Security, in the version in which it is spoken to."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import Response
from lxml import etree

from conformance.peers.agreed.agreement import Part
from conformance.peers.agreed.voices import Letter, Seat, Taken
from conformance.signing import soap, wss
from gateway.contract.adapter import Request
from gateway.contract.message import Payload, Transport
from gateway.domain.errors import GatewayError, Malformed, Misconfigured, Retriable, SchemaViolation, Unauthenticated
from gateway.validation.library import ACKNOWLEDGEMENT

VERSIONS = {Transport.SOAP_11: soap.SOAP_11, Transport.SOAP_12: soap.SOAP_12}


class SoapVoice:
    """Speaks for a seat."""

    def __init__(self, seat: Seat) -> None:
        self._seat = seat
        self._library = seat.script.library

    def take(self, headers: Mapping[str, str], body: bytes) -> Taken:  # noqa: ARG002 - the voice's signature
        """Verify, find the interaction by its Action, and hold the document to its XSD."""
        verified = wss.verify(body, self._seat.certificates(), at=self._seat.clock())
        part = next((each for each in self._spoken() if self._action(each) == verified.action), None)
        if part is None or soap.action_of(verified.document) != verified.action:
            raise SchemaViolation(f"action {verified.action!r} is none that is agreed", code="action-unknown")
        schema = self._library.xml(part.declared.request)
        violations = schema.check(verified.document)
        if violations:
            raise SchemaViolation("the message breaks the agreed schema", violations=violations)
        if not verified.message_id:
            raise Malformed("wsa:MessageID is missing", code="message-id-missing")
        return Taken(
            part=part,
            message_id=verified.message_id,
            digest=verified.digest,
            payload=schema.to_payload(verified.document),
            echo={"version": etree.QName(soap.parse(body)).namespace or soap.SOAP_12},
        )

    def answer(self, taken: Taken, document: str, payload: Payload) -> Response:
        """Sign the document, related to the message."""
        element = self._library.xml(document).to_element(payload)
        addressing = soap.Addressing(
            message_id=self._seat.new_id(),
            to=soap.ANONYMOUS,
            action=soap.action_of(element),
            relates_to=taken.message_id,
        )
        return self._signed(element, addressing, taken.echo["version"], 200)

    def refuse(self, error: GatewayError) -> Response:
        """Sign a Fault: the sender's, unless the agency itself cannot now."""
        sender = not isinstance(error, Retriable | Misconfigured)
        fault = soap.Fault(
            code=error.code, text=error.text, sender=sender, clause=error.clause, violations=error.violations
        )
        addressing = soap.Addressing(message_id=self._seat.new_id(), to=soap.ANONYMOUS, action=soap.FAULT_ACTION)
        return self._signed(soap.fault_document(fault), addressing, soap.SOAP_12, 400 if sender else 500)

    def letter(self, part: Part, document: str, payload: Payload, message_id: str, about: str | None) -> Letter:
        """Sign a message to the hub in the agreed SOAP version."""
        url = f"{self._seat.hub_url}/soap/{self._seat.script.adapter.agency.id}/{part.declared.name}"
        element = self._library.xml(document).to_element(payload)
        addressing = soap.Addressing(message_id=message_id, to=url, action=soap.action_of(element), relates_to=about)
        version = VERSIONS[part.agreed.transport]
        body = self._seal(element, addressing, version)
        return Letter(url=url, headers={"Content-Type": soap.CONTENT_TYPES[version]}, body=body)

    def heard(self, letter: Letter, message_id: str, status: int, headers: Mapping[str, str], body: bytes) -> Payload:  # noqa: ARG002 - the voice's signature
        """Verify the hub's answer and that it is one to this message."""
        if status != 200:
            fault = soap.read_fault(soap.body_child(body))
            said = f"{fault.code}: {fault.text}" if fault else "no fault"
            raise Malformed(f"the hub answered HTTP {status}, {said}", code="not-acknowledged")
        verified = wss.verify(body, self._seat.certificates(), at=self._seat.clock())
        if verified.relates_to != message_id:
            raise Unauthenticated(
                f"the hub's answer relates to {verified.relates_to}, not to {message_id}", code="signature-claims"
            )
        return self._read(verified.document)

    # --- within -----------------------------------------------------------------------------------------------------

    def _spoken(self) -> list[Part]:
        return [each for each in self._seat.script.parts if each.soap and each.hub_speaks_first]

    def _action(self, part: Part) -> str:
        return self._library.xml(part.declared.request).action

    def _read(self, element: etree._Element) -> Payload:
        documents = [ACKNOWLEDGEMENT]
        for part in (*self._seat.script.parts, *self._seat.script.services):
            reply = None if isinstance(part.declared, Request) else getattr(part.declared, "reply", None)
            documents += [reply] if part.soap and reply else []
        for document in documents:
            schema = self._library.xml(document)
            if element.tag == schema.root.text and not schema.check(element):
                return schema.to_payload(element)
        raise Malformed("the hub's answer is no document that was agreed", code="not-acknowledged")

    def _signed(self, element: etree._Element, addressing: soap.Addressing, version: str, status: int) -> Response:
        body = self._seal(element, addressing, version)
        return Response(body, status_code=status, media_type=soap.CONTENT_TYPES[version])

    def _seal(self, element: etree._Element, addressing: soap.Addressing, version: str) -> bytes:
        envelope = soap.envelope(element, addressing, soap=version)
        return wss.sign(envelope, self._seat.identity, at=self._seat.clock())
