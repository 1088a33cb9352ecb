"""Workers and the store: nobody is called before the attempt is on record, nobody waits until an end is written."""

from __future__ import annotations

import gc
import threading
import weakref
from concurrent.futures import Future

import pytest

from gateway.exchange.couriers import Couriers
from gateway.store.claims import Claimed
from gateway.store.plan import Committed, Outcome
from tests.exchange.keys import AT
from tests.exchange.shelves import PATIENCE_S, Done, Prepared, Shelf, Slow, attempts


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
