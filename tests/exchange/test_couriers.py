"""The workers of a process: they rest while nothing is due, are woken, stop in good order, and outlive every error."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import nullcontext
from datetime import timedelta

import pytest

from gateway.app import starting
from gateway.domain.errors import HubBusy, Misconfigured
from gateway.exchange.couriers import MOST_PREPARERS, Couriers
from gateway.exchange.preparer import PORTION_S, STANDS_STILL_S
from gateway.exchange.stages import Called
from gateway.operations.health import look
from gateway.settings import Mode
from gateway.store.claims import Claimed, Taken
from gateway.store.outgoing import StoredDelivery
from gateway.store.plan import Committed, Outcome
from gateway.store.tables import DeliveryRow
from gateway.trust.interned import MAX_KEPT_BYTES, note_reading
from tests.exchange.deliveries import asked, now
from tests.exchange.keys import AT
from tests.exchange.stage import Stage
from tests.store.rows import delivery

PATIENCE_S = 20.0


def _claimed(name: str) -> Claimed:
    row = DeliveryRow(**delivery(name, name, 1, "queued"))
    return Claimed(delivery=StoredDelivery.of(row), endpoint=None)


class Shelf:
    """Deliveries that are due, and what was asked of them."""

    def __init__(self) -> None:
        self.due: list[str] = []
        self.wanted: list[int] = []
        self.back: list[str] = []
        self.faults: list[Exception] = []
        self.again_after = timedelta(hours=1)
        self.changed = threading.Condition()

    def take(self, wanted: int) -> Taken:
        with self.changed:
            self.wanted.append(wanted)
            self.changed.notify_all()
            if self.faults:
                raise self.faults.pop()
            names, self.due = self.due[:wanted], self.due[wanted:]
        found = [_claimed(name) for name in names]
        return Taken(claimed=found, again_at=AT + self.again_after)

    def release(self, claimed: list[Claimed]) -> None:
        with self.changed:
            self.back += [each.delivery.id for each in claimed]
            self.changed.notify_all()

    def looked(self, times: int) -> bool:
        with self.changed:
            return self.changed.wait_for(lambda: len(self.wanted) >= times, PATIENCE_S)


class Done:
    """A call that is over, and its end with it. `kept` says what the store told; None: it was not asked."""

    def __init__(self, kept: bool | None = None, conclude: Callable[[], None] = lambda: None) -> None:
        self.outcome = None if kept is None else settled()
        self._kept = kept
        self.conclude = conclude

    def is_kept(self) -> bool:
        return bool(self._kept)


class Prepared:
    """An attempt whose call is `call`."""

    def __init__(self, call: Callable[[], Called | None], submit: Callable[[], Future[Outcome] | None]) -> None:
        self.call = call
        self.submit = submit


def settled() -> Future[Outcome]:
    outcome: Future[Outcome] = Future()
    outcome.set_result(Committed())
    return outcome


def attempts(call: Callable[[Claimed], Called | None]) -> Callable[[Claimed], Prepared]:
    return lambda claimed: Prepared(lambda: call(claimed), settled)


class Desk:
    """Makes attempts when it is let, and notes them."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.open = threading.Event()
        self.changed = threading.Condition()
        self.prepare = attempts(self._call)

    def _call(self, claimed: Claimed) -> Done:
        with self.changed:
            self.begun.append(claimed.delivery.id)
            self.changed.notify_all()
        assert self.open.wait(PATIENCE_S)
        if claimed.delivery.id == "poison":
            raise RuntimeError("no text of it is logged")
        return Done()

    def saw(self, count: int) -> bool:
        with self.changed:
            return self.changed.wait_for(lambda: len(self.begun) >= count, PATIENCE_S)


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def desk() -> Iterator[Desk]:
    made = Desk()
    yield made
    made.open.set()


def couriers(shelf: Shelf, desk: Desk, senders: int = 2) -> Couriers:
    return Couriers(shelf, lambda: desk.prepare, senders=senders, clock=lambda: AT, may_claim=lambda: True)


def test_no_more_is_claimed_than_may_lie_ready_and_stopping_gives_back_what_nobody_began(
    shelf: Shelf, desk: Desk
) -> None:
    shelf.due = [f"d-{number}" for number in range(10)]
    working = couriers(shelf, desk)
    working.start()
    assert desk.saw(2)
    assert shelf.wanted == [4]
    stopper = threading.Thread(target=working.stop)
    stopper.start()
    with shelf.changed:
        assert shelf.changed.wait_for(lambda: shelf.back, PATIENCE_S)
    desk.open.set()
    stopper.join(PATIENCE_S)
    assert not stopper.is_alive()
    assert sorted(shelf.back + desk.begun) == ["d-0", "d-1", "d-2", "d-3"]
    assert len(shelf.due) == 6


def test_a_wake_up_is_heard_and_so_is_the_end_of_an_attempt(shelf: Shelf, desk: Desk) -> None:
    desk.open.set()
    working = couriers(shelf, desk)
    working.start()
    assert shelf.looked(1)
    with shelf.changed:
        shelf.due = ["first"]
    working.wake()
    assert desk.saw(1)
    assert shelf.looked(3)  # it ended: the next of its queue may go
    working.stop()
    assert shelf.back == []


def test_what_is_made_after_a_look_that_left_room_is_claimed_together_once_all_in_hand_is_over(
    shelf: Shelf, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.exchange.couriers.GATHER_S", 10 * PATIENCE_S)
    shelf.due = ["first"]
    working = couriers(shelf, desk)
    working.start()
    assert desk.saw(1)
    for name in ("second", "third"):
        with shelf.changed:
            shelf.due.append(name)
        working.wake()
    desk.open.set()  # the first ends: what stood behind it does not wait for the time to be over
    assert desk.saw(3)
    assert shelf.wanted[:2] == [4, 4]  # none between: with the first in hand it would have been three
    working.stop()


def test_what_prepares_is_asked_for_anew_for_each_portion(shelf: Shelf, desk: Desk) -> None:
    asked: list[str] = []

    def preparer() -> Callable[[Claimed], Prepared]:
        asked.append("portion")
        return desk.prepare

    working = Couriers(shelf, preparer, senders=2, clock=lambda: AT, may_claim=lambda: True, seconds=lambda: 0.0)
    shelf.due = ["a", "b"]
    working.start()
    assert desk.saw(2)
    assert asked == ["portion"]
    with shelf.changed:
        shelf.due = ["c"]
    desk.open.set()
    assert desk.saw(3)
    assert asked == ["portion"] * 2
    working.stop()


def test_what_an_attempt_or_a_look_raises_ends_no_thread(
    shelf: Shelf, desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("gateway.exchange.couriers.LONGEST_REST_S", 0.001)
    desk.open.set()
    shelf.faults = [HubBusy("down"), RuntimeError("no text of it is logged")]
    shelf.due = ["poison", "poison", "poison", "good"]
    working = couriers(shelf, desk, senders=1)
    working.start()
    assert desk.saw(4)
    working.stop()
    assert desk.begun[-1] == "good"
    assert "no text" not in capsys.readouterr().out


def test_while_nothing_may_be_claimed_what_nobody_began_is_given_back_and_then_it_goes_on(
    shelf: Shelf, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.exchange.couriers.LONGEST_REST_S", 0.001)
    may, refused = threading.Event(), threading.Semaphore(0)

    def may_claim() -> bool:
        if not may.is_set():
            refused.release()
        return may.is_set()

    may.set()
    shelf.due, shelf.again_after = ["a", "b"], timedelta(0)
    working = Couriers(shelf, lambda: desk.prepare, senders=2, clock=lambda: AT, may_claim=may_claim)
    working.start()
    assert desk.saw(2)
    with shelf.changed:
        shelf.due = ["c", "d", "e"]
    may.clear()
    for _ in range(3):
        assert refused.acquire(timeout=PATIENCE_S)
    assert sorted(shelf.back) == ["c", "d", "e"][: 3 - len(shelf.due)]  # it may have looked once more before
    with shelf.changed:
        shelf.due += shelf.back
        looks = len(shelf.wanted)
    may.set()
    assert shelf.looked(looks + 1)
    desk.open.set()
    assert desk.saw(5)
    working.stop()


def test_a_sender_that_has_read_enough_is_followed_by_another_and_stopping_waits_for_whoever_follows(
    shelf: Shelf,
) -> None:
    senders: list[threading.Thread] = []
    done: list[str] = []
    all_sent, may_end = threading.Event(), threading.Event()

    def call(claimed: Claimed) -> Done:
        senders.append(threading.current_thread())
        note_reading(MAX_KEPT_BYTES + 1)
        if len(senders) == 5:
            all_sent.set()
            assert may_end.wait(PATIENCE_S)
        done.append(claimed.delivery.id)
        return Done()

    shelf.due = [f"d-{number}" for number in range(5)]
    working = Couriers(shelf, lambda: attempts(call), senders=1, clock=lambda: AT, may_claim=lambda: True)
    working.start()
    assert all_sent.wait(PATIENCE_S)
    assert len(set(senders)) == 5
    stopper = threading.Thread(target=working.stop)
    stopper.start()
    may_end.set()
    stopper.join(PATIENCE_S)
    assert not stopper.is_alive()
    assert done == ["d-0", "d-1", "d-2", "d-3", "d-4"]


def test_a_thread_that_has_read_enough_goes_on_while_the_system_gives_no_other(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    all_sent = threading.Event()

    def call(claimed: Claimed) -> Done:
        note_reading(MAX_KEPT_BYTES + 1)
        done.append(claimed.delivery.id)
        if len(done) == 6:
            all_sent.set()
        return Done()

    def prepare(claimed: Claimed) -> Prepared:
        note_reading(MAX_KEPT_BYTES + 1)
        return Prepared(lambda: call(claimed), settled)

    def none_left(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    working = Couriers(shelf, lambda: prepare, senders=1, clock=lambda: AT, may_claim=lambda: True)
    working.start()
    assert shelf.looked(1)
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", none_left)
        with shelf.changed:
            shelf.due = [f"d-{number}" for number in range(6)]
        working.wake()
        assert all_sent.wait(PATIENCE_S)
    assert working.trouble() == ""
    working.stop()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_has_ended_is_told(stage: Stage) -> None:
    class Ends(Exception):
        """Stands for what no thread outlives."""

    def ends(_room: float) -> int:
        raise Ends

    couriers = stage.hub._couriers
    couriers._in_hand.room = ends  # type: ignore[method-assign, assignment]  # no door leads to what nobody foresaw
    stage.hub.start()
    (claimer,) = [thread for thread in couriers._threads if thread.name == "claimer"]
    claimer.join(PATIENCE_S)
    found = look(stage.hub.store.reader, stage.hub.store.unit_of_work, stage.clock(), stage.hub.standing)
    assert "threads that deliver have ended (claimer): start this process again" in found.warnings
    stage.hub.begin_to_end()
    assert couriers.pause(PATIENCE_S) is False
    assert couriers.trouble() == ""


class Slow:
    """A store that tells how plans ended when it is let."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.waiting: list[Future[Outcome]] = []

    def submit(self) -> Future[Outcome]:
        outcome: Future[Outcome] = Future()
        with self.changed:
            self.waiting.append(outcome)
            self.changed.notify_all()
        return outcome

    def taken(self, count: int) -> list[Future[Outcome]]:
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.waiting) >= count, PATIENCE_S)
            taken, self.waiting = self.waiting, []
        return taken


def test_nobody_is_called_before_the_attempt_is_on_record_and_plans_come_to_the_store_together(shelf: Shelf) -> None:
    store, called = Slow(), threading.Semaphore(0)

    def call() -> Done:
        called.release()
        return Done()

    shelf.due = ["a", "b", "c", "d"]
    working = Couriers(
        shelf,
        lambda: lambda _claimed: Prepared(call, store.submit),
        senders=2,
        clock=lambda: AT,
        may_claim=lambda: True,
    )
    working.start()
    for _ in range(2):
        outcomes = store.taken(2)  # as many as there are senders, and nobody waited in between
        assert not called.acquire(blocking=False)
        for outcome in outcomes:
            outcome.set_result(Committed())
        for _ in outcomes:
            assert called.acquire(timeout=PATIENCE_S)
    working.stop()
    assert shelf.back == []


@pytest.mark.parametrize("kept", [True, False])
def test_a_sender_goes_on_while_the_store_takes_an_end_and_stopping_waits_for_what_it_did_not_take(
    shelf: Shelf, kept: bool
) -> None:
    store, concluded = Slow(), threading.Event()

    class Pending(Done):
        def __init__(self) -> None:
            super().__init__(kept, concluded.set)
            self.outcome = store.submit()

    shelf.due = ["a", "b"]
    working = Couriers(
        shelf, lambda: attempts(lambda _claimed: Pending()), senders=1, clock=lambda: AT, may_claim=lambda: True
    )
    working.start()
    first, second = store.taken(2)  # one sender made both calls
    stopper = threading.Thread(target=working.stop)
    stopper.start()
    first.set_result(Committed())
    assert stopper.is_alive()
    second.set_result(Committed())
    stopper.join(PATIENCE_S)
    assert not stopper.is_alive()
    assert concluded.is_set() is not kept


def test_an_attempt_that_is_over_is_held_by_nothing(shelf: Shelf) -> None:
    store = Slow()
    attempts: list[weakref.ref[Keeping]] = []

    class Keeping:
        """Holds the outcome of its plan, as attempts do; what it gives holds that of its end, and the attempt."""

        def submit(self) -> Future[Outcome]:
            self.outcome = store.submit()
            return self.outcome

        def call(self) -> Done:
            done = Done(True, lambda: setattr(self, "concluded", True))
            done.outcome = store.submit()
            return done

    def prepare(_claimed: Claimed) -> Keeping:
        attempt = Keeping()
        attempts.append(weakref.ref(attempt))
        return attempt

    shelf.due = ["a"]
    working = Couriers(shelf, lambda: prepare, senders=1, clock=lambda: AT, may_claim=lambda: True)
    gc.disable()  # no circle holds it that only the collector would find
    try:
        working.start()
        for _ in ("its plan", "its end"):
            store.taken(1)[0].set_result(Committed())
        working.stop()
        assert [attempt() for attempt in attempts] == [None]
    finally:
        gc.enable()


def test_what_cannot_be_prepared_or_handed_over_keeps_no_other_from_its_turn(shelf: Shelf) -> None:
    sent = threading.Event()

    written: list[str] = []

    def prepare(claimed: Claimed) -> Prepared:
        match claimed.delivery.id:
            case "raises":
                raise HubBusy("down")
            case "waits":
                return Prepared(lambda: written.append("why it waits"), lambda: None)
            case "refused":
                return Prepared(Done, full)
        return Prepared(call, settled)

    def call() -> None:
        sent.set()

    def full() -> Future[Outcome]:
        raise HubBusy("full")

    shelf.due = ["raises", "waits", "refused", "good"]
    working = Couriers(shelf, lambda: prepare, senders=1, clock=lambda: AT, may_claim=lambda: True)
    working.start()
    assert sent.wait(PATIENCE_S)
    working.stop()
    assert written == ["why it waits"]


class Steps:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.s = 0.0

    def __call__(self) -> float:
        return self.s


def test_what_is_prepared_leaves_though_the_next_preparation_takes_long_and_stopping_begins_no_other(
    shelf: Shelf, desk: Desk
) -> None:
    seconds, begun, goes_on = Steps(), threading.Semaphore(0), threading.Event()

    def prepare(claimed: Claimed) -> Prepared:
        if claimed.delivery.id == "third":
            begun.release()
            assert goes_on.wait(PATIENCE_S)
        seconds.s += PORTION_S / 2
        return desk.prepare(claimed)

    desk.open.set()
    shelf.due = ["first", "second", "third", "fourth"]
    working = Couriers(shelf, lambda: prepare, senders=4, clock=lambda: AT, may_claim=lambda: True, seconds=seconds)
    working.start()
    assert begun.acquire(timeout=PATIENCE_S)
    assert desk.saw(2)
    stopper = threading.Thread(target=working.stop)
    stopper.start()
    with shelf.changed:
        assert shelf.changed.wait_for(lambda: shelf.back == ["fourth"], PATIENCE_S)
    goes_on.set()
    stopper.join(PATIENCE_S)
    assert not stopper.is_alive()
    assert sorted(desk.begun) == ["first", "second", "third"]


def test_where_a_preparation_stands_still_another_thread_goes_on_and_what_was_prepared_before_leaves(
    shelf: Shelf, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.exchange.couriers.LONGEST_REST_S", 0.001)
    seconds, stands, goes_on = Steps(), threading.Semaphore(0), threading.Event()

    def prepare(claimed: Claimed) -> Prepared:
        if claimed.delivery.id.startswith("stands"):
            stands.release()
            assert goes_on.wait(PATIENCE_S)
        return desk.prepare(claimed)

    desk.open.set()
    shelf.due = ["before", "stands-1", "stands-2", "stands-3", "behind", "stands-4"]
    working = Couriers(shelf, lambda: prepare, senders=8, clock=lambda: AT, may_claim=lambda: True, seconds=seconds)
    working.start()
    for _ in range(MOST_PREPARERS):
        assert stands.acquire(timeout=PATIENCE_S)
        seconds.s += STANDS_STILL_S
    assert desk.saw(2)
    assert sorted(desk.begun) == ["before", "behind"]
    assert working.trouble().startswith(f"{MOST_PREPARERS} preparations of deliveries stand still")
    with shelf.changed:
        shelf.due = ["after"]
    working.wake()
    goes_on.set()
    assert desk.saw(7)  # those that stood still as well, once their preparations end
    assert working.trouble() == ""
    working.stop()
    assert shelf.back == []


def test_a_delivery_whose_preparation_stands_still_is_not_prepared_again_beside_it(
    shelf: Shelf, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.exchange.couriers.LONGEST_REST_S", 0.001)
    seconds, stands, goes_on = Steps(), threading.Semaphore(0), threading.Event()

    def prepare(claimed: Claimed) -> Prepared:
        if claimed.delivery.id == "stands":
            stands.release()
            assert goes_on.wait(PATIENCE_S)
        return desk.prepare(claimed)

    desk.open.set()
    shelf.due = ["stands", "stands", "behind"]  # as if its lease were over, and it was claimed again
    working = Couriers(shelf, lambda: prepare, senders=8, clock=lambda: AT, may_claim=lambda: True, seconds=seconds)
    working.start()
    assert stands.acquire(timeout=PATIENCE_S)
    seconds.s += STANDS_STILL_S
    assert desk.saw(1)
    assert desk.begun == ["behind"]
    goes_on.set()
    assert desk.saw(2)
    working.stop()
    assert not stands.acquire(blocking=False)


def test_without_senders_nothing_is_claimed(shelf: Shelf, desk: Desk) -> None:
    working = couriers(shelf, desk, senders=0)
    working.start()
    working.wake()
    working.stop()
    assert shelf.wanted == []
    assert not working.pause(0)


def test_a_hub_that_runs_delivers_what_it_is_woken_for_and_stops_in_good_order(stage: Stage) -> None:
    deliveries = [asked(stage, "dukcapil") for _ in range(4)]
    stage.hub.start()
    with stage.town.heard:
        assert stage.town.heard.wait_for(lambda: len(stage.town.calls["dukcapil"]) == 4, PATIENCE_S)
    stage.restart()
    assert {now(stage, each).state for each in deliveries} == {"answered"}
    assert {now(stage, each).lease_until for each in deliveries} == {None}


def test_a_hub_whose_clock_is_not_the_servers_sends_nothing_and_takes_nothing_back_until_it_is(stage: Stage) -> None:
    lost, waiting = asked(stage, "dukcapil"), asked(stage, "dukcapil")

    def dies(_call: object) -> None:
        raise SystemExit

    stage.hub._client.send = dies  # type: ignore[method-assign, assignment]  # a worker that ends while it calls
    with pytest.raises(SystemExit):
        stage.hub.outbound.deliver(lost.id)
    stage.clock.advance(minutes=5)
    stage.restart()
    for apart_s in (11.0, -11.0, 9.0):
        stage.apart_s = apart_s
        stage.hub.start()
        if apart_s == 9.0:
            assert now(stage, lost).state == "unknown"
            with stage.town.heard:
                assert stage.town.heard.wait_for(lambda: stage.town.calls["dukcapil"], PATIENCE_S)
        stage.restart()
        if abs(apart_s) > 10:
            assert (now(stage, lost).state, now(stage, waiting).state) == ("sending", "queued")
            assert stage.town.calls["dukcapil"] == []
    assert now(stage, waiting).state == "answered"


def test_clocks_that_are_too_far_apart_are_refused_in_production_and_told_in_development(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(starting, "doubts", lambda _engine: ())
    production = stage.settings.model_copy(update={"mode": Mode.PRODUCTION})
    for apart_s, refuses, warns in ((10.0, False, True), (-10.5, True, True), (4.0, False, False)):
        monkeypatch.setattr(starting, "apart", lambda *_, apart_s=apart_s: apart_s)
        with pytest.raises(Misconfigured, match="10 s behind") if refuses else nullcontext() as told:
            starting.make_sure(production, stage.hub.store, stage.certificate, stage.clock)
        assert told is None or told.value.code == "clocks-apart"
        capsys.readouterr()
        starting.make_sure(stage.settings, stage.hub.store, stage.certificate, stage.clock)
        assert ("the database server's" in capsys.readouterr().out) is warns
