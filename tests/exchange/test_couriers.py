"""The workers of a process: they rest while nothing is due, are woken, stop in good order, and outlive every error."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from gateway.domain.errors import HubBusy
from gateway.exchange.couriers import Couriers
from gateway.store.claims import Claimed
from gateway.trust.interned import MAX_KEPT_BYTES, note_reading
from tests.exchange.keys import AT
from tests.exchange.shelves import PATIENCE_S, Desk, Done, Prepared, Shelf, attempts, couriers, settled


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


def test_without_senders_nothing_is_claimed(shelf: Shelf, desk: Desk) -> None:
    working = couriers(shelf, desk, senders=0)
    working.start()
    working.wake()
    working.stop()
    assert shelf.wanted == []
    assert not working.pause(0)
