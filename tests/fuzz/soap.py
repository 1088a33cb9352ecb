"""SOAP: the gate with the signature, and the whole wire up to the exchange."""

from __future__ import annotations

from functools import cache
from typing import Any

from conformance.signing import soap, wss
from gateway.contract.message import Message, Transport
from gateway.dialect.party import Hub, Party
from gateway.domain.errors import Refused
from gateway.edge.soap.codec import SoapCodec
from gateway.edge.soap.fault import MEDIA_TYPE
from gateway.edge.soap.wire import SoapForm, SoapWire
from gateway.exchange.plugins import load_adapters
from gateway.trust.certificates import RegisteredCertificate
from gateway.trust.envelope import open_envelope
from gateway.trust.keys import fingerprint
from gateway.trust.wss import verify_envelope
from gateway.trust.xml import canonical
from gateway.validation.library import SchemaLibrary, default_roots
from gateway.validation.wsdl import served_port
from tests.exchange import voices
from tests.exchange.keys import AT, agency_identity
from tests.fuzz.steps import by, of_bytes
from tests.fuzz.target import Target
from tests.fuzz.xml_steps import OF_STRUCTURE
from tests.trust import parties
from tests.trust.parties import key, registered
from tests.trust.wrapping.catalogue import named
from tests.trust.wrapping.genuine import genuine

MAX_BYTES = 500_000
PATH = "/soap/dpupr/technical-recommendation"
TOKENS = (
    b"<!DOCTYPE x [<!ENTITY e 'x'>]>",
    b"<!--",
    b"-->",
    b"<![CDATA[",
    b"]]>",
    b"&#0;",
    b"&#xFFFF;",
    b"&e;",
    b"<?xml version='1.0' encoding='utf-16'?>",
    b"<?x y?>",
    b"xmlns=''",
    b"xmlns:soap='urn:attack'",
    b"xml:id='sj-body'",
    b" Id='sj-body'",
    b"\x00",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\xc0\xbc",
    b"><",
    b"</",
    b"/>",
    b"#",
    b"%",
    b"xpointer(/)",
    b"1000",
    b"Z",
    b"+14:00",
    b"A" * 5000,
    b"<a>" * 70,
)
CHANGES = (*OF_STRUCTURE, *of_bytes(TOKENS))
OWN_DOING = "p384"
"""The registered key with which `xml_steps` signs anew: what it signs may be anything."""


@cache
def _certificates() -> tuple[RegisteredCertificate, ...]:
    return tuple(registered(key(kind)) for kind in ("p256", "rsa", OWN_DOING))


@cache
def _gate_seeds() -> tuple[bytes, ...]:
    both = (Transport.SOAP_12, Transport.SOAP_11)
    mine = [genuine(version, kind).data for version in both for kind in ("p256", "rsa")]
    # some attacks are a careless sender's, who signs too little: whatever he signs, he signs with the key for that
    return (*mine * 10, *(each.make(genuine(kind=OWN_DOING)) for each in named()))


@cache
def _signed_bodies() -> frozenset[bytes]:
    return frozenset(_verified(data) for data in _gate_seeds()[:4])


def _verified(data: bytes) -> bytes:
    verified = verify_envelope(open_envelope(data, max_bytes=MAX_BYTES), _certificates(), parties.AT)
    return b"\x00".join((verified.canonical_body, *(canonical(each) for each in verified.headers)))


def read_gate(data: bytes) -> str:
    """Open and verify; what p256 and rsa signed can only be one of the genuine messages."""
    verified = verify_envelope(open_envelope(data, max_bytes=MAX_BYTES), _certificates(), parties.AT)
    if verified.certificate == _certificates()[2]:
        return "signed anew"
    whole = b"\x00".join((verified.canonical_body, *(canonical(each) for each in verified.headers)))
    if whole not in _signed_bodies():
        raise AssertionError("a forged message was accepted")
    return "genuine"


GATE = Target(
    name="soap-gate",
    what="`open_envelope` and `verify_envelope` with three registered certificates",
    seeds=_gate_seeds,
    change=by(CHANGES),
    steps=len(CHANGES),
    structured=len(OF_STRUCTURE),
    read=read_gate,
    refuses=Refused,
    share=0.35,
)


# --- the wire -----------------------------------------------------------------------------------------------------


@cache
def _wire() -> SoapWire:
    adapters = load_adapters()
    library = SchemaLibrary(default_roots(adapters.values()))
    interaction = adapters["dpupr"].interaction("technical-recommendation")
    assert interaction is not None
    port = served_port("dpupr", interaction, library, f"https://hub.example{PATH}")
    codec = SoapCodec("dpupr", interaction.name, request=port.request.root.text, answer=port.answer.root.text)
    form = SoapForm(document=port.request.id, action=port.request.action, codec=codec)
    return SoapWire([form], path=PATH, address=port.address, library=library)


@cache
def _party() -> tuple[Party, Hub]:
    mine = RegisteredCertificate(
        agency="dpupr", certificate=agency_identity("dpupr").certificate, fingerprint=_fingerprint()
    )
    party = Party(agency="dpupr", certificates=(mine, registered(key(OWN_DOING))), secret=str)
    return party, Hub(id="dpmptsp", key=key("p256", 9), pin=str)


def _fingerprint() -> str:
    return fingerprint(agency_identity("dpupr").certificate)


@cache
def _wire_seeds() -> tuple[bytes, ...]:
    """The first byte says which content type the message comes with."""
    documents = [
        voices.recommendation("K-2026-000017"),
        voices.recommendation("K-2026-000017", favourable="maybe", date="2026-02-30"),
        voices.recommendation("x" * 3000, note="\u202e"),
    ]
    signed = [
        (kind, wss.sign(voices.envelope(each, relates_to="urn:uuid:x", soap_ns=space), agency_identity("dpupr"), at=AT))
        for each in documents
        for kind, space in ((b"2", soap.SOAP_12), (b"1", soap.SOAP_11))
    ]
    return tuple(kind + data for kind, data in signed)


def _message(data: bytes) -> Message:
    kinds = [*MEDIA_TYPE.values(), "application/soap+xml; charset=utf-16", "text/xml ;x", "", "application/xop+xml"]
    first = data[:1]
    kind = {b"1": "text/xml", b"2": "application/soap+xml"}.get(first) or kinds[(first or b"0")[0] % len(kinds)]
    return Message(
        agency="dpupr",
        interaction="technical-recommendation",
        transport=Transport.SOAP_12,
        method="POST",
        path=PATH,
        headers={"content-type": kind},
        body=data[1:],
        received_at=AT,
        address="127.0.0.1",
    )


def read_wire(data: bytes) -> str:
    """Open, authenticate, judge freshness and read; a refusal is written and leaves as it would."""
    wire, (party, hub), message = _wire(), _party(), _message(data)
    try:
        proven = wire.authenticate(message, wire.open(message, MAX_BYTES), party, hub, AT)
        wire.check_fresh(proven, AT)
        payload: Any = wire.read(proven, "dpupr/technical-recommendation/1.0/answer")
    except Refused as refusal:
        sealed = wire.seal(wire.refuse(refusal, message, ""), None, hub, AT)
        if sealed.status != (500 if message.content_type == "text/xml" else 400):
            raise AssertionError(f"HTTP {sealed.status} for a refusal") from refusal
        raise
    return "read" if payload else "empty"


WIRE = Target(
    name="soap-wire",
    what="`SoapWire`: content type, gate, signature, addressing, freshness, XSD, and the Fault that leaves",
    seeds=_wire_seeds,
    change=lambda data, step: data[:1] + by(CHANGES)(data[1:], step) if step[0] % 50 else by(CHANGES[-7:])(data, step),
    steps=len(CHANGES),
    structured=len(OF_STRUCTURE),
    read=read_wire,
    refuses=Refused,
    share=0.15,
)
