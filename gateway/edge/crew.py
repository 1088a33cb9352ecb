"""Threads in which exchanges run, for the event loop: so many at once, others wait a little for a place.

A thread is started when a place is taken for which there is none, and ends when it had nothing to do for a while, or
when it has read so much XML that the names in it are to be let go of (`gateway.trust.interned`). What was begun is
finished, whatever becomes of the request that asked for it: its place is free only then.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any, TypeAlias, TypeVar

from gateway.trust.interned import has_read_enough

IDLE_S = 10.0

_T = TypeVar("_T")
_Work: TypeAlias = tuple[asyncio.AbstractEventLoop, "asyncio.Future[Any]", Callable[..., Any], tuple[object, ...]]


class NoPlace(Exception):
    """All places are taken and none became free in time, or the system gives no thread for one."""


class Crew:
    """`most` work at once. `run` is for the event loop alone."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._taken = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._work: SimpleQueue[_Work] = SimpleQueue()
        self._threads = 0
        self._lock = threading.Lock()

    async def run(self, function: Callable[..., _T], *args: object, wait_s: float) -> _T:
        """Run `function` in a thread once there is a place. Raises NoPlace when there is none for `wait_s`."""
        if self._taken < self.most and not self._waiting:
            self._taken += 1
        else:
            await self._place(wait_s)
        loop = asyncio.get_running_loop()
        done: asyncio.Future[_T] = loop.create_future()
        try:
            self._hand_over((loop, done, function, args))
        except RuntimeError as fault:  # the system gives no thread
            self._give_back()
            raise NoPlace from fault
        return await done

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

    def _hand_over(self, work: _Work) -> None:
        with self._lock:
            if self._threads < self._taken:
                self._start()
            self._work.put(work)

    def _start(self) -> None:
        threading.Thread(target=self._run, name="exchange", daemon=True).start()
        self._threads += 1  # a thread that the system does not give is not counted, nor is its work taken

    def _run(self) -> None:
        while not has_read_enough():
            try:
                loop, done, function, args = self._work.get(timeout=IDLE_S)
            except Empty:
                with self._lock:
                    if self._work.empty():
                        self._threads -= 1
                        return
                continue
            error: BaseException | None = None
            result: object = None
            try:
                result = function(*args)
            except BaseException as fault:  # noqa: BLE001 - whoever waits learns of it; the thread has no caller
                error = fault
            try:
                loop.call_soon_threadsafe(self._settle, done, result, error)
            except RuntimeError:  # the loop is closed: nobody waits any more
                self._give_back()
            del loop, done, function, args, error, result  # a waiting thread holds no message in memory
        with self._lock:
            self._threads -= 1
            if not self._work.empty():  # handed over while this thread still counted as one that may take it
                with suppress(RuntimeError):  # the system gives none now: whatever is handed over next starts one
                    self._start()

    def _settle(self, done: asyncio.Future[Any], result: object, error: BaseException | None) -> None:
        self._give_back()
        if done.done():
            return  # the request was given up meanwhile
        if error is None:
            done.set_result(result)
        else:
            done.set_exception(error)
