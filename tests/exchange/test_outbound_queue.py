"""The order of a queue, dead letters in the hands of staff, and needs that no agreement serves."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from gateway.domain import events as e
from gateway.domain.errors import CaseRefusal, Refused
from gateway.domain.identifiers import NPWP
from gateway.office.signing import PinStep
from tests.exchange.deliveries import asked, attempts, now
from tests.exchange.stage import AGUS, DEWI, RINA, Stage, application
from tests.exchange.town import raw

# --- queues -------------------------------------------------------------------------------------------------------


def test_a_cases_deliveries_to_one_agency_keep_their_order_and_a_dead_letter_holds_only_its_queue(
    stage: Stage,
) -> None:
    stage.town.next("sms", raw(b"no", 404))
    case, other = stage.register(), stage.register("pbg")
    stage.deliver("dukcapil")
    for each in (case, other):
        stage.hub.deeds.complete(each.id, RINA)
    first = stage.delivery(case.id, "sms")
    stage.hub.outbound.deliver(first.id)
    assert now(stage, first).state == "dead"
    stage.hub.deeds.return_(case.id, RINA, ["ktp"])
    held = stage.delivery(case.id, "sms")
    assert held.queue == first.queue
    assert held.position > first.position
    assert [row.case_id for row in stage.due("sms")] == [other.id]
    stage.deliver("sms")
    assert stage.state(stage.delivery(other.id, "sms")) == "answered"
    assert stage.state(held) == "queued"
    stage.letters.cancel(first.id, "diberitahukan lewat telepon", "staff/siti")
    assert [row.id for row in stage.due("sms")] == [held.id]
    stage.deliver("sms")
    assert stage.state(held) == "answered"


def test_a_pin_waits_for_nobody(stage: Stage) -> None:
    case = stage.register()
    stage.deliver("dukcapil")
    stage.hub.deeds.complete(case.id, RINA)
    stage.town.next("sms", raw(b"no", 404))
    stage.deliver("sms")
    stage.hub.deeds.verify(case.id, RINA)
    stage.hub.deeds.validate(case.id, AGUS)
    stage.hub.signing.ask_pin(case.id, DEWI, PinStep.APPROVE)
    (row,) = stage.due("sms")
    assert row.interaction == "send-pin"
    stage.deliver("sms")
    assert stage.state(row) == "answered"


def test_an_unknown_fate_holds_what_comes_after_it(stage: Stage) -> None:
    case = stage.register()
    stage.deliver("dukcapil")
    stage.town.next("sms", raw(b"", 500))
    stage.hub.deeds.complete(case.id, RINA)
    stage.deliver("sms")
    stage.hub.deeds.return_(case.id, RINA, ["ktp"])
    assert stage.due("sms") == []
    stage.clock.advance(seconds=5)
    assert stage.deliver("sms") == 2
    kinds = [call.json["reference"].rpartition("/")[2] for call in stage.town.calls["sms"]]
    assert kinds == [e.NoticeKind.ACKNOWLEDGED, e.NoticeKind.ACKNOWLEDGED, e.NoticeKind.RETURNED]


# --- letters ------------------------------------------------------------------------------------------------------


def test_a_dead_letter_redriven_has_all_its_attempts_anew_and_names_who_did_it_by_pseudonym(stage: Stage) -> None:
    delivery = asked(stage, "dukcapil")
    stage.town.next("dukcapil", raw(b"no", 404))
    stage.deliver("dukcapil")
    stage.letters.redrive(delivery.id, "staff/siti")
    row = now(stage, delivery)
    assert (row.state, row.attempts, row.fence) == ("queued", 0, 1)
    leaf = json.loads(stage.leaves(delivery.id)[-1])
    assert (leaf["kind"], leaf["extra"]["step"]) == ("staff", "redriven")
    assert "siti" not in json.dumps(leaf)
    stage.deliver("dukcapil")
    assert now(stage, delivery).state == "answered"
    assert [outcome for outcome, _ in attempts(stage, delivery)] == ["refused", "answered"]


def test_only_a_dead_letter_is_redriven_and_only_an_open_one_cancelled(stage: Stage) -> None:
    delivery = asked(stage, "dukcapil")
    deeds: list[tuple[Callable[[], None], str]] = [
        (lambda: stage.letters.redrive(delivery.id, "staff/siti"), "delivery-state"),
        (lambda: stage.letters.redrive("nothing", "staff/siti"), "delivery-unknown"),
        (lambda: stage.letters.cancel("nothing", "x", "staff/siti"), "delivery-unknown"),
    ]
    for deed, code in deeds:
        with stage.unchanged("leaf"), pytest.raises(Refused) as raised:
            deed()
        assert raised.value.code == code
    stage.deliver("dukcapil")
    with pytest.raises(Refused, match="answered"):
        stage.letters.cancel(delivery.id, "x", "staff/siti")


def test_a_cancelled_delivery_is_never_sent(stage: Stage) -> None:
    delivery = asked(stage, "dukcapil")
    stage.letters.cancel(delivery.id, "diperiksa langsung", "staff/siti")
    assert stage.deliver("dukcapil") == 0
    assert not stage.hub.outbound.deliver(delivery.id)
    assert now(stage, delivery).cause == "diperiksa langsung"


# --- no route -----------------------------------------------------------------------------------------------------


def test_a_need_that_no_agreement_serves_calls_a_person(stage: Stage) -> None:
    for agency in ("dukcapil", "dpupr"):
        stage.cease(agency)
    case = stage.case(stage.register().id)
    assert any("Tidak ada perjanjian yang berlaku untuk VerifyResident" in text for text in case.attention)
    assert stage.hub.store.reader.deliveries(case_id=case.id) == []


def test_what_a_case_needs_while_its_agency_is_suspended_waits_and_is_asked_afterwards(stage: Stage) -> None:
    for agency in ("dukcapil", "djp"):
        stage.suspend(agency)
    event = application("reklame")
    taxed = replace(event, applicant=replace(event.applicant, npwp=NPWP("000000018999000")))
    case = stage.hub.deeds.register(taxed, RINA)
    asked = {agency: stage.delivery(case.id, agency) for agency in ("dukcapil", "djp")}  # the optional one too
    assert stage.deliver("dukcapil") + stage.deliver("djp") == 0
    assert stage.town.calls["dukcapil"] + stage.town.calls["djp"] == []
    for agency in asked:
        stage.suspend(agency, None)
    stage.clock.advance(hours=1)
    assert stage.deliver("dukcapil") + stage.deliver("djp") == 2
    assert [stage.state(delivery) for delivery in asked.values()] == ["answered", "answered"]
    assert stage.case(case.id).attention == ()


def test_a_pin_does_not_wait_for_a_suspended_agency(stage: Stage) -> None:
    case = stage.register()
    stage.suspend("sms")
    with pytest.raises(CaseRefusal) as caught:
        stage.hub.signing.ask_pin(case.id, DEWI, PinStep.APPROVE)
    assert caught.value.code == "pin-no-route"


def test_a_service_outside_the_agreement_has_no_route(stage: Stage) -> None:
    stage.agree("dpupr", ('services = ["krk", "pbg"]', 'services = ["pbg"]'))
    case = stage.validated("krk")
    assert any(
        "Tidak ada perjanjian yang berlaku untuk RequestRecommendation (dpupr)" in text for text in case.attention
    )
    other = stage.validated("pbg")
    assert stage.delivery(other.id, "dpupr").agreement_version == "1.1"
