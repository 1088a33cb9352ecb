"""Every model over every transport, end to end: adapters as the skeleton has them, agencies that sign by themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from unittest import mock

import pytest
import zeep
from lxml import etree

from conformance.clients.soap_client import HttpTransport
from conformance.peers.agreed.agreement import Part, Script, script_of
from conformance.peers.agreed.examples import said_of
from conformance.peers.agreed.rest import RestVoice
from conformance.peers.agreed.soap import VERSIONS, SoapVoice
from conformance.peers.agreed.voices import Seat, Voice
from conformance.signing import soap
from gateway.cli.skeleton.choice import Model
from gateway.contract.adapter import Accept, Adapter, Dialect, Repeat, Request
from gateway.contract.message import Payload, Reply, Transport
from gateway.contract.samples import sample_ask
from gateway.domain.errors import Malformed
from gateway.exchange.checking import check_agreement
from gateway.store.tables import DeliveryRow
from gateway.validation.agreement_file import agreement_of, read_agreement
from gateway.validation.library import ACKNOWLEDGEMENT, SchemaLibrary, default_roots
from tests.databases import Furnished
from tests.exchange.conftest import hub_folder
from tests.exchange.keys import agency_identity
from tests.exchange.stage import ADAPTERS, Stage, enrol
from tests.exchange.test_by_hand import in_force
from tests.exchange.town import Call, Door, Street, Told
from tests.skeletons import TRANSPORTS, choice_of, written

OUTBOUND = {Model.QUERY: "VerifyResident", Model.REQUEST: "VerifyResident", Model.NOTIFICATION: "NotifyApplicant"}
INBOUND = (Model.INQUIRY, Model.SUBMISSION)
SOAP = tuple(each for each in TRANSPORTS if each.is_soap)


def agency_of(model: Model, transport: Transport) -> str:
    return f"{model}-{transport}".replace(".", "")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Adapter]:
    folder = tmp_path_factory.mktemp("models")
    choices = [
        choice_of(model, transport, agency=agency_of(model, transport), serves=OUTBOUND.get(model))
        for model in (*OUTBOUND, *INBOUND)
        for transport in TRANSPORTS
    ]
    return {choice.agency: written(folder / choice.agency, choice) for choice in choices}


@pytest.fixture(scope="module")
def stage(template: Furnished, door: Door, street: Street, models: dict[str, Adapter]) -> Iterator[Stage]:
    """One hub with all of them: agreements in force, endpoints and certificates registered."""
    library = SchemaLibrary(default_roots(models.values()))
    with mock.patch("tests.exchange.stage.LIBRARY", library), hub_folder(template) as (folder, url):
        opened = Stage(folder, door, street, url, adapters={**ADAPTERS, **models})
        registry = opened.hub.store.registry
        for agency, adapter in models.items():
            agreement = read_agreement(agreement_of(adapter) or "")
            registry.import_agreement(agreement, adapter, "staff/siti")
            registry.activate_for_development(agreement.id, agreement.version, "staff/siti")
            registry.set_endpoint(agency, f"{street.url}/{agency}", "staff/siti")
            enrol(opened, agency, agency_identity(agency))
        yield opened
        opened.close()


@pytest.fixture(scope="module", autouse=True)
def permit(stage: Stage) -> str:
    """The number of a permit that is in force: made first, while Dukcapil's agreed rate is not used up."""
    return in_force(stage)


class Agency:
    """One of the agencies, at work."""

    def __init__(self, stage: Stage, model: Model, transport: Transport) -> None:
        self.stage = stage
        self.name = agency_of(model, transport)
        self.adapter = stage.adapters[self.name]
        self.script: Script = script_of(self.name, f"{self.adapter.package}:ADAPTER")
        (self.part,) = self.script.parts
        seat = Seat(
            script=self.script,
            identity=agency_identity(self.name),
            hub_url=stage.door.url,
            certificates=lambda: [stage.certificate],
            clock=stage.clock,
            new_id=iter(f"urn:{self.name}:{number}" for number in range(1, 99)).__next__,
        )
        self.voice: Voice = SoapVoice(seat) if transport.is_soap else RestVoice(seat)
        stage.town.always[self.name] = self.answers

    def says(self, document: str, about: Payload) -> Payload:
        return said_of(document, self.script.library, soap=self.part.soap, about=about, ordered={})

    def answers(self, call: Call) -> Told:
        """The example reply, or the acknowledgement, signed."""
        taken = self.voice.take(call.headers, call.body)
        reply = getattr(self.part.declared, "reply", None)
        said: Payload = {"messageId": taken.message_id, "receivedAt": "2026-03-02T10:00:00+07:00", "exchange": "D-17"}
        if reply is not None:
            said = self.says(reply, taken.payload)
        response = self.voice.answer(taken, reply or ACKNOWLEDGEMENT, said)
        return Told(status=response.status_code, body=bytes(response.body), headers=dict(response.headers))

    def tells(self, document: str, said: Payload, message_id: str, about: str | None = None) -> Payload:
        """Send it to the hub; gives the hub's verified answer. Raises Malformed for a refusal."""
        letter = self.voice.letter(self.part, document, said, message_id, about)
        got = self.stage.client.post(letter.url, content=letter.body, headers=dict(letter.headers))
        return self.voice.heard(letter, message_id, got.status_code, dict(got.headers), got.content)

    def asked(self) -> DeliveryRow:
        """A case needs the agency, and what it needs is sent."""
        case = self.stage.register()
        steps = self.stage.hub.deeds.steps("staff/rina")
        declared: Any = self.part.declared
        steps.ask(case.id, sample_ask(declared.serves, self.name))
        self.stage.hub.deeds.finish(steps.plan())
        self.stage.deliver(self.name)
        return self.stage.delivery(case.id, self.name)


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("model", OUTBOUND)
def test_what_the_hub_says_first_is_signed_understood_and_answered(
    stage: Stage, model: Model, transport: Transport
) -> None:
    agency = Agency(stage, model, transport)
    delivery = agency.asked()
    assert (delivery.state, delivery.cause) == ("awaiting" if model is Model.REQUEST else "answered", None)
    call = stage.town.calls[agency.name][-1]
    if transport.is_soap:
        assert etree.QName(soap.parse(call.body)).namespace == VERSIONS[transport]
        assert ("soapaction" in call.headers) is (transport is Transport.SOAP_11)
    if model is Model.REQUEST:
        assert isinstance(agency.part.declared, Request)
        document = agency.part.declared.answer
        said = agency.says(document, {"case": delivery.case_id})
        heard = agency.tells(document, said, "urn:callback", delivery.message_id)
        assert heard["messageId"] == "urn:callback"
        assert stage.state(delivery) == "answered"
    if model is not Model.NOTIFICATION:
        assert stage.case(delivery.case_id).residency == "verified"


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_an_agency_asks_and_is_answered_or_told_why_not(stage: Stage, permit: str, transport: Transport) -> None:
    agency = Agency(stage, Model.INQUIRY, transport)
    document = agency.part.declared.request
    heard = agency.tells(document, {"permitNumber": permit}, "urn:q:1")
    assert heard == {"permitNumber": permit, "valid": True}
    with pytest.raises(Malformed, match="not-found"):
        agency.tells(document, {"permitNumber": "999/TIDAK/ADA"}, "urn:q:2")


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_an_agency_tells_and_is_acknowledged(stage: Stage, permit: str, transport: Transport) -> None:
    agency = Agency(stage, Model.SUBMISSION, transport)
    said = {"permitNumber": permit, "text": f"Dilihat lewat {transport}."}
    heard = agency.tells(agency.part.declared.request, said, "urn:s:1")
    assert heard["messageId"] == "urn:s:1"
    (row,) = [row for row in stage.exchanges(agency.name) if row.message_id == "urn:s:1"]
    assert row.case_id is not None
    assert f"{agency.name}/field-report: {said['text']}" in stage.case(row.case_id).attention


@pytest.mark.parametrize("transport", SOAP)
def test_what_tells_it_otherwise_is_said_in_the_agreed_document(
    stage: Stage, permit: str, transport: Transport
) -> None:
    """A submission with a reply of its own: over SOAP the dialect gives its members, the hub writes the document."""
    agency = Agency(stage, Model.SUBMISSION, transport)
    own: Payload = {"messageId": "milik-instansi", "receivedAt": "2026-03-02T10:00:00+07:00", "exchange": "X-17"}
    dialect = Dialect(refuse=lambda *_: Reply(status=400, payload={}), accept=lambda *_: Reply(status=200, payload=own))
    with_reply = replace(agency.adapter, dialect=dialect)
    agency.adapter, right = with_reply, agency.adapter
    try:
        with mistaken(agency, reply=ACKNOWLEDGEMENT):
            said = {"permitNumber": permit, "text": "Sesuai."}
            assert agency.tells(agency.part.declared.request, said, "urn:s:own") == own
    finally:
        stage.adapters[agency.name] = right


@pytest.mark.parametrize("transport", SOAP)
def test_an_answer_that_does_not_say_what_it_answers_is_not_believed(stage: Stage, transport: Transport) -> None:
    """Else the answer about one person, sent again within its five minutes, would be taken for one about another."""
    agency = Agency(stage, Model.QUERY, transport)
    right = soap.Addressing
    with mock.patch.object(soap, "Addressing", lambda **said: right(**{**said, "relates_to": None})):
        delivery = agency.asked()
    assert delivery.state == "unknown"
    assert "does not say which message it answers" in (delivery.cause or "")
    stage.clock.at = delivery.due_at
    stage.deliver(agency.name)
    assert stage.state(delivery) == "answered"


# --- a mapping that raises ----------------------------------------------------------------------------------------


def raises(*_: object) -> Any:
    raise KeyError("9999014506900001")


@contextmanager
def mistaken(agency: Agency, **members: Any) -> Iterator[None]:
    """The agency's adapter with another function in the place of its own."""
    (declared,) = agency.adapter.interactions
    wrong = replace(agency.adapter, interactions=(replace(declared, **members),))
    agency.stage.adapters[agency.name] = wrong
    try:
        yield
    finally:
        agency.stage.adapters[agency.name] = agency.adapter


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("model", OUTBOUND)
def test_what_cannot_be_mapped_is_held_back_and_sent_once_the_adapter_is_mended(
    stage: Stage, model: Model, transport: Transport
) -> None:
    agency = Agency(stage, model, transport)
    before = len(stage.town.calls[agency.name])
    with mistaken(agency, to_agency=raises):
        delivery = agency.asked()
    assert (delivery.state, delivery.attempts) == ("queued", 0)
    assert "cannot map" in (delivery.cause or "")
    assert "9999014506900001" not in (delivery.cause or "")
    assert len(stage.town.calls[agency.name]) == before
    stage.clock.advance(minutes=1)
    stage.deliver(agency.name)
    assert stage.state(delivery) in ("answered", "awaiting")


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize(("model", "member"), [(Model.INQUIRY, "answer"), (Model.SUBMISSION, "to_cases")])
def test_what_an_agency_says_and_cannot_be_mapped_binds_nothing_and_is_taken_later(
    stage: Stage, permit: str, model: Model, member: str, transport: Transport
) -> None:
    agency = Agency(stage, model, transport)
    said: Payload = {"permitNumber": permit} if model is Model.INQUIRY else {"permitNumber": permit, "text": "Sesuai."}
    for function in ("about", member):
        with mistaken(agency, **{function: raises}), stage.unchanged(), pytest.raises(Malformed, match="mapping-fault"):
            agency.tells(agency.part.declared.request, said, "urn:again")
    assert agency.tells(agency.part.declared.request, said, "urn:again")


# --- what describes them ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("transport", SOAP)
@pytest.mark.parametrize("model", [*OUTBOUND, *INBOUND])
def test_a_strict_client_loads_what_the_agency_serves_and_what_it_calls(
    stage: Stage, model: Model, transport: Transport
) -> None:
    part = Agency(stage, model, transport).part
    name = f"/soap/{agency_of(model, transport)}/{part.declared.name}"
    wanted = {
        f"{name}/required?wsdl": model in OUTBOUND,
        f"{name}?wsdl": model not in (Model.QUERY, Model.NOTIFICATION),
    }
    for path, there in wanted.items():
        if not there:
            refused = stage.client.get(path)
            assert (refused.status_code, refused.json()["code"]) == (404, "interaction-unknown")
            continue
        operation = loaded(stage, path).wsdl.services["Service"].ports["Soap11"].binding.get("Exchange")
        request, answer = expected(part, agency_serves="required" in path)
        assert operation.input.body.qname == stage.hub.library.xml(request).root
        assert operation.output.body.qname == stage.hub.library.xml(answer).root
    if model in (Model.QUERY, Model.NOTIFICATION):
        assert f"{name}/required?wsdl" in stage.client.get(f"{name}?wsdl").json()["detail"]


@pytest.mark.parametrize("model", [*OUTBOUND, *INBOUND])
def test_over_rest_one_document_says_what_the_agency_calls_and_what_it_serves(stage: Stage, model: Model) -> None:
    part = Agency(stage, model, Transport.REST).part
    agency, declared = agency_of(model, Transport.REST), part.declared
    said = stage.client.get(f"/rest/{agency}/openapi.json").json()
    calls = {name.rpartition("/")[2] for name in said["paths"] if "/meta/" not in name}
    assert calls == ({declared.name} if model not in (Model.QUERY, Model.NOTIFICATION) else set())
    assert set(said.get("webhooks", {})) == ({declared.name} if model in OUTBOUND else set())
    if model in OUTBOUND:
        served = said["webhooks"][declared.name]["post"]
        schema = served["requestBody"]["content"]["application/json"]["schema"]
        assert schema == stage.hub.library.json(declared.request).schema
        assert list(served["responses"]) == ["2XX" if model is Model.NOTIFICATION else "200"]


def expected(part: Part, *, agency_serves: bool) -> tuple[str, str]:
    declared = part.declared
    if isinstance(declared, Request):
        return (declared.request if agency_serves else declared.answer), ACKNOWLEDGEMENT
    return declared.request, getattr(declared, "reply", None) or ACKNOWLEDGEMENT


def loaded(stage: Stage, path: str) -> zeep.Client:
    wsdl = f"{stage.door.url}{path}"
    settings = zeep.Settings(strict=True, forbid_dtd=True, forbid_entities=True)
    return zeep.Client(wsdl, transport=HttpTransport(stage.client, wsdl), settings=settings)


# --- what makes no sense together ---------------------------------------------------------------------------------

REFUSED: dict[str, tuple[Model, Callable[[Any], Any], str]] = {
    "secrets over SOAP": (Model.QUERY, lambda each: replace(each, redact=("pin",)), "filled in by REST profiles alone"),
    "probing over SOAP": (Model.QUERY, lambda each: replace(each, repeat=Repeat.PROBE), "probe is not served"),
    "a reply that nothing maps": (
        Model.NOTIFICATION,
        lambda each: replace(each, to_case=lambda *_: Accept()),
        "to_case is never called",
    ),
    "a reply that nothing writes": (
        Model.SUBMISSION,
        lambda each: replace(each, reply=ACKNOWLEDGEMENT),
        "nothing writes it",
    ),
    "a profile of REST": (Model.INQUIRY, lambda each: replace(each, security="jws"), "SOAP speaks wss-x509"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_would_be_left_undone_in_silence_is_refused_before_it_is_agreed(
    models: dict[str, Adapter], name: str
) -> None:
    model, change, says = REFUSED[name]
    adapter = models[agency_of(model, Transport.SOAP_12)]
    agreement = read_agreement(agreement_of(adapter) or "")
    library = SchemaLibrary(default_roots([adapter]))
    assert check_agreement(adapter, agreement, library) == ()
    changed = replace(adapter, interactions=tuple(change(each) for each in adapter.interactions))
    assert any(says in each for each in check_agreement(changed, agreement, library))
