"""Deliveries outlast what happens to them: poison, late workers, agencies that ask to wait, endpoints that are down."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import Future
from datetime import timedelta
from typing import Any

import pytest

from gateway.domain.errors import HubBusy, Refused
from gateway.exchange.claiming import LEASE_BEYOND_CALL, LEASE_LEFT_AFTER_CALL
from gateway.exchange.concluding import Concluding
from gateway.exchange.entry import Entry
from gateway.exchange.verdict import HELD_BACK
from gateway.operations.endpoints import Endpoints
from gateway.store.conflicts import commit
from gateway.store.plan import Delete, Outcome, Plan
from gateway.store.soundness import APART_S
from gateway.store.tables import DataKeyRow
from tests.exchange import voices
from tests.exchange.deliveries import LEASE_S, asked, attempts, meanwhile, now, send
from tests.exchange.stage import RINA, Stage
from tests.exchange.town import raw, refused_port

MAY_WAIT_S = (LEASE_BEYOND_CALL - LEASE_LEFT_AFTER_CALL).total_seconds()


QUOTED = "Siti 9999014506900001"


class Poison(Exception):
    """What nobody foresaw; its text must be told to nobody."""


def poisoned(*_: object, **__: object) -> Any:
    raise Poison(QUOTED)


# --- poison -------------------------------------------------------------------------------------------------------


def test_a_delivery_that_nobody_can_prepare_stops_no_other_and_is_not_tried_again_at_once(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    bad, good = asked(stage, "dukcapil"), asked(stage, "dukcapil")
    preparing = stage.hub.outbound._preparing
    prepare = preparing.prepare
    tries: list[str] = []

    def sometimes(row: Any, *more: Any) -> Any:
        tries.append(row.id)
        return poisoned() if row.id == bad.id else prepare(row, *more)

    preparing.prepare = sometimes  # type: ignore[method-assign, assignment]  # no adapter can raise past its MappingFault
    assert send(stage) == 1
    assert [send(stage) for _ in range(5)] == [0] * 5
    assert tries.count(bad.id) == 1
    row = now(stage, bad)
    assert (row.state, row.attempts, row.lease_until) == ("queued", 0, None)
    assert row.due_at == stage.clock() + HELD_BACK
    assert "Poison" in (row.cause or "")
    assert "Siti" not in (row.cause or "") + capsys.readouterr().out
    assert now(stage, good).state == "answered"
    stage.clock.at = row.due_at
    assert (send(stage), tries.count(bad.id)) == (0, 2)
    preparing.prepare = prepare  # type: ignore[method-assign]  # mended
    stage.clock.advance(minutes=1)
    assert send(stage) == 1
    assert now(stage, bad).state == "answered"


@pytest.mark.parametrize("where", ["calling", "reading", "concluding"])
def test_an_error_that_nobody_foresaw_ends_its_own_attempt_and_keeps_the_answer(
    stage: Stage, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivery = asked(stage, "dukcapil")
    with monkeypatch.context() as patched:
        if where == "calling":
            patched.setattr(stage.hub._client, "send", poisoned)
        elif where == "reading":
            patched.setattr("gateway.exchange.speaking.RestSpeaker.hear", poisoned)
        else:
            patched.setattr("gateway.exchange.concluding.Concluding._steps", _unless_ours(poisoned))
        assert send(stage) == 1
    row = now(stage, delivery)
    assert (row.state, row.outcome) == (("unknown", "unknown") if where == "calling" else ("dead", "hub-fault"))
    assert ("reply-1" in stage.parts(delivery.id)) is (where != "calling")
    assert "Siti" not in (row.cause or "")
    calls = len(stage.town.calls["dukcapil"])
    assert send(stage) == 0
    if where == "calling":
        stage.clock.at = row.due_at
    else:
        stage.letters.redrive(delivery.id, RINA.actor)
    assert send(stage) == 1
    assert now(stage, delivery).state == "answered"
    assert len(stage.town.calls["dukcapil"]) == calls + 1


def _unless_ours(fault: Callable[..., Any]) -> Callable[..., Any]:
    """Raises whatever an end means, but not for one that only says that it cannot be read."""
    rest = Concluding._steps

    def steps(*given: Any) -> Any:
        return rest(*given) if given[2].outcome == "hub-fault" else fault()

    return steps


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


@pytest.mark.parametrize("taken_over", [False, True])
def test_an_end_that_nobody_can_write_down_holds_no_worker_though_its_delivery_has_moved(
    stage: Stage, taken_over: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivery = asked(stage, "dukcapil")
    steps = Concluding._steps
    pauses: list[float] = []

    def stuck(_call: object) -> None:
        stage.clock.advance(seconds=LEASE_S)
        assert stage.hub.outbound.recover() == 1
        if taken_over:
            stage.clock.at = now(stage, delivery).due_at
            stage.hub.claiming.take(1)
        monkeypatch.setattr(Concluding, "_steps", lambda *given, **_: (poisoned if given[2].effects else steps)(*given))

    def pause(seconds: float) -> bool:
        pauses.append(seconds)
        return len(pauses) < 3

    meanwhile(stage, "dukcapil", stuck)
    monkeypatch.setattr(stage.hub.outbound._ends, "_pause", pause)
    assert stage.hub.outbound.deliver(delivery.id)
    assert pauses == []
    assert "reply-1" in stage.parts(delivery.id)
    assert now(stage, delivery).state == ("unknown" if taken_over else "dead")


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


# --- agencies that ask to wait ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "after", "state"),
    [
        (503, "60", "not-sent"),
        (429, "{date}", "not-sent"),
        (302, "60", "not-sent"),
        (500, "{date}", "unknown"),
    ],
)
def test_an_agency_that_says_when_is_not_called_before_for_any_delivery(
    stage: Stage, status: int, after: str, state: str
) -> None:
    first = asked(stage, "dukcapil")
    until = stage.clock() + timedelta(seconds=60)
    text = after.replace("{date}", f"{until:%a, %d %b %Y %H:%M:%S GMT}")
    stage.town.next("dukcapil", raw(b"", status, retry_after=text))
    assert send(stage) == 1
    assert (now(stage, first).state, now(stage, first).due_at) == (state, until)
    second = asked(stage, "dukcapil")
    assert stage.hub.claiming.take(5).again_at == until
    stage.clock.advance(seconds=59)
    assert send(stage) == 0
    assert now(stage, second).attempts == 0
    stage.clock.advance(seconds=1)
    assert send(stage) == 2
    assert {now(stage, each).state for each in (first, second)} == {"answered"}


def test_an_agency_is_obeyed_for_a_day_at_most_and_the_others_are_called(stage: Stage) -> None:
    first = asked(stage, "dukcapil")
    stage.town.next("dukcapil", raw(b"", 503, retry_after="99999999"))
    send(stage)
    begun = stage.clock()
    assert now(stage, first).due_at == begun + timedelta(days=1)
    stage.clock.advance(hours=24)
    assert send(stage) == 1


# --- endpoints that are down --------------------------------------------------------------------------------------


def down(stage: Stage, agency: str = "dukcapil") -> list[Any]:
    """An endpoint at which five calls in a row failed; five deliveries of it have an attempt, three none."""
    stage.endpoint(agency, f"http://127.0.0.1:{refused_port()}/")
    cases = [asked(stage, agency) for _ in range(8)]
    assert send(stage, 4) == 4
    assert send(stage, 1) == 1
    return cases


def closing(stage: Stage) -> Endpoints:
    store = stage.hub.store
    return Endpoints(store.reader, store.unit_of_work, store.leaves, stage.clock, stage.hub.wake)


def test_an_endpoint_that_is_down_is_left_alone_and_what_waits_uses_up_no_attempts(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    deliveries = down(stage)
    assert "circuit-opened" in capsys.readouterr().out
    (seen,) = [each for each in closing(stage).seen() if each.agency == "dukcapil"]
    assert (seen.standing.value, seen.failures, sum(lane.waiting for lane in seen.lanes)) == ("open", 5, 8)
    assert send(stage) == 0
    assert sum(now(stage, each).attempts for each in deliveries) == 5
    assert seen.until is not None
    stage.clock.at = seen.until
    assert send(stage) == 1  # the probe
    assert send(stage) == 0
    assert sum(now(stage, each).attempts for each in deliveries) == 6
    stage.endpoint("dukcapil", f"{stage.street.url}/dukcapil")  # another URL has a clean slate
    stage.clock.advance(hours=1)
    while send(stage):
        stage.clock.advance(seconds=1)  # no faster than agreed
    assert {now(stage, each).state for each in deliveries} == {"answered"}
    assert closing(stage).seen()[0].standing.value == "closed"


def test_a_probe_that_succeeds_closes_the_circuit_for_everybody(stage: Stage) -> None:
    for _ in range(5):
        asked(stage, "dukcapil")
        stage.town.next("dukcapil", raw(b"", 500))
        assert send(stage, 1) == 1
    assert send(stage) == 0
    stage.clock.advance(hours=1)
    assert send(stage) == 1
    assert send(stage) == 4


def test_an_agency_that_refuses_or_talks_nonsense_is_there(stage: Stage) -> None:
    for number in range(12):
        asked(stage, "dukcapil")
        stage.town.next("dukcapil", raw(b"no", (404, 200, 429)[number % 3]))
        assert send(stage, 1) == 1
        stage.clock.advance(seconds=1)
    assert all(each.standing.value == "closed" for each in closing(stage).seen())


def test_staff_close_a_circuit_after_mending_and_a_leaf_says_so(stage: Stage) -> None:
    deliveries = down(stage)
    with pytest.raises(Refused, match="no endpoint"):
        closing(stage).close("dukcapil", "verify-resident", RINA.actor)
    closing(stage).close("dukcapil", "*", RINA.actor)
    stored = [each for row in stage.rows("leaf")["leaf"] for each in row if isinstance(each, bytes)]
    (leaf,) = [json.loads(each) for each in stored if b"circuit-closed" in each]
    assert leaf["extra"] == {"step": "circuit-closed", "agency": "dukcapil"}
    stage.clock.advance(seconds=1)
    assert send(stage, 1) == 1
    assert sum(now(stage, each).attempts for each in deliveries) == 6
    with pytest.raises(Refused, match="nothing to close"):
        closing(stage).close("dukcapil", "*", RINA.actor)


def test_what_waits_for_an_agency_is_bounded_and_nothing_of_a_step_beyond_is_kept(stage: Stage) -> None:
    object.__setattr__(stage.hub.casework, "max_waiting", 2)
    for _ in range(2):
        stage.register()
    with stage.unchanged("leaf"), pytest.raises(HubBusy, match="2 deliveries wait to be sent to dukcapil") as raised:
        stage.register()
    assert (raised.value.code, raised.value.after_s) == ("agency-queue-full", 60)
    assert send(stage, 1) == 1
    stage.register()


def test_an_answer_is_taken_however_much_waits(stage: Stage) -> None:
    case = stage.register()
    object.__setattr__(stage.hub.casework, "max_waiting", 1)
    stage.deliver("dukcapil")
    assert stage.case(case.id).residency is not None


# --- answers that are awaited -------------------------------------------------------------------------------------


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
    assert "one hari kerja is left" in reminder
    assert reader.overdue(stage.clock()) == []
    stage.clock.at = row.answer_due_at
    for _ in range(3):
        stage.hub.timers.run_once()
    assert len(_calls(stage, delivery.case_id)) == 2
    assert "has not come" in _calls(stage, delivery.case_id)[1]
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
    assert "has not come" in told


def _calls(stage: Stage, case_id: str) -> list[str]:
    """What calls a person about DPUPR's answer."""
    return [text for text in stage.case(case_id).attention if text.startswith("dpupr/")]


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
        prepared = stage.hub.outbound._preparing.prepare(claimed.delivery, stage.clock(), claimed.provision)
        made = [each for each in prepared.plan.changes if each.model is DataKeyRow]
        assert bool(made) is gone  # the attempt's leaves are under a key that is there
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
