"""Threads for exchanges: a place is taken until the work is done, whatever becomes of the request."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import threading
import weakref
from concurrent.futures import Future
from contextlib import closing
from typing import Any, NoReturn

import pytest

from gateway.domain.errors import HubBusy
from gateway.edge.crew import LARGE_BYTES, Crew, NoPlace
from gateway.edge.homecoming import Homecoming
from gateway.store.conflicts import begun
from gateway.store.pending import Going, Pending, Prepared
from gateway.store.plan import Committed, Conflict, Insert, Outcome, Plan
from gateway.store.tables import CounterRow
from gateway.trust.interned import MAX_KEPT_BYTES, note_reading


def test_what_the_work_gives_or_raises_reaches_who_asked() -> None:
    async def main() -> None:
        crew = Crew(1)
        assert await crew.run(lambda a, b: a + b, 2, 3, wait_s=1) == 5
        with pytest.raises(ZeroDivisionError):
            await crew.run(lambda: 1 // 0, wait_s=1)
        with pytest.raises(TimeoutError):  # its own, and not that of a place
            await crew.run(_times_out, wait_s=1)
        assert await crew.run(lambda: "again", wait_s=1) == "again"

    asyncio.run(main())


def test_a_request_that_is_given_up_keeps_its_place_until_its_work_is_done() -> None:
    free = threading.Event()

    async def main() -> None:
        crew = Crew(1)
        given_up = asyncio.create_task(crew.run(free.wait, wait_s=1))
        await asyncio.sleep(0)
        given_up.cancel()
        with pytest.raises(asyncio.CancelledError):
            await given_up
        with pytest.raises(NoPlace):
            await crew.run(lambda: "too soon", wait_s=0.01)
        free.set()
        assert await crew.run(lambda: "then", wait_s=10) == "then"

    asyncio.run(main())


def test_what_is_pending_is_given_once_it_is_durable_and_no_thread_waits_for_it() -> None:
    outcomes: list[Future[Outcome]] = [Future() for _ in range(3)]
    made = list[int]()

    def begin(number: int) -> Going[int]:
        return Pending(Prepared(Plan(), number, lambda: made.append(number)), outcomes[number], lambda: -1)

    async def main() -> None:
        crew = Crew(4, hands=1)
        asked = [asyncio.create_task(crew.run(begin, number, wait_s=10)) for number in range(3)]
        assert await crew.run(lambda: "beside them", wait_s=10) == "beside them"
        assert not any(each.done() for each in asked)
        for outcome in reversed(outcomes):
            outcome.set_result(Committed())
        assert await asyncio.gather(*asked) == [0, 1, 2]
        assert sorted(made) == [0, 1, 2]

    asyncio.run(main())


@pytest.mark.parametrize("failed", [False, True], ids=["conflict", "fault"])
def test_what_was_not_committed_is_gone_on_with_in_a_thread_of_the_crew(failed: bool) -> None:
    outcome: Future[Outcome] = Future()
    went_on = list[str]()

    def begin() -> Going[str]:
        return Pending(Prepared(Plan(), "first", _never), outcome, otherwise)

    def otherwise() -> Going[str]:
        went_on.append(threading.current_thread().name)
        again: Future[Outcome] = Future()
        again.set_result(Committed())
        return Pending(Prepared(Plan(), "second"), again, otherwise)

    async def main() -> None:
        crew = Crew(1)
        asked = asyncio.create_task(crew.run(begin, wait_s=10))
        await asyncio.sleep(0)
        with pytest.raises(NoPlace):
            await crew.run(lambda: "its place is taken until then", wait_s=0.01)
        if failed:
            outcome.set_exception(HubBusy("the store cannot write"))
        else:
            outcome.set_result(Conflict(Insert(CounterRow, {})))
        assert await asked == "second"
        assert went_on == ["exchange"]
        assert await crew.run(lambda: "free", wait_s=10) == "free"

    asyncio.run(main())


def test_more_threads_come_when_work_waits_for_threads_that_wait_themselves() -> None:
    free = threading.Event()

    async def main() -> None:
        crew = Crew(4, hands=1)
        held_up = [asyncio.create_task(crew.run(free.wait, wait_s=10)) for _ in range(3)]
        await asyncio.sleep(0)
        assert await crew.run(lambda: "not held up", wait_s=10) == "not held up"
        free.set()
        assert await asyncio.gather(*held_up) == [True] * 3

    asyncio.run(main())


def test_threads_that_came_while_others_were_held_up_go_when_nothing_waits() -> None:
    free, before = threading.Event(), set(threading.enumerate())

    def threads() -> int:
        return len({each for each in threading.enumerate() if each.name == "exchange"} - before)

    async def main() -> None:
        crew = Crew(4, hands=1)
        held_up = [asyncio.create_task(crew.run(free.wait, wait_s=10)) for _ in range(3)]
        await asyncio.sleep(0)
        assert await crew.run(threads, wait_s=10) == 4
        free.set()
        await asyncio.gather(*held_up)
        while await crew.run(threads, wait_s=10) != 1:  # although there is always something to do
            pass

    asyncio.run(asyncio.wait_for(main(), 10))


def test_a_fault_in_what_is_done_once_it_is_durable_is_told_and_its_place_given_back() -> None:
    outcome: Future[Outcome] = Future()

    def begin() -> Going[str]:
        return Pending(Prepared(Plan(), "never", _never), outcome, _never)

    async def main() -> None:
        crew = Crew(1)
        asked = asyncio.create_task(crew.run(begin, wait_s=10))
        await asyncio.sleep(0)
        outcome.set_result(Committed())
        with pytest.raises(AssertionError, match="not this way"):
            await asked
        assert await crew.run(lambda: "free", wait_s=10) == "free"

    asyncio.run(main())


@pytest.mark.parametrize("busy", ["at once", "at the commit"])
def test_a_message_that_could_not_be_kept_is_held_by_nothing(busy: str) -> None:
    class Full:
        def submit(self, plan: Plan) -> Future[Outcome]:
            if busy == "at once":
                raise HubBusy("too many wait")
            refused: Future[Outcome] = Future()
            refused.set_exception(HubBusy("its disk is full"))
            return refused

    class Body:
        """Stands for ten megabytes."""

    def begin(body: Body) -> Going[Body]:
        def prepare() -> Body | Prepared[Body]:
            return Prepared(Plan(), body)

        return begun(prepare, Full())

    async def main() -> weakref.ref[Body]:
        body = Body()
        held, crew = weakref.ref(body), Crew(1)
        try:
            await crew.run(begin, body, wait_s=10)
        except HubBusy:  # pytest.raises would hold what it caught
            assert await crew.run(lambda: "the thread goes on", wait_s=10)
            return held
        raise AssertionError("it was kept")

    gc.collect()
    gc.disable()  # no circle holds it that only the collector would find
    try:
        held = asyncio.run(main())
        assert held() is None
    finally:
        gc.enable()


def test_a_small_message_does_not_wait_behind_large_ones() -> None:
    free = threading.Event()

    async def main() -> None:
        crew = Crew(8, hands=1)
        large = [asyncio.create_task(crew.run(free.wait, wait_s=10, size=LARGE_BYTES)) for _ in range(2)]
        await asyncio.sleep(0)
        assert await crew.run(lambda: "small", wait_s=10) == "small"
        free.set()
        assert await asyncio.gather(*large) == [True, True]

    asyncio.run(main())


def test_outcomes_of_one_commit_reach_the_loop_with_one_call() -> None:
    class Loop(asyncio.SelectorEventLoop):
        calls = 0

        def call_soon_threadsafe(self, *args: Any, **named: Any) -> asyncio.Handle:  # type: ignore[override]
            self.calls += 1
            return super().call_soon_threadsafe(*args, **named)

    with closing(Loop()) as loop:
        homecoming = Homecoming(loop, lambda: None)
        for calls in (1, 2):
            futures = [loop.create_future() for _ in range(8)]
            for number, future in enumerate(futures):
                homecoming.tell(future, number, None)
            assert loop.calls == calls
            assert loop.run_until_complete(asyncio.gather(*futures)) == list(range(8))


def test_outcomes_that_come_when_the_loop_is_closed_give_their_places_back() -> None:
    loop, given = asyncio.new_event_loop(), list[None]()
    homecoming, future = Homecoming(loop, lambda: given.append(None)), loop.create_future()
    loop.close()
    homecoming.tell(future, None, None)
    homecoming.tell(future, None, None)
    assert len(given) == 2


def test_those_who_wait_get_the_places_in_their_order_and_who_leaves_takes_none_along() -> None:
    free, order = threading.Event(), list[int]()

    async def main() -> None:
        crew = Crew(1)
        first = asyncio.create_task(crew.run(free.wait, wait_s=1))
        await asyncio.sleep(0)
        waiting = [asyncio.create_task(crew.run(order.append, number, wait_s=10)) for number in range(4)]
        await asyncio.sleep(0)
        waiting[1].cancel()
        await asyncio.sleep(0)
        free.set()
        await asyncio.gather(first, *waiting, return_exceptions=True)
        assert order == [0, 2, 3]
        assert await crew.run(lambda: "free", wait_s=1) == "free"

    asyncio.run(main())


def test_a_thread_that_has_read_enough_is_followed_by_another_and_nothing_that_was_handed_over_is_lost() -> None:
    def reading(number: int) -> int:
        note_reading(MAX_KEPT_BYTES // 2)
        return number

    async def main() -> None:
        crew = Crew(2)
        done = await asyncio.gather(*(crew.run(reading, number, wait_s=20) for number in range(200)))
        assert done == list(range(200))
        alone = Crew(1)
        threads = [await alone.run(threading.current_thread, wait_s=20) for _ in range(2)]
        assert threads[0] is threads[1]
        await alone.run(note_reading, MAX_KEPT_BYTES + 1, wait_s=20)
        assert await alone.run(threading.current_thread, wait_s=20) is not threads[0]

    asyncio.run(main())


_MANY_NAMES = """
import asyncio, resource
from gateway.edge.crew import Crew
from gateway.trust.xml import parse_xml

def document(number):
    names = "".join(f"<n{number}-{each}-{'x' * 200}/>" for each in range(4000))
    parse_xml(f"<a>{names}</a>".encode(), max_bytes=2**20)

async def peak(crew, documents):
    for number in documents:
        await crew.run(document, number, wait_s=10)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

async def main():
    crew = Crew(1)
    before = await peak(crew, range(5))
    print((await peak(crew, range(5, 40)) - before) / before)

asyncio.run(main())
"""


def test_names_that_strangers_send_are_not_kept_for_good() -> None:
    """libxml2 keeps each name that a thread parses; 35 documents would leave 30 MB, as much as the process has."""
    grown = subprocess.run([sys.executable, "-c", _MANY_NAMES], capture_output=True, check=True, text=True).stdout
    assert float(grown) < 0.5


def _never() -> NoReturn:
    raise AssertionError("not this way")


def _times_out() -> None:
    raise TimeoutError


def test_a_thread_that_the_system_does_not_give_takes_no_place_along(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    async def main() -> None:
        crew = Crew(1)
        with monkeypatch.context() as patched:
            patched.setattr(threading.Thread, "start", refused)
            with pytest.raises(NoPlace):
                await crew.run(lambda: "now", wait_s=0.01)
        assert await crew.run(lambda: "then", wait_s=10) == "then"

    asyncio.run(main())
