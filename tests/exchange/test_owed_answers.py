"""Answers that agencies owe: reminded of, then escalated, and taken whenever they come."""

from __future__ import annotations

from datetime import timedelta

from tests.exchange import voices
from tests.exchange.deliveries import now
from tests.exchange.stage import Stage


def test_an_answer_that_does_not_come_is_reminded_of_and_then_escalated_once_each_and_still_taken(stage: Stage) -> None:
    delivery = stage.requested()
    row = now(stage, delivery)
    reader = stage.hub.store.reader
    assert row.remind_at is not None
    assert row.answer_due_at is not None
    assert timedelta(days=1) <= row.answer_due_at - row.remind_at
    stage.clock.at = row.remind_at - timedelta(seconds=1)
    assert stage.hub.timers.run_once() == 0
    stage.clock.at = row.remind_at
    for _ in range(3):
        stage.hub.timers.run_once()
    (reminder,) = _calls(stage, delivery.case_id)
    assert "tinggal satu hari kerja" in reminder
    assert reader.overdue(stage.clock()) == []
    stage.clock.at = row.answer_due_at
    for _ in range(3):
        stage.hub.timers.run_once()
    assert len(_calls(stage, delivery.case_id)) == 2
    assert "belum datang" in _calls(stage, delivery.case_id)[1]
    assert [each.id for each in reader.overdue(stage.clock())] == [delivery.id]
    assert reader.overdue_count(stage.clock()) == 1
    assert voices.answer(stage, delivery).status == 200
    assert now(stage, delivery).state == "answered"
    assert len(stage.case(delivery.case_id).recommendations) == 1
    assert reader.overdue_count(stage.clock()) == 0


def test_an_answer_that_comes_in_time_calls_nobody_and_a_hub_that_was_down_over_both_moments_escalates_once(
    stage: Stage,
) -> None:
    answered, silent = stage.requested(), stage.requested("pbg")
    voices.answer(stage, answered)
    due = now(stage, silent).answer_due_at
    assert due is not None
    stage.clock.at = due + timedelta(days=2)
    stage.restart()
    for _ in range(3):
        stage.hub.timers.run_once()
    assert _calls(stage, answered.case_id) == []
    (told,) = _calls(stage, silent.case_id)
    assert "belum datang" in told


def _calls(stage: Stage, case_id: str) -> list[str]:
    """What calls a person about DPUPR's answer."""
    return [text for text in stage.case(case_id).attention if text.startswith("dpupr/")]
