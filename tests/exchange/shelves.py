"""What stands around the workers of a process in their tests: deliveries that are due, calls, a store, a clock."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from datetime import timedelta

from gateway.exchange.couriers import Couriers
from gateway.exchange.stages import Called
from gateway.store.claims import Claimed, Taken
from gateway.store.outgoing import StoredDelivery
from gateway.store.plan import Committed, Outcome
from gateway.store.tables import DeliveryRow
from tests.exchange.keys import AT
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


def couriers(shelf: Shelf, desk: Desk, senders: int = 2) -> Couriers:
    return Couriers(shelf, lambda: desk.prepare, senders=senders, clock=lambda: AT, may_claim=lambda: True)


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


class Steps:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.s = 0.0

    def __call__(self) -> float:
        return self.s
