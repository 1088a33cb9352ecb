"""Deliveries outlast a store that is away, and workers that wake late."""

from __future__ import annotations

import json
from concurrent.futures import Future
from datetime import timedelta
from typing import Any

import pytest

from gateway.domain.errors import HubBusy, Tampered
from gateway.exchange.claiming import LEASE_BEYOND_CALL, LEASE_LEFT_AFTER_CALL
from gateway.exchange.entry import Entry
from gateway.store.conflicts import commit
from gateway.store.plan import Delete, Outcome, Plan
from gateway.store.soundness import APART_S
from gateway.store.tables import DataKeyRow
from tests.exchange import voices
from tests.exchange.deliveries import LEASE_S, asked, attempts, meanwhile, now, send
from tests.exchange.stage import Stage
from tests.exchange.town import raw

MAY_WAIT_S = (LEASE_BEYOND_CALL - LEASE_LEFT_AFTER_CALL).total_seconds()


# --- a store that is away -----------------------------------------------------------------------------------------


def test_an_answer_in_hand_waits_for_a_store_that_cannot_take_it(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    delivery = asked(stage, "dukcapil")
    unit_of_work = stage.hub.store.unit_of_work
    submit = unit_of_work.submit
    pauses: list[float] = []

    def pause(seconds: float) -> bool:
        pauses.append(seconds)
        return True

    def down(plan: Plan) -> Future[Outcome]:
        if len(stage.town.calls["dukcapil"]) == 1 and len(pauses) < 3:
            raise HubBusy("down")
        return submit(plan)

    monkeypatch.setattr(unit_of_work, "submit", down)
    monkeypatch.setattr(stage.hub.outbound._ends, "_pause", pause)
    assert send(stage) == 1
    assert len(pauses) == 3
    assert now(stage, delivery).state == "answered"
    assert len(stage.town.calls["dukcapil"]) == 1


def test_an_answer_in_hand_counts_though_its_lease_ran_out_while_the_store_was_away(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivery = asked(stage, "dukcapil")
    unit_of_work = stage.hub.store.unit_of_work
    submit = unit_of_work.submit
    pauses: list[float] = []

    def pause(seconds: float) -> bool:
        pauses.append(seconds)
        if len(pauses) == 2:  # the store is back, and whoever looks for what was left behind comes first
            stage.clock.advance(seconds=LEASE_S)
            assert stage.hub.outbound.recover() == 1
        return True

    def down(plan: Plan) -> Future[Outcome]:
        if stage.town.calls["dukcapil"] and len(pauses) == 0:
            raise HubBusy("down")
        if len(pauses) == 1 and not stage.clock.at >= now(stage, delivery).made_at + timedelta(seconds=LEASE_S):
            raise HubBusy("down")
        return submit(plan)

    monkeypatch.setattr(unit_of_work, "submit", down)
    monkeypatch.setattr(stage.hub.outbound._ends, "_pause", pause)
    assert send(stage) == 1
    row = now(stage, delivery)
    assert (row.state, row.outcome, row.lease_until) == ("answered", "answered", None)
    assert [outcome for outcome, _ in attempts(stage, delivery)] == ["answered"]
    assert len([each for each in stage.rows("case_event")["case_event"] if each[2] == "ResidentVerified"]) == 1
    stage.clock.advance(hours=1)
    assert send(stage) == 0
    assert len(stage.town.calls["dukcapil"]) == 1  # an agency that answered is not called again


@pytest.mark.parametrize("status", [200, 500])
def test_an_answer_of_which_nobody_can_tell_whether_it_was_kept_is_kept_once(
    stage: Stage, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivery = asked(stage, "dukcapil")
    if status == 500:
        stage.town.next("dukcapil", raw(b"", 500))
    unit_of_work = stage.hub.store.unit_of_work
    submit = unit_of_work.submit
    unsure: list[bool] = []

    def cut_off(plan: Plan) -> Future[Outcome]:
        outcome = submit(plan)
        if stage.town.calls["dukcapil"] and not unsure:
            unsure.append(True)
            outcome.result()
            outcome = Future()
            outcome.set_exception(HubBusy("the server went away", code="commit-unknown"))
        return outcome

    monkeypatch.setattr(unit_of_work, "submit", cut_off)
    monkeypatch.setattr(stage.hub.outbound._ends, "_pause", lambda _seconds: True)
    assert send(stage) == 1
    assert now(stage, delivery).state == ("answered" if status == 200 else "unknown")
    assert [name for name in stage.parts(delivery.id) if name.startswith("reply-1")] == ["reply-1", "reply-1-headers"]
    assert len(stage.leaves(delivery.id)) == 2


# --- workers that wake late ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("taken_over", [False, True])
def test_a_worker_that_wakes_too_late_to_call_does_not_call(
    stage: Stage, taken_over: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivery = asked(stage, "dpupr")
    unit_of_work = stage.hub.store.unit_of_work
    submit = unit_of_work.submit
    slept: list[bool] = []

    def sleeps(plan: Plan) -> Future[Outcome]:
        outcome = submit(plan)
        outcome.result()
        if not slept:  # just after the attempt was committed, just before the call
            slept.append(True)
            stage.clock.advance(seconds=MAY_WAIT_S + 1)
            if taken_over:
                stage.clock.advance(seconds=LEASE_S - MAY_WAIT_S)
                assert stage.hub.outbound.recover() == 1
                stage.clock.at = now(stage, delivery).due_at
                assert stage.hub.outbound.deliver(delivery.id)
        return outcome

    monkeypatch.setattr(unit_of_work, "submit", sleeps)
    assert stage.hub.outbound.deliver(delivery.id) is False
    row = now(stage, delivery)
    ends = [outcome for outcome, _ in attempts(stage, delivery)]
    if taken_over:
        assert (row.state, len(stage.town.calls["dpupr"])) == ("awaiting", 1)
        assert ends == ["lease-ran-out", "answered"]
        return
    assert (row.state, row.attempts, row.lease_until, stage.town.calls["dpupr"]) == ("queued", 0, None, [])
    assert ends == ["not-called"]
    assert [json.loads(leaf)["extra"].get("outcome") for leaf in stage.leaves(delivery.id)] == [None, "not-called"]
    assert stage.hub.outbound.deliver(delivery.id)
    assert now(stage, delivery).state == "awaiting"
    assert {"sent-1", "sent-2", "reply-2"} <= set(stage.parts(delivery.id))


def test_no_call_can_end_after_its_lease_by_the_clock_of_any_process_that_delivers(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivery = asked(stage, "dukcapil")
    unit_of_work = stage.hub.store.unit_of_work
    submit = unit_of_work.submit

    def sleeps(plan: Plan) -> Future[Outcome]:
        outcome = submit(plan)
        outcome.result()
        stage.clock.advance(seconds=MAY_WAIT_S)  # the last moment at which the call may begin
        return outcome

    def called(_call: object) -> None:
        row = now(stage, delivery)
        assert row.lease_until is not None
        assert row.lease_until - stage.clock() == timedelta(seconds=10 + 2 * APART_S)

    monkeypatch.setattr(unit_of_work, "submit", sleeps)
    meanwhile(stage, "dukcapil", called)
    assert stage.hub.outbound.deliver(delivery.id)


def test_a_late_worker_overwrites_nothing_of_the_new_owner_and_its_answer_is_kept(stage: Stage) -> None:
    delivery = asked(stage, "dukcapil")

    def stuck(_call: object) -> None:
        stage.clock.advance(seconds=LEASE_S)
        assert stage.hub.outbound.recover() == 1
        stage.clock.at = now(stage, delivery).due_at
        assert stage.hub.outbound.deliver(delivery.id)

    meanwhile(stage, "dukcapil", stuck)
    assert stage.hub.outbound.deliver(delivery.id)
    row = now(stage, delivery)
    assert (row.state, row.last_attempt, row.attempts) == ("answered", 2, 2)
    assert {"reply-1", "reply-2"} <= set(stage.parts(delivery.id))
    assert len([each for each in stage.rows("case_event")["case_event"] if each[2] == "ResidentVerified"]) == 1


def test_of_two_callbacks_at_the_same_time_one_counts(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    delivery = stage.requested()
    unit_of_work = stage.hub.store.unit_of_work
    submit = unit_of_work.submit
    said: list[Any] = []

    def overtaken(plan: Plan) -> Future[Outcome]:
        if not said:
            said.append(None)
            said[0] = voices.answer(stage, delivery, message_id="urn:dpupr:2", favourable="false")
        return submit(plan)

    monkeypatch.setattr(unit_of_work, "submit", overtaken)
    late = voices.answer(stage, delivery)
    monkeypatch.undo()
    assert (late.status, said[0].status) == (200, 200)
    assert len(stage.case(delivery.case_id).recommendations) == 1
    assert len(stage.exchanges("dpupr")) == 2
    assert now(stage, delivery).state == "answered"


# --- between claim and attempt ------------------------------------------------------------------------------------


def test_a_key_that_goes_between_claim_and_attempt_is_not_used(stage: Stage) -> None:
    for gone in (False, True):
        delivery = asked(stage, "dukcapil")
        scope = f"case/{delivery.case_id}"
        key = stage.hub.store.reader.data_key(scope)
        (claimed,) = stage.hub.claiming.take(1).claimed
        assert claimed.provision is not None
        assert claimed.provision.sealed_key == key
        if gone:
            commit(stage.hub.store.unit_of_work, Plan.of(Delete(DataKeyRow, {"scope": scope})))
            with pytest.raises(Tampered, match="does not open"):  # what is to be said went with it
                stage.hub.outbound._preparing.prepare(claimed.delivery, stage.clock(), claimed.provision)
            assert not stage.hub.outbound.attempt(claimed)
            held = stage.hub.store.reader.delivery(delivery.id)
            assert held is not None
            assert (held.state, held.last_attempt) == ("queued", 0)
            assert "kunci" in (held.cause or "") or "key is gone" in (held.cause or "")
        else:
            prepared = stage.hub.outbound._preparing.prepare(claimed.delivery, stage.clock(), claimed.provision)
            assert not [each for each in prepared.plan.changes if each.model is DataKeyRow]
            assert stage.hub.outbound.attempt(claimed)


def test_attempts_that_are_prepared_together_ask_once_where_the_registry_stands(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        asked(stage, "dukcapil")
    claimed = stage.hub.claiming.take(3).claimed
    current, questions = stage.hub.directory.current, []

    def counted(agency: str) -> Entry:
        questions.append(agency)
        return current(agency)

    monkeypatch.setattr(stage.hub.directory, "current", counted)
    prepare = stage.hub.outbound.preparer()
    for each in claimed:
        prepare(each)
    assert questions == ["dukcapil"]
    stage.hub.outbound.preparer()(claimed[0])
    assert questions == ["dukcapil"] * 2


def test_claims_are_not_lost_when_the_store_cannot_be_read_after_them(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked(stage, "dukcapil")
    with monkeypatch.context() as patched:
        patched.setattr(stage.hub.store.reader, "data_keys", away)
        (claimed,) = stage.hub.claiming.take(1).claimed
    assert claimed.provision is None
    assert stage.hub.outbound.attempt(claimed)


def away(*_: object) -> Any:
    raise HubBusy("the store cannot be read now")
