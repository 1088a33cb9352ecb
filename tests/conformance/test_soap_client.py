"""The zeep client: its message as the hub would take it, and the answers that it must not believe."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import zeep.exceptions
from cryptography.hazmat.primitives import serialization
from fastapi import Response
from lxml import etree

from conformance.clients.soap_client import Recommendation, give_recommendation
from conformance.peers.documents import xsd_violations
from conformance.signing import encryption, soap, wss
from conformance.signing.keys import Identity
from gateway.domain.errors import Misconfigured, Unauthenticated
from tests.conformance.conftest import NOW, FakeHub, Heard

ROOT = Path(__file__).parents[2]
SERVICE = "/soap/dpupr/technical-recommendation"
XSDS = {
    "/answer.xsd": ROOT / "schemas/dpupr/technical-recommendation/1.0/answer.xsd",
    "/acknowledgement.xsd": ROOT / "schemas/simojo/acknowledgement/1.0/acknowledgement.xsd",
}
ANSWER_NS = "urn:simojo:dpupr:technical-recommendation:answer:1.0"
WSDL = """<wsdl:definitions xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:s11="http://schemas.xmlsoap.org/wsdl/soap/"
  xmlns:s12="http://schemas.xmlsoap.org/wsdl/soap12/" xmlns:xs="http://www.w3.org/2001/XMLSchema"
  xmlns:w="urn:w" xmlns:a="{answer}" xmlns:k="urn:simojo:acknowledgement:1.0" targetNamespace="urn:w">
 <wsdl:types><xs:schema>
   <xs:import namespace="{answer}" schemaLocation="{hub}/answer.xsd"/>
   <xs:import namespace="urn:simojo:acknowledgement:1.0" schemaLocation="{hub}/acknowledgement.xsd"/>
 </xs:schema></wsdl:types>
 <wsdl:message name="in"><wsdl:part name="document" element="a:RecommendationAnswer"/></wsdl:message>
 <wsdl:message name="out"><wsdl:part name="document" element="k:Acknowledgement"/></wsdl:message>
 <wsdl:portType name="P"><wsdl:operation name="Answer">
   <wsdl:input message="w:in"/><wsdl:output message="w:out"/>
 </wsdl:operation></wsdl:portType>
 {bindings}
 <wsdl:service name="S">{ports}</wsdl:service>
</wsdl:definitions>"""
BINDING = """<wsdl:binding name="B{v}" type="w:P">
  <s{v}:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>
  <wsdl:operation name="Answer"><s{v}:operation soapAction=""/>
    <wsdl:input><s{v}:body use="literal"/></wsdl:input><wsdl:output><s{v}:body use="literal"/></wsdl:output>
  </wsdl:operation></wsdl:binding>"""
PORT = '<wsdl:port name="P{v}" binding="w:B{v}"><s{v}:address location="{hub}{service}"/></wsdl:port>'
SAID = Recommendation(
    relates_to="urn:uuid:r-1",
    case="K-2026-000017",
    number="600/0001/2026",
    date=date(2026, 3, 2),
    favourable=True,
    official="Ir. Contoh",
    conditions=("Garis sempadan 3 m",),
)


def wsdl(hub: FakeHub, *versions: str) -> str:
    return WSDL.format(
        answer=ANSWER_NS,
        hub=hub.url,
        bindings="".join(BINDING.format(v=v) for v in versions),
        ports="".join(PORT.format(v=v, hub=hub.url, service=SERVICE) for v in versions),
    )


@pytest.fixture
def say(hub: FakeHub, hub_identity: Identity) -> Callable[..., None]:
    """Let the hub serve its WSDL, and answer posts with `document` (None: an acknowledgement) by `signer`."""

    def prepare(
        *,
        signer: Identity | None = hub_identity,
        document: etree._Element | None = None,
        about: str | None = None,
        status: int = 200,
        versions: tuple[str, ...] = ("11", "12"),
        clock: Callable[[], datetime] = lambda: NOW,
    ) -> None:
        def answer(heard: Heard) -> Response:
            if heard.path in XSDS:
                return Response(XSDS[heard.path].read_bytes())
            if not heard.body:
                return Response(wsdl(hub, *versions))
            said = etree.fromstring(heard.body).findtext(f".//{{{soap.WSA}}}MessageID") or ""
            reply = soap.acknowledgement(about or said, NOW, "x-1") if document is None else document
            addressing = soap.Addressing(
                message_id="urn:uuid:a", to=soap.ANONYMOUS, action=soap.action_of(reply), relates_to=about or said
            )
            envelope = soap.envelope(reply, addressing)
            data = etree.tostring(envelope) if signer is None else wss.sign(envelope, signer, at=clock())
            return Response(data, status_code=status, media_type=soap.CONTENT_TYPES[soap.SOAP_12])

        hub.answer = answer

    return prepare


@pytest.fixture
def give(hub: FakeHub, agency: Identity, hub_identity: Identity) -> Callable[[], wss.VerifiedEnvelope]:
    return lambda: give_recommendation(
        f"{hub.url}{SERVICE}?wsdl",
        SAID,
        agency,
        [hub_identity.certificate],
        message_id="urn:uuid:m-1",
        clock=lambda: NOW,
    )


def test_zeeps_message_is_signed_addressed_and_valid(
    say: Callable[..., None], give: Callable[[], wss.VerifiedEnvelope], hub: FakeHub, agency: Identity
) -> None:
    say()
    taken = give()
    assert soap.acknowledged_id(taken.document) == "urn:uuid:m-1"
    (heard,) = [each for each in hub.at(SERVICE) if each.body]
    assert heard.headers["content-type"].startswith("application/soap+xml")
    said = wss.verify(heard.body, [agency.certificate], at=NOW)
    assert (said.message_id, said.relates_to) == ("urn:uuid:m-1", "urn:uuid:r-1")
    assert said.action == f"{ANSWER_NS}#RecommendationAnswer"
    assert said.to == f"{hub.url}{SERVICE}"
    assert xsd_violations("dpupr/technical-recommendation/1.0/answer", said.document) == ()
    assert said.document.findtext(f"{{{ANSWER_NS}}}condition") == "Garis sempadan 3 m"


def test_a_confidential_answer_is_taken_encrypted_and_not_in_clear(
    say: Callable[..., None], hub: FakeHub, agency: Identity, hub_identity: Identity
) -> None:
    def give() -> wss.VerifiedEnvelope:
        return give_recommendation(
            f"{hub.url}{SERVICE}?wsdl",
            SAID,
            agency,
            [hub_identity.certificate],
            message_id="urn:uuid:m-1",
            clock=lambda: NOW,
            confidential=True,
        )

    say()
    in_clear = hub.answer
    with pytest.raises(Unauthenticated) as caught:
        give()
    assert caught.value.code == "encryption-missing"

    def in_secret(heard: Heard) -> Response:
        answer = in_clear(heard)
        if heard.path != SERVICE or not heard.body:
            return answer
        assert encryption.is_encrypted(heard.body)
        data = encryption.encrypt_body(bytes(answer.body), agency.certificate)
        return Response(data, media_type=answer.media_type)

    hub.answer = in_secret
    assert soap.acknowledged_id(give().document) == "urn:uuid:m-1"


def test_a_strangers_acknowledgement_is_not_believed(
    say: Callable[..., None], give: Callable[[], wss.VerifiedEnvelope], agency: Identity
) -> None:
    say(signer=agency)
    with pytest.raises(Unauthenticated) as refused:
        give()
    assert refused.value.code == "certificate-unknown"


def test_an_unsigned_acknowledgement_is_not_believed(
    say: Callable[..., None], give: Callable[[], wss.VerifiedEnvelope]
) -> None:
    say(signer=None)
    with pytest.raises(Unauthenticated) as refused:
        give()
    assert refused.value.code == "not-signed"


def test_an_acknowledgement_of_another_message_is_not_believed(
    say: Callable[..., None], give: Callable[[], wss.VerifiedEnvelope]
) -> None:
    say(about="urn:uuid:other")
    with pytest.raises(Unauthenticated) as refused:
        give()
    assert refused.value.code == "signature-claims"


@pytest.mark.parametrize("signed", [True, False])
def test_a_refusal_is_raised_with_its_text(
    say: Callable[..., None], give: Callable[[], wss.VerifiedEnvelope], hub_identity: Identity, signed: bool
) -> None:
    fault = soap.Fault(code="not-agreed", text="no agreement covers this")
    say(document=soap.fault_document(fault), status=400, signer=hub_identity if signed else None)
    with pytest.raises(zeep.exceptions.Fault, match="no agreement covers this"):
        give()


def test_a_wsdl_without_soap_12_is_named(say: Callable[..., None], give: Callable[[], wss.VerifiedEnvelope]) -> None:
    say(versions=("11",))
    with pytest.raises(Misconfigured, match=r"SOAP 1\.2"):
        give()


def test_a_wsdl_that_imports_from_elsewhere_is_not_followed(
    hub: FakeHub, give: Callable[[], wss.VerifiedEnvelope]
) -> None:
    hub.answer = lambda _: Response(wsdl(hub, "12").replace(f"{hub.url}/answer.xsd", "http://elsewhere.example/a.xsd"))
    with pytest.raises(Misconfigured, match=r"elsewhere\.example"):
        give()


def run_client(hub: FakeHub, folder: Path, certificate: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "conformance.clients.soap_client"]
    options = {
        "--wsdl": f"{hub.url}{SERVICE}?wsdl",
        "--key": folder / "key.pem",
        "--certificate": folder / "certificate.pem",
        "--hub-certificate": certificate,
        "--relates-to": "urn:uuid:r-1",
        "--case": "K-2026-000017",
    }
    arguments = [str(each) for pair in options.items() for each in pair]
    return subprocess.run([*command, *arguments, "--unfavourable"], capture_output=True, text=True, check=False)


def test_the_command_line_prints_the_acknowledgement_or_the_reason(
    say: Callable[..., None],
    hub: FakeHub,
    hub_identity: Identity,
    agency: Identity,
    agency_folder: Path,
    tmp_path: Path,
) -> None:
    certificate = tmp_path / "hub.pem"
    certificate.write_bytes(hub_identity.certificate.public_bytes(serialization.Encoding.PEM))
    say(clock=lambda: datetime.now(UTC))
    ran = run_client(hub, agency_folder, certificate)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "Acknowledgement" in ran.stdout
    (heard,) = [each for each in hub.at(SERVICE) if each.body]
    said = wss.verify(heard.body, [agency.certificate], at=datetime.now(UTC))
    assert said.document.findtext(f"{{{ANSWER_NS}}}favourable") == "false"
    say(clock=lambda: datetime.now(UTC), signer=agency)
    ran = run_client(hub, agency_folder, certificate)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr.startswith("not acknowledged: ")
