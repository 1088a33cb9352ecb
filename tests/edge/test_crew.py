"""Threads for exchanges: a place is taken until the work is done, whatever becomes of the request."""

from __future__ import annotations

import asyncio
import threading

import pytest

from gateway.edge.crew import Crew, NoPlace


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
