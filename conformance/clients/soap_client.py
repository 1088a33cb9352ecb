"""A client of the hub's SOAP services with zeep: give a technical recommendation as DPUPR would.

    1. load H/soap/dpupr/technical-recommendation?wsdl
    2. zeep makes RecommendationAnswer from the WSDL's own schema
    3. address it (WS-Addressing), sign it, encrypt it where the agreement says confidential, post it
    4. decrypt what is encrypted, verify the signed answer and that it acknowledges this message

zeep's own signing is not used: it signs with SHA-1 and takes an envelope whose signed Body was moved aside.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx2
import typer
import zeep
import zeep.exceptions
from cryptography import x509
from lxml import etree
from zeep.wsdl.bindings.soap import Soap12Binding

from conformance.signing import encryption, soap, wss
from conformance.signing.keys import Identity, load_certificates, load_identity
from gateway.domain.calendar import local_date
from gateway.domain.errors import GatewayError, Misconfigured, Unauthenticated

ANSWER_ELEMENT = "{urn:simojo:dpupr:technical-recommendation:answer:1.0}RecommendationAnswer"
TIMEOUT_S = 15.0
EXIT_REFUSED = 1


class HttpTransport:
    """What zeep asks of a transport, over httpx2. A WSDL may import documents from its own `origin` alone."""

    def __init__(self, client: httpx2.Client, wsdl: str) -> None:
        self._client = client
        self._origin = _origin(wsdl)

    def load(self, url: str) -> bytes:
        """Load a WSDL or XSD. Raises Misconfigured when it is not there, or lies elsewhere than the WSDL."""
        if _origin(url) != self._origin:
            raise Misconfigured(f"the WSDL of {self._origin} imports {url}: only its own documents are loaded")
        answer = self._client.get(url)
        if not answer.is_success:
            raise Misconfigured(f"{url} answered HTTP {answer.status_code}: give the address of the WSDL")
        return answer.content

    def post_xml(self, address: str, envelope: etree._Element, headers: Mapping[str, str]) -> httpx2.Response:
        """Send an envelope as it was signed: written out without any change of white space."""
        return self._client.post(address, content=etree.tostring(envelope), headers=dict(headers))


@dataclass
class SignedExchange:
    """The `wsse` of a zeep client, for one call: addresses and signs what leaves, verifies what comes.

    `confidential`: what leaves is encrypted to the hub's first certificate, and an answer has to come encrypted.
    `addressing` is set when the WSDL has told the address; `verified` is the hub's answer as its signature covers it.
    """

    identity: Identity
    hub_certificates: Sequence[x509.Certificate]
    message_id: str
    clock: Callable[[], datetime]
    confidential: bool = False
    addressing: soap.Addressing | None = field(default=None, init=False)
    verified: wss.VerifiedEnvelope | None = field(default=None, init=False)

    def apply(self, envelope: etree._Element, headers: dict[str, str]) -> tuple[etree._Element, dict[str, str]]:
        """Address and sign an envelope of zeep's. Raises Misconfigured without `addressing`."""
        if self.addressing is None:
            raise Misconfigured("the message has no address yet: set `addressing` before the call")
        version = etree.QName(envelope).namespace or ""
        header = envelope.find(f"{{{version}}}Header")
        if header is None:
            header = etree.Element(f"{{{version}}}Header")
            envelope.insert(0, header)
        soap.address(header, self.addressing)
        signed = wss.sign(envelope, self.identity, at=self.clock())
        if self.confidential:
            signed = encryption.encrypt_body(signed, self.hub_certificates[0])
        return etree.fromstring(signed), headers

    def verify(self, envelope: etree._Element) -> None:
        """Verify the answer; an unsigned fault is left for zeep to raise. Raises Unauthenticated."""
        version = etree.QName(envelope).namespace
        signed = envelope.find(f"{{{version}}}Header/{{{wss.WSSE}}}Security") is not None
        if not signed and envelope.find(f"{{{version}}}Body/{{{version}}}Fault") is not None:
            return
        data = etree.tostring(envelope)
        if encryption.is_encrypted(data):
            data = encryption.decrypt_body(data, self.identity)
            _put_in_clear(envelope, data)
        elif self.confidential:
            raise Unauthenticated("the answer came in clear: it has to be encrypted", code="encryption-missing")
        verified = wss.verify(data, self.hub_certificates, at=self.clock())
        fault = soap.read_fault(verified.document)
        if verified.relates_to != self.message_id and fault is None:
            text = f"the answer relates to {verified.relates_to}, not to {self.message_id}"
            raise Unauthenticated(text, code="signature-claims")
        self.verified = verified


def _put_in_clear(envelope: etree._Element, data: bytes) -> None:
    """Give zeep, which reads the envelope after it was verified, its Body in clear."""
    body, clear = envelope.find("{*}Body"), soap.parse(data).find("{*}Body")
    if body is not None and clear is not None:
        body[:] = list(clear)


@dataclass(frozen=True, kw_only=True)
class Recommendation:
    """What DPUPR says about `case`, in answer to the message `relates_to`."""

    relates_to: str
    case: str
    number: str
    date: date
    favourable: bool
    official: str
    conditions: tuple[str, ...] = ()


def give_recommendation(
    wsdl: str,
    recommendation: Recommendation,
    identity: Identity,
    hub_certificates: Sequence[x509.Certificate],
    *,
    message_id: str,
    clock: Callable[[], datetime],
    confidential: bool = False,
) -> wss.VerifiedEnvelope:
    """Send a recommendation and give the hub's verified acknowledgement.

    Raises zeep.exceptions.Fault for the hub's refusal, Unauthenticated or Malformed when the answer is not the
    hub's, Misconfigured when the WSDL does not offer the service over SOAP 1.2.
    """
    with httpx2.Client(timeout=TIMEOUT_S, trust_env=False) as http:
        # forbid_external would refuse the WSDL's own XSDs too; the transport refuses those of others
        settings = zeep.Settings(strict=True, forbid_dtd=True, forbid_entities=True)
        client = zeep.Client(wsdl, transport=HttpTransport(http, wsdl), settings=settings)
        exchange = SignedExchange(identity, hub_certificates, message_id, clock, confidential)
        return _give(client, recommendation, exchange)


def _give(client: zeep.Client, recommendation: Recommendation, exchange: SignedExchange) -> wss.VerifiedEnvelope:
    service, port, operation, address = _find_operation(client)
    exchange.addressing = soap.Addressing(
        message_id=exchange.message_id,
        to=address,
        action=ANSWER_ELEMENT[1:].replace("}", "#"),
        relates_to=recommendation.relates_to,
    )
    client.wsse = exchange
    members: dict[str, Any] = {
        "case": recommendation.case,
        "number": recommendation.number,
        "date": recommendation.date,
        "favourable": recommendation.favourable,
        "official": recommendation.official,
        "condition": list(recommendation.conditions),
    }
    getattr(client.bind(service, port), operation)(**members)
    if exchange.verified is None or soap.acknowledged_id(exchange.verified.document) != exchange.message_id:
        raise Unauthenticated("the hub did not acknowledge this message", code="not-acknowledged")
    return exchange.verified


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _find_operation(client: zeep.Client) -> tuple[str, str, str, str]:
    """Find service, port, operation and address that take the answer over SOAP 1.2."""
    for service in client.wsdl.services.values():
        for port in service.ports.values():
            if not isinstance(port.binding, Soap12Binding):
                continue
            for name, operation in port.binding.all().items():
                if operation.input.body.qname == ANSWER_ELEMENT:
                    return service.name, port.name, name, port.binding_options["address"]
    raise Misconfigured("the WSDL has no SOAP 1.2 operation that takes RecommendationAnswer: give the callback's WSDL")


def main(
    wsdl: Annotated[str, typer.Option(help="H/soap/dpupr/technical-recommendation?wsdl")],
    key: Annotated[Path, typer.Option(help="DPUPR's private key, PEM")],
    certificate: Annotated[Path, typer.Option(help="its certificate, PEM")],
    hub_certificate: Annotated[Path, typer.Option(help="the hub's certificate, PEM")],
    relates_to: Annotated[str, typer.Option(help="MessageID of the request that is answered")],
    case: Annotated[str, typer.Option(help="the case that the request names")],
    number: Annotated[str, typer.Option(help="the recommendation's number")] = "600/0001/2026",
    official: Annotated[str, typer.Option(help="who signed it")] = "Ir. Contoh",
    condition: Annotated[list[str] | None, typer.Option(help="a condition; may be given again")] = None,
    *,
    favourable: Annotated[bool, typer.Option("--favourable/--unfavourable", help="the recommendation")] = True,
    confidential: Annotated[bool, typer.Option(help="encrypt it, and take an encrypted answer alone")] = False,
) -> None:
    """Give a technical recommendation to the hub over signed SOAP, dated today, and print its acknowledgement."""
    try:
        acknowledgement = give_recommendation(
            wsdl,
            Recommendation(
                relates_to=relates_to,
                case=case,
                number=number,
                date=local_date(datetime.now(UTC)),
                favourable=favourable,
                official=official,
                conditions=tuple(condition or ()),
            ),
            load_identity(key, certificate),
            load_certificates(hub_certificate),
            message_id=f"urn:uuid:{uuid4()}",
            clock=lambda: datetime.now(UTC),
            confidential=confidential,
        )
    except (GatewayError, zeep.exceptions.Error, httpx2.HTTPError, OSError) as fault:
        print(f"not acknowledged: {fault}", file=sys.stderr)
        raise typer.Exit(EXIT_REFUSED) from fault
    print(etree.tostring(acknowledgement.document, encoding="unicode"))
    print(f"ledger leaf: {acknowledgement.leaf or 'none named'}")


if __name__ == "__main__":
    typer.run(main)
