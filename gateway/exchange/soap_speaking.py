"""SOAP at the seat of the client: zeep writes the envelope from the agreed WSDL, the profile signs and verifies."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from lxml import etree

from gateway.contract.message import Payload, Transport
from gateway.dialect import wss_x509
from gateway.dialect.party import Hub
from gateway.domain.errors import AgencyUnavailable, GatewayError, Malformed, SchemaViolation, Unauthenticated
from gateway.exchange.directory import Terms
from gateway.exchange.retry_after import retry_after
from gateway.exchange.speaking import (
    AgencyBusy,
    AgencyRefused,
    Speech,
    Spoken,
    came_in_clear,
    reply_document,
)
from gateway.transport.http import HttpReply, OutboundCall
from gateway.transport.soap import SoapRequestBuilder
from gateway.trust.envelope import Envelope, open_envelope
from gateway.validation.library import ACKNOWLEDGEMENT, SchemaLibrary
from gateway.validation.wsdl import required_port

SOAP_12 = "http://www.w3.org/2003/05/soap-envelope"


class SoapSpeaker:
    """Document/literal SOAP 1.1 or 1.2, as the agreement says, signed by WS-Security."""

    def __init__(self, library: SchemaLibrary, builder: SoapRequestBuilder, hub: Hub, max_reply_bytes: int) -> None:
        self._library = library
        self._builder = builder
        self._hub = hub
        self._max_reply_bytes = max_reply_bytes

    def check(self, terms: Terms, payload: Payload) -> None:
        """Hold our message to the agreed XSD."""
        document = self._library.xml(terms.interaction.request)
        violations = document.check(document.to_element(payload))
        if violations:
            raise SchemaViolation(
                f"our own message to {terms.name} breaks the agreed XSD at {violations[0].path or '/'}",
                clause=terms.interaction.request,
                violations=violations,
            )

    def speak(self, speech: Speech) -> Spoken:
        """Write the envelope with zeep, sign it, encrypt it where that is agreed, and write the call.

        Nothing in it is secret from us: all of it is stored.
        """
        version = speech.terms.agreed.transport
        action = self._library.xml(speech.terms.interaction.request).action
        port = required_port(speech.terms.adapter.agency.id, speech.terms.interaction, self._library, speech.url)
        envelope = self._builder.build(
            port, speech.payload, version=version, message_id=speech.message_id, to=speech.url
        )
        signed = wss_x509.seal(envelope, self._hub, speech.at)
        recipient = speech.recipient
        body = signed if recipient is None else wss_x509.encrypted(signed, recipient)
        headers = _headers(version, action)
        call = OutboundCall(
            method="POST",
            url=speech.url,
            headers=headers,
            body=body,
            timeout_s=speech.terms.agreed.call_timeout_s,
            max_reply_bytes=self._max_reply_bytes,
        )
        plain = None if recipient is None else signed
        return Spoken(call=call, stored_headers=headers, stored_body=body, signed=plain, stored_plain=plain)

    def decrypted(self, speech: Speech, reply: HttpReply) -> HttpReply | None:
        """Decrypt an encrypted envelope. What is none is for `hear` to judge, and so is a Fault in clear."""
        try:
            envelope = open_envelope(reply.body, max_bytes=self._max_reply_bytes)
        except Malformed:
            return None
        opened = wss_x509.decrypted(envelope, self._hub)
        if opened is not None:
            return replace(reply, body=opened[1])
        if speech.terms.agreed.confidential and not envelope.is_fault:
            raise came_in_clear(speech)
        return None

    def hear(self, speech: Speech, spoken: Spoken, reply: HttpReply, at: datetime) -> Payload | None:  # noqa: ARG002 - the speaker's signature
        """Read the answer: a signed document of the agreed schema, or a Fault.

        A document of its own is bound to our message by wsa:RelatesTo alone; an acknowledgement names it in its body
        too, for servers that write no addressing.
        """
        try:
            envelope = open_envelope(reply.body, max_bytes=self._max_reply_bytes)
        except Malformed:
            if 200 <= reply.status < 300:
                raise
            raise _by_status(reply) from None
        if envelope.is_fault:
            raise _fault(envelope, reply)
        proven = wss_x509.check_answers(envelope, speech.message_id, speech.party, at)
        name = reply_document(speech.terms)
        if name is None:
            return None
        if name != ACKNOWLEDGEMENT and proven.relates_to is None:
            raise Unauthenticated(
                f"the answer of {speech.terms.name} does not say which message it answers: name ours in wsa:RelatesTo",
                code="signature-claims",
            )
        document = self._library.xml(name)
        violations = document.check(proven.document)
        if violations:
            raise SchemaViolation(
                f"the answer of {speech.terms.name} breaks the agreed XSD", clause=name, violations=violations
            )
        payload = document.to_payload(proven.document)
        if name == ACKNOWLEDGEMENT and payload["messageId"] != speech.message_id:
            raise Unauthenticated("the acknowledgement names another message", code="signature-claims")
        return payload


def _headers(version: Transport, action: str) -> dict[str, str]:
    if version is Transport.SOAP_11:
        return {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{action}"'}
    return {"Content-Type": f'application/soap+xml; charset=utf-8; action="{action}"'}


def _fault(envelope: Envelope, reply: HttpReply) -> GatewayError:
    """Sort a Fault: the receiver's is temporary, ours is final. Its text is for people and shortened."""
    code, text = _fault_text(envelope.content)
    said = f"the agency answered a SOAP Fault {code}: {text[:300]}"
    if code.rpartition(":")[2] in ("Receiver", "Server"):
        return AgencyBusy(said, after_s=retry_after(reply.headers))
    return AgencyRefused(said)


def _fault_text(fault: etree._Element) -> tuple[str, str]:
    twelve = {"s": SOAP_12}
    code = fault.findtext("s:Code/s:Value", namespaces=twelve) or fault.findtext("faultcode") or ""
    text = fault.findtext("s:Reason/s:Text", namespaces=twelve) or fault.findtext("faultstring") or ""
    return code.strip(), text.strip()


def _by_status(reply: HttpReply) -> GatewayError:
    if reply.status in (429, 503):
        return AgencyBusy(f"the agency answered HTTP {reply.status}", after_s=retry_after(reply.headers))
    if reply.status == 408 or reply.status >= 500:
        return AgencyUnavailable(
            f"the agency answered HTTP {reply.status} without an envelope; nobody knows whether it took the message"
        )
    return AgencyRefused(f"the agency answered HTTP {reply.status} without an envelope")
