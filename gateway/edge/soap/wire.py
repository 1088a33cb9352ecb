"""SOAP behind the door that the exchange knows: gate, signature, agreed XSD, spyne as the codec, signed answers.

The gate and the signature come first (`gateway.trust`); only verified content reaches spyne, and only spyne's argument
reaches the XSD. An answer is written by spyne inside the sealing step, so its exact bytes are part of the commit.
An encrypted envelope whose signature names a registered certificate of the agency is decrypted, and goes through the
gate once more as it was signed. Who receives it is part of what has to be signed then (see `authenticate`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from lxml import etree

from gateway.contract.adapter import Document
from gateway.contract.message import Message, Payload, Reply, Transport
from gateway.dialect import wss_x509
from gateway.dialect.party import Hub, Party, Proven
from gateway.domain.errors import (
    GatewayError,
    HubBusy,
    Malformed,
    MappingFault,
    Misconfigured,
    RateLimited,
    Refused,
    Retriable,
    SchemaViolation,
    Unauthenticated,
)
from gateway.edge.soap.fault import MEDIA_TYPE, fault_of, fault_status
from gateway.edge.soap.once import Verified
from gateway.exchange.wire import Answer, Sealed, Sealing
from gateway.trust import names
from gateway.trust.envelope import Envelope, open_envelope
from gateway.trust.xml import parse_xml
from gateway.validation.library import ACKNOWLEDGEMENT, SchemaLibrary

if TYPE_CHECKING:
    from gateway.edge.soap.codec import SoapCodec

_VERSION_OF: Final = {media: version for version, media in MEDIA_TYPE.items()}

WSA_FAULT = "http://www.w3.org/2005/08/addressing/fault"


@dataclass(frozen=True, kw_only=True)
class SoapForm:
    """What may be sent to an address: the agreed document, its wsa:Action, and the codec of its element."""

    document: Document
    action: str
    codec: SoapCodec


class SoapWire:
    """One SOAP interaction of one agency, in the forms of all its versions.

    `path` is where it is served, `address` that behind the hub's public URL, as the WSDL says it.
    """

    def __init__(self, forms: Sequence[SoapForm], *, path: str, address: str, library: SchemaLibrary) -> None:
        self._forms = {each.codec.request: each for each in forms}
        self._codecs = {each.document: each.codec for each in forms}
        self._answering = {each.codec.answer: each.codec for each in forms}
        self._path = path
        self._address = address
        self._library = library

    def open(self, message: Message, max_bytes: int) -> Envelope:
        """Let the gate look at it. Raises Malformed, also for a content type that is not its envelope's."""
        expected = _VERSION_OF.get(message.content_type)
        if expected is None:
            raise Malformed(
                f"content type {message.content_type[:60] or 'missing'!r}: send application/soap+xml (SOAP 1.2) or "
                "text/xml (SOAP 1.1)",
                code="content-type-wrong",
            )
        envelope = open_envelope(message.body, max_bytes=max_bytes)
        if envelope.version is not expected:
            raise Malformed(
                f"a {envelope.version} envelope was sent as {message.content_type}", code="content-type-wrong"
            )
        _refuse_fault(envelope)
        return envelope

    def authenticate(self, message: Message, opened: Envelope, party: Party, hub: Hub, at: datetime) -> Proven:  # noqa: ARG002 - the wire's signature
        """Decrypt, then verify the signature; the addressing that it covers has to mean this address.

        Decrypting changes what was opened: a message that is judged again is opened again.

        Of a message in clear To and Action may be missing, and To has to end with this path: agencies reach the hub
        under several names, and the path names the agency and the interaction. What came encrypted has to name them,
        and in To the hub's own address as the WSDL says it: the signature is inside the encryption, and whoever was
        meant to read it could encrypt it anew to us. Raises Unauthenticated: `signature-part-missing`,
        `signature-claims`, and what decrypting and verifying raise.
        """
        if wss_x509.is_encrypted(opened):
            wss_x509.check_signer(opened, party, at)  # before the private key is put to work
        envelope, plain = wss_x509.decrypted(opened, hub) or (opened, None)
        _refuse_fault(envelope)
        proven = wss_x509.authenticate(envelope, party, at)
        proven = replace(proven, document=Verified(proven.document), plain=plain)
        self._check_addressed(proven)
        if not proven.message_id:
            raise Unauthenticated(
                "the message has no wsa:MessageID: without one it cannot be told from its repeat",
                code="signature-part-missing",
            )
        return proven

    def _check_addressed(self, proven: Proven) -> None:
        to, action = proven.headers.get("to"), proven.headers.get("action")
        if proven.plain is not None:
            if not to or not action:
                raise Unauthenticated(
                    f"the encrypted message has no wsa:{'Action' if to else 'To'}: sign for whom and what it is",
                    code="signature-part-missing",
                )
            meant = _place(to)
            if meant is None or meant != _place(self._address):
                raise Unauthenticated(
                    f"wsa:To of the encrypted message names {to[:120]!r}, the hub's address is {self._address}",
                    code="signature-claims",
                )
        elif to is not None and not to.split("?", 1)[0].endswith(self._path):
            raise Unauthenticated(
                f"wsa:To names {to[:120]!r}, this address ends with {self._path}", code="signature-claims"
            )
        form = self._forms.get(proven.document.tag)
        agreed = [each.action for each in ([form] if form else self._forms.values())]
        if action is not None and action not in agreed:
            raise Unauthenticated(
                f"wsa:Action is {action[:120]!r}, agreed is {' or '.join(agreed)}", code="signature-claims"
            )

    def form(self, proven: Proven) -> Document | None:
        """The document of the element that the Body holds; None for an element of none of them."""
        form = self._forms.get(proven.document.tag)
        return None if form is None else form.document

    def check_fresh(self, proven: Proven, at: datetime) -> None:
        """Hold the Timestamp against our clock."""
        wss_x509.check_proven_fresh(proven, at)

    def read(self, proven: Proven, document: str) -> Payload:
        """Give the payload of the verified element, which goes with it. Raises SchemaViolation."""
        element = self._codecs[document].decode(proven.document.take(), _version_of(proven))
        schema = self._library.xml(document)
        violations = schema.check(element)
        if violations:
            raise SchemaViolation(
                f"the body breaks {document} in {len(violations)} place(s), first at {violations[0].path}",
                clause=f"{document} (Pasal 21(2)c.3)",
                violations=violations,
            )
        return schema.to_payload(element)

    def reply(self, document: str, payload: Payload) -> Answer:
        """Write a reply of ours. Raises MappingFault when it breaks its own XSD."""
        schema = self._library.xml(document)
        try:
            element = schema.to_element(payload)
            violations = schema.check(element)
        except SchemaViolation as misfit:
            violations = misfit.violations
        if violations:
            raise MappingFault(
                f"our own reply breaks {document} at {violations[0].path}; nothing was kept", clause="adapter"
            )
        return Answer(status=200, body=etree.tostring(element), media_type="application/soap+xml")

    def acknowledge(self, acknowledgement: Payload) -> Answer:
        """Write an acknowledgement."""
        return self.reply(ACKNOWLEDGEMENT, acknowledgement)

    def custom(self, reply: Reply) -> Answer:
        """A dialect of an adapter's own is JSON; agencies that speak SOAP get Faults and agreed documents."""
        raise Misconfigured(f"an adapter shaped a JSON answer (HTTP {reply.status}) for a SOAP interaction")

    def refuse(self, error: GatewayError, message: Message, exchange: str) -> Answer:  # noqa: ARG002 - the wire's signature
        """Write a Fault, as a whole envelope: its QNames in text need the prefixes declared there."""
        return fault_answer(error, message)

    def seal(self, answer: Answer, sealing: Sealing | None, hub: Hub, at: datetime) -> Sealed:
        """Put the answer into its envelope, sign it, encrypt it where due. Who proved nothing gets it unsigned."""
        content = parse_xml(answer.body, max_bytes=len(answer.body))
        version = names.VERSION_OF.get(names.namespace_of(content))
        if sealing is None:
            return leaving(answer, version or Transport.SOAP_12)
        blocks = _blocks(sealing, content, is_fault=version is not None)
        if version is None:
            version = version_of(sealing.message)
            envelope = self._answering[str(content.tag)].encode(content, version, blocks)
        else:
            envelope = content
            header = etree.Element(f"{{{names.SOAP_OF[version]}}}Header")
            header.extend(blocks)
            envelope.insert(0, header)
        signed = wss_x509.seal(envelope, hub, at)
        if sealing.recipient is None:
            return leaving(answer, version, signed)
        encrypted = leaving(answer, version, wss_x509.encrypted(signed, sealing.recipient))
        return replace(encrypted, plain=signed, plain_type=MEDIA_TYPE[version])


_PORTS: Final = {"http": 80, "https": 443}


def _place(address: str) -> tuple[str, str, int, str] | None:
    """Where an address leads: scheme, host, port and path, without the query; None for what is no such address.

    Scheme and host are the same in any case, a port that the scheme implies may be left out (RFC 3986, 6.2.3); the
    path is taken as it is written.
    """
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in _PORTS or not parts.hostname or parts.username is not None or "#" in address:
        return None
    if address.split() != [address]:  # urlsplit would leave line feeds and tabs out
        return None
    return parts.scheme, parts.hostname, _PORTS[parts.scheme] if port is None else port, parts.path


def _refuse_fault(envelope: Envelope) -> None:
    if envelope.is_fault:
        raise Malformed("a SOAP Fault is no message to the hub", code="envelope-invalid")


def fault_answer(error: GatewayError, message: Message) -> Answer:
    """Write a Fault in the SOAP version that the message speaks, also where no interaction is served."""
    version = version_of(message)
    after_s = error.after_s if isinstance(error, Retriable) else None
    return Answer(
        status=_status(error, version),
        body=etree.tostring(fault_of(error, version)),
        media_type=MEDIA_TYPE[version],
        headers={} if after_s is None else {"Retry-After": str(after_s)},
    )


def _status(error: GatewayError, version: Transport) -> int:
    """What the SOAP bindings prescribe, but for limits: those are for whatever stands between, as over REST."""
    if isinstance(error, RateLimited | HubBusy):
        return 429 if isinstance(error, RateLimited) else 503
    return fault_status(version, sender=isinstance(error, Refused))


def leaving(answer: Answer, version: Transport, body: bytes | None = None) -> Sealed:
    """An answer as it leaves, with the content type of its SOAP version: with `body`, or as it is, unsigned."""
    headers = {"Content-Type": f"{MEDIA_TYPE[version]}; charset=utf-8", **answer.headers}
    return Sealed(status=answer.status, headers=headers, body=answer.body if body is None else body)


def _blocks(sealing: Sealing, content: etree._Element, *, is_fault: bool) -> list[etree._Element]:
    name = etree.QName(content)
    said = {
        names.MESSAGE_ID: f"urn:simojo:answer:{sealing.leaf}",
        names.RELATES_TO: sealing.proven.message_id or "",
        names.TO: names.WSA_ANONYMOUS,
        names.ACTION: WSA_FAULT if is_fault else f"{name.namespace}#{name.localname}",
    }
    blocks = []
    for tag, text in said.items():
        block = etree.Element(tag, nsmap={"wsa": names.WSA})
        block.text = text
        blocks.append(block)
    return [*blocks, wss_x509.leaf_header(sealing.leaf)]


def version_of(message: Message) -> Transport:
    """The SOAP version that the client speaks, by its content type; 1.2 for one that says nothing readable."""
    return Transport.SOAP_11 if message.content_type == MEDIA_TYPE[Transport.SOAP_11] else Transport.SOAP_12


def _version_of(proven: Proven) -> Transport:
    version: Transport = proven.headers["version"]
    return version
