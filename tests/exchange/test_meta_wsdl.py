"""The WSDLs of meta-services, and those that agencies implement, load in a strict client, which then uses them."""

from __future__ import annotations

from typing import Any

import pytest
import zeep
import zeep.exceptions
from lxml import etree

from conformance.clients.soap_client import HttpTransport, SignedExchange
from conformance.signing import soap
from tests.exchange import meta_voices, voices
from tests.exchange.stage import Stage

QUESTIONS: dict[str, dict[str, Any]] = {
    "echo": {"text": "Halo", "clientTime": "2026-03-02T10:00:00+07:00"},
    "allowed": {},
    "agreements": {},
    "status": {"messageId": "v-1"},
    "receipt": {"messageId": "v-1"},
    "documents": {},
    "reconcile": {"from": "2026-03-02", "to": "2026-03-02", "line": [{"messageId": "v-1", "sha256": "a" * 64}]},
}
BINDINGS = ("Soap11", "Soap12")


def strict(stage: Stage, path: str, exchange: SignedExchange | None = None) -> zeep.Client:
    """A strict zeep client of a WSDL that the hub serves; `exchange` signs and verifies for it."""
    wsdl = f"{stage.door.url}{path}?wsdl"
    settings = zeep.Settings(strict=True, forbid_dtd=True, forbid_entities=True)
    return zeep.Client(wsdl, transport=HttpTransport(stage.client, wsdl), settings=settings, wsse=exchange)


@pytest.mark.parametrize("binding", BINDINGS)
@pytest.mark.parametrize("name", QUESTIONS)
def test_a_strict_client_asks_each_of_them_by_its_wsdl(stage: Stage, name: str, binding: str) -> None:
    voices.ask_validity(stage)
    stage.hub.integrator.run_once()
    exchange = SignedExchange(meta_voices.identity("dpupr"), [stage.certificate], f"urn:q:{name}", stage.clock)
    client = strict(stage, f"/soap/dpupr/meta.{name}", exchange)
    document = f"urn:simojo:meta-{name}:request:1.0#{name.title()}Request"
    address = client.wsdl.services["Service"].ports[binding].binding_options["address"]
    assert address == f"{stage.door.url}/soap/dpupr/meta.{name}"
    exchange.addressing = soap.Addressing(message_id=exchange.message_id, to=address, action=document)
    told = client.bind("Service", binding).Exchange(**QUESTIONS[name])
    assert exchange.verified is not None
    expected: dict[str, Any] = {
        "echo": lambda: told.text == "Halo" and told.certificate.uses == ["sign"],
        "allowed": lambda: [each.name for each in told.interaction] == ["technical-recommendation", "permit-validity"],
        "agreements": lambda: told.agreement[0].inForce,
        "status": lambda: told.known and told.message[0].code == "not-found",
        "receipt": lambda: told.receipt.startswith("{"),
        "documents": lambda: len(told.document) > 12,
        "reconcile": lambda: told.line[0].state == "different" and told.line[0].difference[0].ours is not None,
    }
    assert expected[name]()


def test_a_refusal_is_a_fault_that_a_strict_client_raises(stage: Stage) -> None:
    exchange = SignedExchange(meta_voices.identity("stranger"), [stage.certificate], "urn:q:1", stage.clock)
    client = strict(stage, "/soap/dpupr/meta.echo", exchange)
    exchange.addressing = soap.Addressing(
        message_id="urn:q:1",
        to=f"{stage.door.url}/soap/dpupr/meta.echo",
        action="urn:simojo:meta-echo:request:1.0#EchoRequest",
    )
    with pytest.raises(zeep.exceptions.Fault, match="not registered"):
        client.bind("Service", "Soap12").Exchange()


@pytest.mark.parametrize("binding", BINDINGS)
def test_the_wsdl_that_an_agency_implements_is_served_and_writes_what_we_send(stage: Stage, binding: str) -> None:
    stage.requested()
    (call,) = stage.town.calls["dpupr"]
    sent = soap.body_child(call.body)
    client = strict(stage, "/soap/dpupr/technical-recommendation/required")
    port = client.wsdl.services["Service"].ports[binding]
    assert port.binding_options["address"] == "https://dpupr.invalid/technical-recommendation"
    operation = port.binding.get("Exchange")
    assert operation.input.body.qname.text == sent.tag
    assert operation.output.body.qname.text == "{urn:simojo:acknowledgement:1.0}Acknowledgement"
    schema = stage.hub.library.xml("dpupr/technical-recommendation/1.0/request")
    (content,) = operation.create(**schema.to_payload(sent)).content.find("{*}Body")
    assert schema.check(content) == ()
    assert schema.to_payload(content) == schema.to_payload(sent)


def test_what_the_agency_implements_and_what_the_hub_serves_differ(stage: Stage) -> None:
    path = "/soap/dpupr/technical-recommendation"
    required = stage.client.get(f"{path}/required?wsdl").content
    assert required != stage.client.get(f"{path}?wsdl").content
    imports = [each.get("schemaLocation") or "" for each in etree.fromstring(required).iter("{*}import")]
    assert [each.rpartition("/")[0] for each in imports] == ["required/xsd"] * 2
    assert {stage.client.get(f"{path}/{each}").status_code for each in imports} == {200}


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/soap/dpupr/permit-validity/required", "interaction-unknown"),
        ("/soap/dpupr/meta.echo/required", "interaction-unknown"),
        ("/soap/sms/send-pin/required", "interaction-unknown"),
        ("/soap/nobody/technical-recommendation/required", "agency-unknown"),
        ("/soap/dpupr/technical-recommendation/required/xsd/nothing.xsd", "document-unknown"),
        ("/soap/dpupr/meta.nothing", "interaction-unknown"),
        ("/soap/dpupr/meta/echo", "not-found"),
    ],
)
def test_what_no_agency_implements_has_no_wsdl(stage: Stage, path: str, code: str) -> None:
    said = voices.read(stage.client.get(path))
    assert (said.status, said.code) == (404, code)
