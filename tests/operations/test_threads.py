"""A loop works on while there is something to do, can be woken, survives a failure, and ends when told."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from gateway.domain.errors import HubBusy
from gateway.operations.threads import Loop

LONG = 3600.0
SOON_S = 10.0


class Work:
    """Says whether there is more, as told; then that there is none. Counts, and raises what it is told to."""

    def __init__(self, *answers: bool | Exception) -> None:
        self.answers = list(answers)
        self.done = 0
        self.idle = threading.Semaphore(0)

    def __call__(self) -> bool:
        self.done += 1
        answer = self.answers.pop(0) if self.answers else False
        if isinstance(answer, Exception):
            self.idle.release()
            raise answer
        if not answer:
            self.idle.release()
        return answer

    def await_idle(self) -> None:
        assert self.idle.acquire(timeout=SOON_S)


def test_it_goes_on_at_once_while_there_is_more() -> None:
    work = Work(True, True, True)
    loop = Loop("test", work, LONG)
    loop.start()
    work.await_idle()
    loop.stop()
    assert work.done == 4


def test_it_is_woken_before_its_interval_is_over() -> None:
    work = Work()
    loop = Loop("test", work, LONG)
    loop.start()
    work.await_idle()
    loop.wake()
    work.await_idle()
    loop.stop()
    assert work.done == 2


def test_it_looks_again_after_its_interval() -> None:
    work = Work()
    loop = Loop("test", work, 0.01)
    loop.start()
    for _ in range(3):
        work.await_idle()
    loop.stop()
    assert work.done >= 3


def test_a_wake_up_that_comes_while_it_works_is_not_lost() -> None:
    begun, may_end, work = threading.Event(), threading.Event(), Work()

    def slow() -> bool:
        begun.set()
        assert may_end.wait(SOON_S)
        return work()

    loop = Loop("test", slow, LONG)
    loop.start()
    assert begun.wait(SOON_S)
    loop.wake()
    may_end.set()
    work.await_idle()
    work.await_idle()
    loop.stop()
    assert work.done == 2


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (HubBusy("penuh"), "hub-busy"),
        (OperationalError("SELECT 1", {}, ValueError("hilang")), "OperationalError"),
        (OSError("disk penuh"), "OSError"),
        (KeyError("NIK 9999014506900001"), "KeyError"),
    ],
    ids=["ours", "store", "system", "unforeseen"],
)
def test_a_failure_is_logged_and_the_loop_goes_on(failure: Exception, code: str) -> None:
    work = Work(failure)
    loop = Loop("kurir", work, LONG)
    with capture_logs() as logs:
        loop.start()
        work.await_idle()
        loop.wake()
        work.await_idle()
        loop.stop()
    assert [(each["event"], each["loop"], each["code"]) for each in logs] == [("loop-failed", "kurir", code)]
    assert "9999014506900001" not in str(logs)
    assert work.done == 2


def test_stopping_a_loop_that_never_began_does_nothing() -> None:
    work = Work()
    Loop("test", work, LONG).stop()
    assert work.done == 0


def test_a_loop_that_is_told_to_end_just_before_it_looks_again_ends_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    class Told(threading.Event):
        def clear(self) -> None:
            loop.tell_to_end()
            super().clear()

    monkeypatch.setattr(threading, "Event", Told)
    work = Work()
    loop = Loop("test", work, LONG)
    loop.start()
    loop.stop()
    assert work.done == 0
