"""Deliveries are prepared in portions: one that fails, is refused or stands still keeps no other from its turn."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future

import pytest

from gateway.domain.errors import HubBusy
from gateway.exchange.couriers import MOST_PREPARERS, Couriers
from gateway.exchange.preparer import PORTION_S, STANDS_STILL_S
from gateway.store.claims import Claimed
from gateway.store.plan import Outcome
from tests.exchange.keys import AT
from tests.exchange.shelves import PATIENCE_S, Desk, Done, Prepared, Shelf, Steps, settled


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
