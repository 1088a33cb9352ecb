"""Callbacks at every moment of a delivery, and answers that come too late for their case."""

from __future__ import annotations

from gateway.domain import events as e
from gateway.domain.case import Stage as CaseStage
from tests.exchange import voices
from tests.exchange.deliveries import asked, meanwhile, now
from tests.exchange.stage import Stage
from tests.exchange.town import raw


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
    assert (row.cause or "").startswith("Terlambat: ")
    assert "reply-1" in stage.parts(delivery.id)
