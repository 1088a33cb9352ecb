"""Threads for exchanges: a place is taken until the work is done, whatever becomes of the request."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading

import pytest

from gateway.edge.crew import Crew, NoPlace
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
