"""The way of outcomes from threads to the event loop: one wake-up for as many as there are.

Waking the loop is a system call and a turn of the interpreter; a group commit has the outcomes of many exchanges at
once.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any


class Homecoming:
    """Outcomes on their way to futures of one loop. `told` is called in the loop for each, or in no loop at all."""

    def __init__(self, loop: asyncio.AbstractEventLoop, told: Callable[[], None]) -> None:
        self.loop = loop
        self._told = told
        self._outcomes: deque[tuple[asyncio.Future[Any], object, BaseException | None]] = deque()
        self._is_called = False

    def tell(self, done: asyncio.Future[Any], result: object, error: BaseException | None) -> None:
        """Give a future its outcome, in the loop and soon. Safe to call from any thread."""
        self._outcomes.append((done, result, error))
        if self._is_called:
            return  # whoever was called takes what was appended before it said that it was not called any more
        self._is_called = True
        try:
            self.loop.call_soon_threadsafe(self._take_all)
        except RuntimeError:  # the loop is closed: nobody waits any more
            self._is_called = False
            with suppress(IndexError):
                while True:
                    self._outcomes.popleft()
                    self._told()

    def _take_all(self) -> None:
        self._is_called = False
        while self._outcomes:
            done, result, error = self._outcomes.popleft()
            self._told()
            if done.done():
                continue  # the request was given up meanwhile
            if error is None:
                done.set_result(result)
            else:
                done.set_exception(error)
