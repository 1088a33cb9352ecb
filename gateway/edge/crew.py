"""Exchanges at work, for the event loop: so many places, few threads, and nobody who waits for a COMMIT.

    place    one exchange from the moment it is begun until its outcome is known, whatever becomes of its request;
             when all are taken, others wait a little for one
    thread   prepares one exchange after the other. What is then pending (`gateway.store.pending`) is told by the
             thread that commits, or taken up again by one of these when it was not committed

Threads that all have Python to run only take the interpreter from each other: sixteen of them cost twice the
processor of one. So there are `hands` of them, and more only while work waits and the processor does not: then
threads are held up by something else (a slow database), and others can use the time.

A thread ends when it had nothing to do for a while, or when it has read so much XML that the names in it are to be
let go of (`gateway.trust.interned`).
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from gateway.edge.homecoming import Homecoming
from gateway.store.pending import Going, Pending
from gateway.trust.interned import has_read_enough

IDLE_S = 10.0
HANDS = 1
LOOK_S = 0.05
"""While work is handed over, this often somebody looks whether it waits for threads that wait themselves."""
AT_WORK = 0.7
"""A process that used this share of a processor in that time gains nothing by more threads."""

_T = TypeVar("_T")


class NoPlace(Exception):
    """All places are taken and none became free in time, or the system gives no thread for one."""


@dataclass(frozen=True, slots=True)
class _Work:
    """A step of an exchange that a thread is to do, and where its outcome is told."""

    step: Callable[..., Any]
    args: tuple[object, ...]
    home: Homecoming
    done: asyncio.Future[Any]
    since: float


class Crew:
    """`most` exchanges at once, prepared by `hands` threads or a few more. `run` is for the event loop alone."""

    def __init__(self, most: int, hands: int = HANDS) -> None:
        self.most = most
        self._hands = min(hands, most)
        self._taken = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._work: SimpleQueue[_Work] = SimpleQueue()
        self._threads = 0
        self._lock = threading.Lock()
        self._home: Homecoming | None = None
        self._looks = False
        self._begun = 0  # how often a thread took up work; only its standing still says something
        self._waited_s = 0.0  # how long the work waited that was taken up last

    async def run(self, function: Callable[..., Going[_T]], *args: object, wait_s: float) -> _T:
        """Run `function` in a thread once there is a place, and give what it gives once that is durable.

        Raises NoPlace when there is none for `wait_s`.
        """
        if self._taken < self.most and not self._waiting:
            self._taken += 1
        else:
            await self._place(wait_s)
        home = self._home_of(asyncio.get_running_loop())
        done: asyncio.Future[_T] = home.loop.create_future()
        try:
            self._hand_over(_Work(function, args, home, done, time.monotonic()))
        except RuntimeError as fault:  # the system gives no thread
            self._give_back()
            raise NoPlace from fault
        if not self._looks:
            self._look_later(home.loop)
        return await done

    def _home_of(self, loop: asyncio.AbstractEventLoop) -> Homecoming:
        if self._home is None or self._home.loop is not loop:
            self._home = Homecoming(loop, self._give_back)
        return self._home

    # --- places ---------------------------------------------------------------------------------------------------

    async def _place(self, wait_s: float) -> None:
        """Wait for a place that somebody gives back: it is handed on as it is, taken."""
        given: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(given)
        try:
            async with asyncio.timeout(wait_s):
                await given
        except BaseException as fault:
            if given.done() and not given.cancelled():
                self._give_back()
            elif given in self._waiting:
                self._waiting.remove(given)
            if isinstance(fault, TimeoutError):
                raise NoPlace from None
            raise

    def _give_back(self) -> None:
        while self._waiting:
            given = self._waiting.popleft()
            if not given.done():
                given.set_result(None)
                return
        self._taken -= 1

    # --- threads --------------------------------------------------------------------------------------------------

    def _hand_over(self, work: _Work) -> None:
        with self._lock:
            if self._threads < min(self._taken, self._hands):
                self._start()
            self._work.put(work)

    def _start(self) -> None:
        threading.Thread(target=self._run, name="exchange", daemon=True).start()
        self._threads += 1  # a thread that the system does not give is not counted, nor is its work taken

    def _look_later(self, loop: asyncio.AbstractEventLoop) -> None:
        self._looks = True
        loop.call_later(LOOK_S, self._look, loop, self._begun, time.monotonic(), time.process_time())

    def _look(self, loop: asyncio.AbstractEventLoop, begun: int, since: float, used: float) -> None:
        """Start one more thread where work waits long although there is processor time for it."""
        self._looks = False
        if self._work.empty():
            return
        is_idle = time.process_time() - used < AT_WORK * (time.monotonic() - since)
        if self._begun == begun or (is_idle and self._waited_s > LOOK_S):
            with self._lock, suppress(RuntimeError):  # the system gives none: those that are there go on
                if self._threads < self.most:
                    self._start()
        self._look_later(loop)

    def _run(self) -> None:
        while not has_read_enough():
            try:
                work = self._work.get(timeout=IDLE_S)
            except Empty:
                with self._lock:
                    if self._work.empty():
                        self._threads -= 1
                        return
                continue
            self._begun += 1
            self._waited_s = time.monotonic() - work.since
            self._do(work)
            del work  # a waiting thread holds no message in memory
        with self._lock:
            self._threads -= 1
            if not self._work.empty():  # handed over while this thread still counted as one that may take it
                with suppress(RuntimeError):  # the system gives none now: whatever is handed over next starts one
                    self._start()

    def _do(self, work: _Work) -> None:
        try:
            going = work.step(*work.args)
        except BaseException as fault:  # noqa: BLE001 - whoever waits learns of it; the thread has no caller
            work.home.tell(work.done, None, fault)
            return
        if isinstance(going, Pending):
            held = [
                going
            ]  # taken out when it is told: a future keeps its callbacks, and this one would keep the future
            going.outcome.add_done_callback(lambda _outcome: self._settled(held.pop(), work))
        else:
            work.home.tell(work.done, going, None)

    def _settled(self, pending: Pending[Any], work: _Work) -> None:
        """Runs in the thread that commits: tell what is durable, and leave all else to a thread of ours."""
        if pending.is_durable:
            work.home.tell(work.done, pending.take(), None)
            return
        try:
            self._hand_over(_Work(pending.otherwise, (), work.home, work.done, time.monotonic()))
        except RuntimeError:  # the system gives no thread
            work.home.tell(work.done, None, NoPlace())
