"""Who sends when: claims and fences, leases that run out, the order of a queue, callbacks at every moment, letters."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.domain import events as e
from gateway.domain.case import Stage as CaseStage
from gateway.domain.errors import CaseRefusal, Refused
from gateway.domain.identifiers import NPWP
from gateway.exchange.claiming import LEASE_BEYOND_CALL
from gateway.office.signing import PinStep
from gateway.store.claims import Claimed
from gateway.store.outgoing import StoredDelivery
from gateway.store.plan import Plan, Update
from gateway.store.tables import AgreementRow
from gateway.transport.http import HttpReply
from tests.exchange import voices
from tests.exchange.stage import AGUS, DEWI, RINA, Stage, application
from tests.exchange.test_outbound_agencies import asked, attempts, now
from tests.exchange.town import Call, Told, raw


def meanwhile(stage: Stage, agency: str, deed: Callable[[Call], object]) -> None:
    """While the agency has the call in hand, `deed` happens; then it answers as always."""

    def answer(call: Call) -> Told:
        deed(call)
        return stage.town.always[agency](call)

    stage.town.next(agency, answer)


# --- claims and fences --------------------------------------------------------------------------------------------


def test_of_two_workers_one_sends(stage: Stage) -> None:
    delivery = asked(stage, "dukcapil")
    second: list[bool] = []
    meanwhile(stage, "dukcapil", lambda _call: second.append(stage.hub.outbound.deliver(delivery.id)))
    assert stage.hub.outbound.deliver(delivery.id)
    assert second == [False]
    assert len(stage.town.calls["dukcapil"]) == 1


def test_a_worker_that_is_paused_between_claim_and_attempt_sends_nothing_once_another_has_claimed(stage: Stage) -> None:
    delivery = asked(stage, "dukcapil")
    hub, prepare = stage.hub, stage.hub.outbound._preparing.prepare
    done: list[bool] = []

    def overtaken(row: StoredDelivery, *_more: object) -> object:
        attempt = prepare(row, stage.clock())
        if not done:
            done.append(True)
            assert not hub.outbound.deliver(row.id)  # the lease holds
            stage.clock.advance(seconds=10 + LEASE_BEYOND_CALL.total_seconds())
            assert hub.outbound.deliver(row.id)
        return attempt

    hub.outbound._preparing.prepare = overtaken  # type: ignore[assignment,method-assign]  # the moment between claim and attempt has no other door
    assert not hub.outbound.deliver(delivery.id)
    assert len(stage.town.calls["dukcapil"]) == 1
    assert now(stage, delivery).state == "answered"


def test_a_claim_outlasts_a_call_under_any_active_version_of_the_agreement(stage: Stage) -> None:
    stage.agree("dukcapil", ('call_timeout = "10s"', 'call_timeout = "60s"'), version="1.1")
    stage.agree("dukcapil", version="1.2")  # in force, with ten seconds
    delivery = asked(stage, "dukcapil")
    for state, lasts_s in (("suspended", 10), ("active", 60)):
        change = Update(AgreementRow, {"id": "dukcapil-2026", "version": "1.1"}, {}, {"state": state})
        stage.hub.store.unit_of_work.commit(Plan.of(change))
        stage.clock.advance(seconds=2)  # a lane's terms are looked up each second
        claimed = stage.hub.claiming.one(delivery.id)
        assert claimed is not None
        assert claimed.delivery.lease_until == stage.clock() + timedelta(seconds=lasts_s) + LEASE_BEYOND_CALL
        stage.hub.claiming.release([claimed])


def test_a_delivery_that_was_cancelled_while_it_was_prepared_is_not_given_up(stage: Stage) -> None:
    delivery, other = asked(stage, "dukcapil"), asked(stage, "dukcapil")

    def refused(row: StoredDelivery, *_more: object) -> object:
        if row.id == delivery.id:
            stage.letters.cancel(row.id, "dobel", RINA.actor)
        raise Refused("no telephone")

    stage.hub.outbound._preparing.prepare = refused  # type: ignore[assignment,method-assign]  # as above
    assert not stage.hub.outbound.deliver(delivery.id)
    assert not stage.hub.outbound.deliver(other.id)
    assert (now(stage, delivery).state, now(stage, other).state) == ("cancelled", "dead")


@pytest.mark.parametrize("agency", ["dukcapil", "dpupr"])
def test_a_claim_whose_lease_ran_out_is_sent_again_where_that_was_agreed_and_a_late_result_decides_nothing(
    stage: Stage, agency: str
) -> None:
    delivery = asked(stage, agency)

    def lost(_call: Call) -> None:
        """The first worker is stuck; its lease runs out, and a second worker sends again and is refused for good."""
        stage.clock.advance(seconds=10 + LEASE_BEYOND_CALL.total_seconds() - 1)
        assert stage.hub.outbound.recover() == 0
        stage.clock.advance(seconds=1)
        assert stage.hub.outbound.recover() == 1
        row = now(stage, delivery)
        assert (row.state, row.fence, row.lease_until) == ("unknown", 1, None)
        stage.clock.at = row.due_at
        stage.town.next(agency, raw(b"no", 404))
        assert stage.hub.outbound.deliver(delivery.id)
        assert now(stage, delivery).state == "dead"

    meanwhile(stage, agency, lost)
    before = stage.case(delivery.case_id)
    assert stage.hub.outbound.deliver(delivery.id)
    row = now(stage, delivery)
    assert (row.state, row.fence) == ("dead", 2)
    assert stage.case(delivery.case_id).residency is before.residency
    assert {"reply-1", "reply-2", "sent-1", "sent-2"} <= set(stage.parts(delivery.id))
    assert [outcome for outcome, _ in attempts(stage, delivery)] == ["answered", "refused"]
    stage.letters.redrive(delivery.id, RINA.actor)  # whoever decides so knows what came
    assert stage.hub.outbound.deliver(delivery.id)
    assert now(stage, delivery).state in ("answered", "awaiting")


@pytest.mark.parametrize("agency", ["dukcapil", "dpupr"])
def test_a_good_answer_counts_that_comes_after_another_has_claimed_and_before_he_has_begun(
    stage: Stage, agency: str
) -> None:
    delivery = asked(stage, agency)
    second: list[Claimed] = []

    def lost(_call: Call) -> None:
        stage.clock.advance(seconds=10 + LEASE_BEYOND_CALL.total_seconds())
        assert stage.hub.outbound.recover() == 1
        stage.clock.at = now(stage, delivery).due_at
        claimed = stage.hub.claiming.one(delivery.id)
        assert claimed is not None
        second.append(claimed)

    meanwhile(stage, agency, lost)
    assert stage.hub.outbound.deliver(delivery.id)
    assert now(stage, delivery).state in ("answered", "awaiting")
    assert not stage.hub.outbound.attempt(second[0])
    assert len(stage.town.calls[agency]) == 1
    assert [outcome for outcome, _ in attempts(stage, delivery)] == ["answered"]


def test_an_answer_that_was_kept_while_another_was_calling_counts_before_the_agency_is_called_again(
    stage: Stage,
) -> None:
    delivery = asked(stage, "dpupr")
    outbound = stage.hub.outbound
    send = stage.hub._client.send

    def dies(_call: object) -> HttpReply:
        raise SystemExit

    def lost(_call: Call) -> None:
        """The first worker is stuck, and a second one that takes over ends while it calls."""
        stage.clock.advance(seconds=10 + LEASE_BEYOND_CALL.total_seconds())
        assert outbound.recover() == 1
        stage.clock.at = now(stage, delivery).due_at
        stage.hub._client.send = dies  # type: ignore[method-assign, assignment]  # the end of a process has no other door
        with pytest.raises(SystemExit):
            outbound.deliver(delivery.id)
        stage.hub._client.send = send  # type: ignore[method-assign]  # as above

    meanwhile(stage, "dpupr", lost)
    assert outbound.deliver(delivery.id)
    answered_at = stage.clock()
    assert (now(stage, delivery).state, now(stage, delivery).fence) == ("sending", 2)
    stage.clock.advance(seconds=10 + LEASE_BEYOND_CALL.total_seconds())
    assert outbound.recover() == 1
    stage.clock.at = now(stage, delivery).due_at
    assert not outbound.deliver(delivery.id)
    row = now(stage, delivery)
    assert (row.state, row.lease_until, len(stage.town.calls["dpupr"])) == ("awaiting", None, 1)
    assert row.answer_due_at is not None
    assert row.answer_due_at > answered_at
    assert [outcome for outcome, _ in attempts(stage, delivery)] == ["answered", "lease-ran-out"]
    assert voices.answer(stage, delivery).status == 200
    assert now(stage, delivery).state == "answered"


def test_a_pin_whose_worker_was_lost_is_dead(stage: Stage) -> None:
    case = stage.validated()
    stage.hub.signing.ask_pin(case.id, DEWI, PinStep.APPROVE)
    delivery = stage.delivery(case.id, "sms")

    def lost(_call: Call) -> None:
        stage.clock.advance(seconds=41)
        assert stage.hub.outbound.recover() == 1

    meanwhile(stage, "sms", lost)
    stage.hub.outbound.deliver(delivery.id)
    row = now(stage, delivery)
    assert row.state == "dead"
    assert "repeating it is not agreed" in (row.cause or "")


def test_a_lost_claim_under_an_agreement_that_ended_waits_for_staff_and_its_late_result_decides_nothing(
    stage: Stage,
) -> None:
    delivery = asked(stage, "dukcapil")

    def lost(_call: Call) -> None:
        stage.cease("dukcapil")
        stage.clock.advance(seconds=41)
        assert stage.hub.outbound.recover() == 1

    meanwhile(stage, "dukcapil", lost)
    stage.hub.outbound.deliver(delivery.id)
    row = now(stage, delivery)
    assert row.state == "unknown"
    assert "is not active" in (row.cause or "")
    assert [outcome for outcome, _ in attempts(stage, delivery)] == ["answered"]


def test_a_delivery_that_is_not_due_or_not_there_is_not_sent(stage: Stage) -> None:
    delivery = asked(stage, "dukcapil")
    stage.clock.advance(seconds=-1)
    assert not stage.hub.outbound.deliver(delivery.id)
    assert not stage.hub.outbound.deliver("nothing")


# --- callbacks ----------------------------------------------------------------------------------------------------


def test_a_callback_before_the_acknowledgement_was_recorded_counts_and_the_acknowledgement_is_kept(
    stage: Stage,
) -> None:
    case = stage.validated()
    delivery = stage.delivery(case.id, "dpupr")
    said: list[voices.Said] = []
    meanwhile(stage, "dpupr", lambda _call: said.append(voices.answer(stage, delivery)))
    stage.deliver("dpupr")
    assert said[0].status == 200
    row = now(stage, delivery)
    assert (row.state, row.lease_until) == ("answered", None)
    assert "reply-1" in stage.parts(delivery.id)
    assert stage.case(case.id).stage is CaseStage.RECOMMENDED


def test_a_second_callback_is_acknowledged_and_has_no_effect(stage: Stage) -> None:
    delivery = stage.requested()
    voices.answer(stage, delivery)
    with stage.unchanged():
        late = voices.answer(stage, delivery, message_id="urn:dpupr:2", favourable="false")
    assert (late.status, voices.sealed(stage, late).relates_to) == (200, "urn:dpupr:2")
    assert {row.verdict for row in stage.exchanges("dpupr")} == {"accepted"}
    assert len(stage.exchanges("dpupr")) == 2


def test_a_callback_after_a_dead_letter_answers_it(stage: Stage) -> None:
    delivery = asked(stage, "dpupr")
    stage.town.next("dpupr", raw(b"no", 404))
    stage.deliver("dpupr")
    assert now(stage, delivery).state == "dead"
    assert voices.answer(stage, delivery).status == 200
    assert now(stage, delivery).state == "answered"
    assert stage.case(delivery.case_id).stage is CaseStage.RECOMMENDED
    exchange = stage.hub.store.reader.exchange(delivery.id)
    assert exchange is not None
    assert exchange.verdict == "answered"


def test_a_callback_on_an_ended_case_is_acknowledged_and_has_no_effect(stage: Stage) -> None:
    delivery = stage.requested()
    stage.hub.deeds.record(delivery.case_id, "staff/rina", e.ApplicationWithdrawn(by="pemohon", reason="batal"))
    with stage.unchanged():
        assert voices.answer(stage, delivery).status == 200
    assert stage.case(delivery.case_id).recommendations == ()


def test_a_callback_on_a_cancelled_delivery_is_acknowledged_and_has_no_effect(stage: Stage) -> None:
    delivery = asked(stage, "dpupr")
    stage.letters.cancel(delivery.id, "salah alamat", "staff/siti")
    with stage.unchanged():
        assert voices.answer(stage, delivery).status == 200


def test_an_answer_that_the_case_no_longer_allows_is_kept_and_is_late(stage: Stage) -> None:
    delivery = asked(stage, "dukcapil")
    withdrawn = e.ApplicationWithdrawn(by="pemohon", reason="batal")
    meanwhile(stage, "dukcapil", lambda _call: stage.hub.deeds.record(delivery.case_id, "staff/rina", withdrawn))
    stage.deliver("dukcapil")
    row = now(stage, delivery)
    assert row.state == "answered"
    assert (row.cause or "").startswith("late: ")
    assert "reply-1" in stage.parts(delivery.id)


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
    assert any("No active agreement serves VerifyResident" in text for text in case.attention)
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
    assert any("No active agreement serves RequestRecommendation (dpupr)" in text for text in case.attention)
    other = stage.validated("pbg")
    assert stage.delivery(other.id, "dpupr").agreement_version == "1.1"
    assert timedelta(0) < LEASE_BEYOND_CALL
