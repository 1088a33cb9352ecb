"""What goes wrong with a city office's recommendation, in each dialect, and what the hub does about it.

The offices are the simulators of `conformance.peers`, which judge every message of the hub with code of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import pytest

from gateway.domain.case import Stage as CaseStage
from gateway.domain.identifiers import NIK
from gateway.store.tables import DeliveryRow
from tests.exchange.deliveries import now
from tests.exchange.offices import Office
from tests.exchange.stage import AGUS, RINA, Stage, application

SERVICES: Mapping[str, str] = {
    "dinkes": "sip-dokter",  # REST
    "dlh": "lingkungan",  # SOAP 1.2
    "dishub": "trayek",  # REST, answered in two steps
    "bakesbangpol": "penelitian",  # SOAP 1.1
    "bpkpd": "aset",  # REST, two addresses
}

CALLS: Mapping[str, str] = {
    "down": "not-sent",
    "nonsense": "unknown",
    "html": "unknown",
    "flapping": "not-sent",
}
"""How a call is spoilt -> where the delivery stands then: it is tried again under the same message id each time."""

ANSWERS: Mapping[str, tuple[str, ...]] = {
    "as-agreed": (),  # unfavourable: for the officer to decide, and the end of nothing
    "early": (),
    "twice": (),
    "other-case": ("inconsistent",),
    "nonsense": ("schema-violation",),
}
"""How an answer comes -> with which codes the hub refuses it before it is as agreed. The case never notices."""


@pytest.fixture
def moved_in(stage: Stage) -> Iterator[Callable[[str], Office]]:
    offices: list[Office] = []

    def move(agency: str) -> Office:
        offices.append(Office(stage, agency))
        return offices[-1]

    yield move
    for each in offices:
        each.close()


def asked(stage: Stage, agency: str) -> DeliveryRow:
    """A request for a recommendation that is due to the agency; what BPKPD is asked beside it is answered."""
    case = stage.validated(SERVICES[agency])
    for row in stage.due(agency):
        if row.ask_kind == "QueryArrears":
            stage.hub.outbound.deliver(row.id)
    return stage.delivery(case.id, agency)


@pytest.mark.parametrize("agency", SERVICES)
def test_a_call_that_goes_wrong_is_repeated_under_its_id_until_it_is_acknowledged(
    stage: Stage, moved_in: Callable[[str], Office], agency: str
) -> None:
    office = moved_in(agency)
    delivery = asked(stage, agency)
    for kind, state in CALLS.items():
        office.control("fault", kind=kind)
        assert stage.deliver(agency) == 1, kind
        row = now(stage, delivery)
        assert (row.state, row.message_id) == (state, delivery.message_id), kind
        stage.clock.at = row.due_at
    stage.deliver(agency)
    assert now(stage, delivery).state == "awaiting"
    (request,) = office.peer.journal.entries("request")
    assert (request["message_id"], request["case"]) == (delivery.message_id, delivery.case_id)
    assert office.peer.journal.entries("refused") == []
    assert stage.case(delivery.case_id).attention == ()


@pytest.mark.parametrize("agency", SERVICES)
def test_an_answer_that_goes_wrong_is_refused_and_the_right_one_still_counts_once(
    stage: Stage, moved_in: Callable[[str], Office], agency: str
) -> None:
    office = moved_in(agency)
    for manner, codes in ANSWERS.items():
        favourable = manner != "as-agreed"
        office.control("policy", manner=manner, favourable=favourable, conditions=["Syarat contoh."])
        delivery = asked(stage, agency)
        before = len(office.failures())
        stage.deliver(agency)
        office.held.carry()
        said = office.failures()[before:]
        assert [any(code in text for text in said) for code in codes] == [True] * len(said), (manner, said)
        row, case = now(stage, delivery), stage.case(delivery.case_id)
        assert (row.state, case.stage, case.attention) == ("answered", CaseStage.RECOMMENDED, ()), manner
        (given,) = case.recommendations
        request = office.peer.journal.entries("request")[-1]
        assert (given.agency, given.favourable, given.number) == (agency, favourable, request["number"]), manner
        assert given.conditions[-1] == "Syarat contoh."
        answered = [each for each in office.peer.journal.entries("answered") if each["message_id"] == row.message_id]
        assert len(answered) == len(request["answer_ids"]), manner
        assert all(each["leaf"] for each in answered), manner
    again = office.peer.journal.entries("request-again")
    assert again == []


def test_an_answer_that_is_late_calls_a_person_and_is_still_taken(
    stage: Stage, moved_in: Callable[[str], Office]
) -> None:
    office = moved_in("bakesbangpol")
    office.control("policy", manner="late", late_s=777)
    delivery = asked(stage, "bakesbangpol")
    stage.deliver("bakesbangpol")
    assert office.held.waits == [777]
    due = now(stage, delivery).answer_due_at
    assert due is not None
    stage.clock.at = due
    stage.hub.timers.run_once()
    assert any("has not come" in text for text in stage.case(delivery.case_id).attention)
    office.held.carry()
    assert now(stage, delivery).state == "answered"
    assert len(stage.case(delivery.case_id).recommendations) == 1


def test_an_entry_in_the_register_leaves_the_request_open_and_its_days_running(
    stage: Stage, moved_in: Callable[[str], Office]
) -> None:
    office = moved_in("dishub")
    delivery = asked(stage, "dishub")
    stage.deliver("dishub")
    due = now(stage, delivery).answer_due_at
    (entry,) = office.peer.journal.entries("request")
    entered, decided = office.peer.answers(entry)
    office.peer.say(entry, entered, "agenda-1")
    row = now(stage, delivery)
    assert (row.state, row.answer_due_at) == ("awaiting", due)
    assert stage.case(delivery.case_id).stage is CaseStage.VALIDATED
    office.peer.say(entry, decided, "putusan-1")
    office.peer.say(entry, entered, "agenda-2")  # late: recorded, and changes nothing
    assert now(stage, delivery).state == "answered"
    assert stage.case(delivery.case_id).stage is CaseStage.RECOMMENDED


# --- arrears ------------------------------------------------------------------------------------------------------

OWING = "9999015708850002"
"""The simulator's books say that this NIK owes Rp1.250.000."""


def verified(stage: Stage, nik: str | None = None) -> DeliveryRow:
    """A case for an asset of the city whose administration is verified: the question about arrears is due."""
    event = application("aset")
    if nik is not None:
        event = replace(event, applicant=replace(event.applicant, nik=NIK(nik)))
    case = stage.hub.deeds.register(event, RINA)
    stage.deliver("dukcapil")
    stage.hub.deeds.complete(case.id, RINA)
    stage.hub.deeds.verify(case.id, RINA)
    return stage.delivery(case.id, "bpkpd")


def test_what_is_owed_is_a_fact_and_calls_a_person_and_refuses_nothing(
    stage: Stage, moved_in: Callable[[str], Office]
) -> None:
    office = moved_in("bpkpd")
    owing, clear = verified(stage, OWING), verified(stage)
    stage.deliver("bpkpd")
    case = stage.case(owing.case_id)
    assert (case.arrears, now(stage, owing).state) == (1_250_000, "answered")
    (text,) = case.attention
    assert text.startswith("bpkpd/arrears: Pemohon menunggak Rp1.250.000 per 2026-03-02: Pajak Reklame 2024 Rp500.000;")
    assert OWING not in text
    stage.hub.deeds.validate(case.id, AGUS)
    assert (stage.case(clear.case_id).arrears, stage.case(clear.case_id).attention) == (0, ())
    assert OWING not in str(office.peer.journal.entries("arrears"))


def test_arrears_are_asked_again_while_the_books_are_closed_and_hold_no_recommendation_up(
    stage: Stage, moved_in: Callable[[str], Office]
) -> None:
    office = moved_in("bpkpd")
    office.control("books", closed=True)
    question = verified(stage)
    stage.deliver("bpkpd")
    assert now(stage, question).state == "not-sent"
    stage.hub.deeds.validate(question.case_id, AGUS)
    stage.deliver("bpkpd")
    request = stage.delivery(question.case_id, "bpkpd")
    assert (request.ask_kind, request.state) == ("RequestRecommendation", "awaiting")
    office.control("books", closed=False)
    for kind in ("down", "nonsense", "html", "flapping"):
        stage.clock.at = now(stage, question).due_at
        office.control("fault", kind=kind)
        stage.deliver("bpkpd")
        assert now(stage, question).state in ("not-sent", "unknown"), kind
    stage.clock.at = now(stage, question).due_at
    stage.deliver("bpkpd")
    assert (now(stage, question).state, stage.case(question.case_id).arrears) == ("answered", 0)
    assert stage.case(question.case_id).attention == ()


def test_where_the_agency_is_not_connected_nobody_asks_and_nobody_is_called_pasal_21_1(stage: Stage) -> None:
    stage.cease("bpkpd")
    case = stage.register("aset")
    stage.deliver("dukcapil")
    stage.hub.deeds.complete(case.id, RINA)
    stage.hub.deeds.verify(case.id, RINA)
    assert stage.case(case.id).attention == ()
    assert not [row for row in stage.hub.store.reader.deliveries(case_id=case.id) if row.agency == "bpkpd"]


def test_an_office_hears_the_hub_alone_and_in_the_agreed_version_of_soap(
    stage: Stage, moved_in: Callable[[str], Office]
) -> None:
    office = moved_in("bakesbangpol")
    delivery = asked(stage, "bakesbangpol")
    stage.deliver("bakesbangpol")
    assert now(stage, delivery).state == "awaiting"
    (call,) = stage.town.calls["bakesbangpol"]
    assert call.headers["content-type"] == "text/xml; charset=utf-8"
    answer = stage.town.always["bakesbangpol"]
    other = call.body.replace(b"schemas.xmlsoap.org/soap/envelope/", b"www.w3.org/2003/05/soap-envelope")
    for body in (call.body.replace(b"Siti", b"Budi"), other):
        assert answer(replace(call, body=body)).status == 500
    codes = [each["code"] for each in office.peer.journal.entries("refused")]
    assert codes == ["signature-wrong", "version-mismatch"]
