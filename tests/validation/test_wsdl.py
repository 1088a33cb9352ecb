"""A WSDL of an agreement is loaded by a strict client, which then writes valid messages; the agreed XSD is verbatim."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import zeep
from lxml import etree
from zeep.transports import Transport as ZeepTransport

from adapters.dpupr import ADAPTER
from gateway.contract.adapter import Accept, Found, Inquiry, Interaction, Submission
from gateway.contract.message import Payload
from gateway.domain.errors import Misconfigured
from gateway.domain.events import Reference
from gateway.validation.library import ACKNOWLEDGEMENT, SchemaLibrary, default_roots
from gateway.validation.wsdl import Port, required_port, served_port

ROOT = Path(__file__).parents[2]
LIBRARY = SchemaLibrary(default_roots())
REQUEST = "dpupr/technical-recommendation/1.0/request"
ANSWER = "dpupr/technical-recommendation/1.0/answer"
URL = "https://hub.example/soap/dpupr/technical-recommendation"
SPACES = {"wsdl": "http://schemas.xmlsoap.org/wsdl/", "xs": "http://www.w3.org/2001/XMLSchema"}


def about(payload: Payload) -> tuple[Reference, ...]:
    return ()


def answer(payload: Payload, found: Found) -> Payload:
    return {}


def to_cases(payload: Payload, found: Found) -> Accept:
    return Accept()


RECOMMENDATION = ADAPTER.interactions[0]
INQUIRY = Inquiry(name="ask", security="wss-x509", request=REQUEST, reply=ANSWER, about=about, answer=answer)
SUBMISSION = Submission(name="tell", security="wss-x509", request=REQUEST, about=about, to_cases=to_cases)


class Served(ZeepTransport):
    """Serves a port's files from memory, by the URLs that a client derives from the WSDL's own."""

    def __init__(self, port: Port, url: str = URL) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # zeep ships no types
        base = url.rpartition("/")[0]
        self.files = {f"{url}?wsdl": port.wsdl()}
        self.files |= {f"{base}/{port.interaction}/xsd/{name}": data for name, data in port.files().items()}

    def load(self, url: str) -> bytes:
        return self.files[url]


def client(port: Port) -> zeep.Client:
    return zeep.Client(f"{URL}?wsdl", transport=Served(port), settings=zeep.Settings(strict=True))


def ports() -> Mapping[str, Port]:
    return {
        "served": served_port("dpupr", RECOMMENDATION, LIBRARY, URL),
        "required": required_port("dpupr", RECOMMENDATION, LIBRARY, "https://dpupr.example/soap"),
        "inquiry": served_port("dpupr", INQUIRY, LIBRARY, URL),
        "submission": served_port("dpupr", SUBMISSION, LIBRARY, URL),
    }


@pytest.mark.parametrize(
    ("which", "taken", "given", "address"),
    [
        ("served", ANSWER, ACKNOWLEDGEMENT, URL),
        ("required", REQUEST, ACKNOWLEDGEMENT, "https://dpupr.example/soap"),
        ("inquiry", REQUEST, ANSWER, URL),
        ("submission", REQUEST, ACKNOWLEDGEMENT, URL),
    ],
)
def test_each_direction_has_its_own_two_documents(which: str, taken: str, given: str, address: str) -> None:
    port = ports()[which]
    assert (port.request.id, port.answer.id, port.address) == (taken, given, address)
    for name in ("Soap11", "Soap12"):
        operation = client(port).wsdl.services["Service"].ports[name].binding.get("Exchange")
        assert operation.input.body.qname.text == f"{{{port.request.root.namespace}}}{port.request.root.localname}"
        assert operation.output.body.qname.text == f"{{{port.answer.root.namespace}}}{port.answer.root.localname}"
        assert operation.soapaction == port.request.action
        assert operation.style == "document"


@pytest.mark.parametrize(
    ("which", "example"),
    [("served", "answer/two-conditions"), ("required", "request/building"), ("required", "request/spatial-plan-least")],
)
@pytest.mark.parametrize("binding", ["Soap11", "Soap12"])
def test_a_strict_client_writes_a_message_that_keeps_to_the_xsd(which: str, example: str, binding: str) -> None:
    port = ports()[which]
    folder = ROOT / "schemas" / "dpupr" / "technical-recommendation" / "1.0" / "examples"
    payload = port.request.to_payload(etree.parse(folder / f"{example}.xml").getroot())
    operation = client(port).wsdl.services["Service"].ports[binding].binding.get("Exchange")
    envelope = operation.create(**payload).content
    (content,) = envelope.find("{*}Body")
    assert port.request.check(content) == ()
    assert port.request.to_payload(content) == payload
    version = {
        "Soap11": "http://schemas.xmlsoap.org/soap/envelope/",
        "Soap12": "http://www.w3.org/2003/05/soap-envelope",
    }
    assert etree.QName(envelope).namespace == version[binding]


@pytest.mark.parametrize("which", ports())
def test_the_agreed_xsd_is_imported_verbatim_and_by_a_relative_path(which: str) -> None:
    port = ports()[which]
    imports = etree.fromstring(port.wsdl()).findall("wsdl:types/xs:schema/xs:import", SPACES)
    locations = [each.get("schemaLocation") or "" for each in imports]
    files = port.files()
    assert [each.get("namespace") for each in imports] == [port.request.root.namespace, port.answer.root.namespace]
    assert [f"{port.interaction}/xsd/{name}" for name in files] == locations
    for document, location in zip((port.request, port.answer), locations, strict=True):
        assert files[location.rpartition("/")[2]] == (ROOT / "schemas" / f"{document.id}.xsd").read_bytes()


def test_document_literal_in_every_binding() -> None:
    text = ports()["served"].wsdl().decode()
    assert text.count('use="literal"') == 4
    assert text.count('style="document"') == 4
    assert "rpc" not in text


def shipped(root: Path, version: str, *, namespace: str, number: str) -> None:
    folder = root / "contoh" / "ask" / version
    folder.mkdir(parents=True)
    space = 'xmlns:xs="http://www.w3.org/2001/XMLSchema"'
    (folder / "common.xsd").write_text(
        f'<xs:schema {space} targetNamespace="urn:c"><xs:simpleType name="Number"><xs:restriction base="xs:token">'
        f'<xs:maxLength value="{number}"/></xs:restriction></xs:simpleType></xs:schema>',
        encoding="utf-8",
    )
    (folder / "permit.xsd").write_text(
        f'<xs:schema {space} xmlns:c="urn:c" targetNamespace="{namespace}" elementFormDefault="qualified">'
        '<xs:import namespace="urn:c" schemaLocation="common.xsd"/><xs:element name="Permit"><xs:complexType>'
        '<xs:sequence><xs:element name="number" type="c:Number"/></xs:sequence></xs:complexType></xs:element>'
        "</xs:schema>",
        encoding="utf-8",
    )


def asked(root: Path) -> Port:
    interaction: Interaction = replace(INQUIRY, request="contoh/ask/1.0/permit", reply="contoh/ask/2.0/permit")
    return served_port("contoh", interaction, SchemaLibrary([root]), URL)


def test_the_import_closure_is_served_whole(tmp_path: Path) -> None:
    for version in ("1.0", "2.0"):
        shipped(tmp_path, version, namespace=f"urn:{version}", number="3")
    port = asked(tmp_path)
    assert set(port.files()) == {"contoh.ask.1.0.permit.xsd", "contoh.ask.2.0.permit.xsd", "common.xsd"}
    envelope = client(port).create_message(client(port).bind("Service", "Soap12"), "Exchange", number="123")
    assert port.request.check(envelope.find("{*}Body")[0]) == ()


def test_two_imports_of_one_name_and_two_contents_are_refused(tmp_path: Path) -> None:
    shipped(tmp_path, "1.0", namespace="urn:1.0", number="3")
    shipped(tmp_path, "2.0", namespace="urn:2.0", number="4")
    with pytest.raises(Misconfigured, match=r"common\.xsd") as caught:
        asked(tmp_path).files()
    assert caught.value.code == "schema-unfit"


def test_two_documents_of_one_namespace_are_refused(tmp_path: Path) -> None:
    for version in ("1.0", "2.0"):
        shipped(tmp_path, version, namespace="urn:same", number="3")
    with pytest.raises(Misconfigured, match="share a namespace") as caught:
        asked(tmp_path).wsdl()
    assert caught.value.code == "schema-unfit"


def test_an_interaction_over_rest_has_no_xsd_and_so_no_wsdl() -> None:
    with pytest.raises(Misconfigured) as caught:
        served_port("dpupr", ADAPTER.interactions[-1], LIBRARY, URL)
    assert caught.value.code == "schema-unknown"
