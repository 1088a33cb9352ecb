"""zeep writes envelopes by the agreed WSDL, from memory alone, and changes nothing of what was agreed."""

from __future__ import annotations

import dataclasses
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from lxml import etree
from lxml.etree import _Element

from gateway.contract.message import Transport
from gateway.domain.errors import Misconfigured
from gateway.transport.soap import SoapRequestBuilder
from gateway.trust.envelope import open_envelope
from gateway.validation.library import ACKNOWLEDGEMENT, SchemaLibrary, default_roots
from gateway.validation.wsdl import Port

EXAMPLES = Path(__file__).parents[2] / "schemas/dpupr/technical-recommendation/1.0/examples/request"
LIBRARY = SchemaLibrary(default_roots())
PORT = Port(
    agency="dpupr",
    interaction="technical-recommendation",
    request=LIBRARY.xml("dpupr/technical-recommendation/1.0/request"),
    answer=LIBRARY.xml(ACKNOWLEDGEMENT),
    address="https://dpupr.example/soap",
)
BUILDER = SoapRequestBuilder()
VERSIONS = pytest.mark.parametrize("version", [Transport.SOAP_11, Transport.SOAP_12])
ACTION = "urn:simojo:dpupr:technical-recommendation:request:1.0#RecommendationRequest"


def example(name: str = "building.xml") -> _Element:
    return etree.parse(EXAMPLES / name).getroot()


def canonical(element: _Element) -> bytes:
    return etree.tostring(element, method="c14n", exclusive=True)


@VERSIONS
@pytest.mark.parametrize("name", ["building.xml", "spatial-plan-least.xml"])
def test_a_payload_is_written_as_the_agreed_document(version: Transport, name: str) -> None:
    payload = PORT.request.to_payload(example(name))

    built = BUILDER.build(PORT, payload, version=version, message_id="urn:uuid:1", to=PORT.address)

    envelope = open_envelope(etree.tostring(built), max_bytes=100_000)
    assert envelope.version is version
    assert PORT.request.check(envelope.content) == ()
    assert PORT.request.to_payload(envelope.content) == payload


@VERSIONS
def test_an_element_stands_in_the_body_as_it_is_and_stays_with_its_owner(version: Transport) -> None:
    element = example()

    built = BUILDER.build(PORT, element, version=version, message_id="urn:uuid:1", to=PORT.address)

    assert canonical(built[-1][0]) == canonical(example())
    assert element.getparent() is None


@VERSIONS
def test_the_addressing_says_who_what_and_where_to(version: Transport) -> None:
    leaf = etree.fromstring('<sl:Leaf xmlns:sl="urn:simojo:ledger:1.0">00ff</sl:Leaf>')

    built = BUILDER.build(
        PORT,
        example(),
        version=version,
        message_id="urn:uuid:2",
        to=PORT.address,
        relates_to="urn:uuid:1",
        headers=[leaf],
    )

    envelope = open_envelope(etree.tostring(built), max_bytes=100_000)
    assert (envelope.message_id, envelope.relates_to, envelope.to) == ("urn:uuid:2", "urn:uuid:1", PORT.address)
    assert envelope.action == ACTION
    assert canonical(built[0][-1]) == canonical(leaf)
    assert leaf.getparent() is None


def test_the_same_message_is_written_the_same_twice() -> None:
    first, second = (
        etree.tostring(BUILDER.build(PORT, example(), version=Transport.SOAP_12, message_id="m", to="t")) for _ in "12"
    )

    assert first == second


@VERSIONS
@pytest.mark.parametrize(
    "payload",
    [
        {"case": "K-2026-000017"},
        {"unknown": "x"},
        {"case": "K-2026-000017", "service": "pbg", "serviceName": "x", "purpose": "x", "location": 5, "applicant": 7},
    ],
)
def test_a_payload_that_the_wsdl_does_not_know_is_a_fault_of_ours(version: Transport, payload: dict[str, str]) -> None:
    with pytest.raises(Misconfigured) as raised:
        BUILDER.build(PORT, payload, version=version, message_id="m", to="t")

    assert raised.value.code == "wsdl-unfit"


def test_another_element_than_the_agreed_one_is_a_fault_of_ours() -> None:
    with pytest.raises(Misconfigured) as raised:
        BUILDER.build(PORT, etree.fromstring("<other/>"), version=Transport.SOAP_12, message_id="m", to="t")

    assert raised.value.code == "wsdl-unfit"


def test_nothing_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)

    built = SoapRequestBuilder().build(PORT, example(), version=Transport.SOAP_12, message_id="m", to="t")

    assert len(built) == 2


@dataclasses.dataclass(frozen=True, kw_only=True)
class AlteredPort(Port):
    """A WSDL with one text replaced by another."""

    old: bytes
    new: bytes

    def wsdl(self) -> bytes:
        original = super().wsdl()
        assert self.old in original
        return original.replace(self.old, self.new)


def altered(old: bytes, new: bytes) -> AlteredPort:
    return AlteredPort(**{each.name: getattr(PORT, each.name) for each in dataclasses.fields(PORT)}, old=old, new=new)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"technical-recommendation/xsd/", b"http://elsewhere.example/"),
        (b"technical-recommendation/xsd/", b"/etc/"),
        (b"<wsdl:definitions", b"<!DOCTYPE a><wsdl:definitions"),
        (b"</wsdl:definitions>", b""),
    ],
    ids=["of the network", "of the disk", "with a document type", "not XML"],
)
def test_a_wsdl_that_asks_for_more_than_came_with_it_is_not_read(old: bytes, new: bytes) -> None:
    with pytest.raises(Misconfigured) as raised:
        SoapRequestBuilder().build(altered(old, new), example(), version=Transport.SOAP_12, message_id="m", to="t")

    assert raised.value.code == "wsdl-unfit"


def test_a_wsdl_that_is_only_commented_otherwise_is_read() -> None:
    port = altered(b"<wsdl:types>", b"<!-- types --><wsdl:types>")

    built = SoapRequestBuilder().build(port, example(), version=Transport.SOAP_12, message_id="m", to="t")

    assert canonical(built[-1][0]) == canonical(example())


def test_many_threads_share_a_builder() -> None:
    builder = SoapRequestBuilder()
    payload = dict(PORT.request.to_payload(example()))

    def build(number: int) -> str | None:
        version = (Transport.SOAP_11, Transport.SOAP_12)[number % 2]
        numbered = payload | {"case": f"K-2026-{number:06}"}
        return builder.build(PORT, numbered, version=version, message_id="m", to="t").findtext(".//{*}case")

    with ThreadPoolExecutor(4) as threads:
        seen = list(threads.map(build, range(60)))

    assert seen == [f"K-2026-{number:06}" for number in range(60)]
