"""Threads that do work of one kind in its order: a few, and more only while it waits for no good reason.

Threads that all have Python to run only take the interpreter from each other. So there are `hands` of them, and more
only while work waits and the processor does not: then threads are held up by something else (a slow database), and
others can use the time.

One of the further threads ends when nothing waits any more. Any ends when it had nothing to do for a while, or when it
has read so much XML that the names in it are to be let go of (`gateway.trust.interned`).
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue

from gateway.trust.interned import has_read_enough

IDLE_S = 10.0
LOOK_S = 0.05
"""While work is handed over, this often somebody looks whether it waits for threads that wait themselves."""
AT_WORK = 0.7
"""A process that used this share of a processor in that time gains nothing by more threads."""


@dataclass(frozen=True, slots=True)
class _Work:
    do: Callable[[], None]
    since: float


class Hands:
    """`hands` threads, and up to `most` while they are held up. What is done raises nothing."""

    def __init__(self, hands: int, most: int) -> None:
        self._hands = min(hands, most)
        self._most = most
        self._work: SimpleQueue[_Work] = SimpleQueue()
        self._undone = 0
        self._threads = 0
        self._lock = threading.Lock()
        self._looks = False
        self._begun = 0  # how often a thread took up work; only its standing still says something
        self._waited_s = 0.0  # how long the work waited that was taken up last

    def hand_over(self, do: Callable[[], None]) -> None:
        """Have it done in a thread. From any thread; raises RuntimeError when the system gives none at all."""
        with self._lock:
            if self._threads < min(self._undone + 1, self._hands):
                try:
                    self._start()
                except RuntimeError:
                    if not self._threads:
                        raise
            self._undone += 1
            self._work.put(_Work(do, time.monotonic()))

    def mind(self, loop: asyncio.AbstractEventLoop) -> None:
        """See to it that more threads come when these are held up. For the event loop, after work was handed over."""
        if not self._looks:
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
                if self._threads < self._most:
                    self._start()
        self.mind(loop)

    def _start(self) -> None:
        threading.Thread(target=self._run, name="exchange", daemon=True).start()
        self._threads += 1  # a thread that the system does not give is not counted

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
            work.do()
            del work  # a waiting thread holds no message in memory
            with self._lock:
                self._undone -= 1
                if self._threads > self._hands and self._work.empty():  # it came while others were held up
                    self._threads -= 1
                    return
        with self._lock:
            self._threads -= 1
            if not self._work.empty():  # handed over while this thread still counted as one that may take it
                with suppress(RuntimeError):  # the system gives none now: whatever is handed over next starts one
                    self._start()
