"""Exchanges at work, for the event loop: so many places, few threads, and nobody who waits for a COMMIT.

    place    one exchange from the moment it is begun until its outcome is known, whatever becomes of its request;
             when all are taken, others wait a little for one
    thread   prepares one exchange after the other. What is then pending (`gateway.store.pending`) is told by the
             thread that commits, or taken up again by one of these when it was not committed

Small messages are prepared by one thread: nearly all of their time is the interpreter's, and sixteen threads that
share it take twice the processor of one. Large ones have two of their own: most of their time is that of parsers and
schemas, which let others run, and a small message does not wait behind a large one.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from gateway.edge.hands import Hands
from gateway.edge.homecoming import Homecoming
from gateway.store.pending import Going, Pending, Waiting, once_told

HANDS = 1
HANDS_FOR_LARGE = 2
LARGE_BYTES = 32 * 1024

_T = TypeVar("_T")


class NoPlace(Exception):
    """All places are taken and none became free in time, or the system gives no thread for one."""


@dataclass(slots=True)
class _Asked:
    """Where the outcome of an exchange is told, once, and whose threads go on with it."""

    home: Homecoming
    done: asyncio.Future[Any] | None
    hands: Hands

    def tell(self, result: object, error: BaseException | None) -> None:
        """Tell it, and let go of it: a fault holds the frames that it came through, and they hold this."""
        done, self.done = self.done, None
        if done is not None:
            self.home.tell(done, result, error)


class Crew:
    """`most` exchanges at once, prepared by `hands` threads or a few more. `run` is for the event loop alone."""

    def __init__(self, most: int, hands: int = HANDS) -> None:
        self.most = most
        self._taken = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._small = Hands(hands, most)
        self._large = Hands(max(hands, HANDS_FOR_LARGE), most)
        self._home: Homecoming | None = None

    async def run(
        self, function: Callable[..., Going[_T]], *args: object, wait_s: float, size: int = 0
    ) -> _T | Waiting[_T]:
        """Run `function` in a thread once there is a place, and give what it gives once that is durable.

        What is waited for is given as it is, and takes no place.

        `size` is that of the message, in bytes. Raises NoPlace when there is no place for `wait_s`.
        """
        if self._taken < self.most and not self._waiting:
            self._taken += 1
        else:
            await self._place(wait_s)
        home = self._home_of(asyncio.get_running_loop())
        done: asyncio.Future[_T | Waiting[_T]] = home.loop.create_future()
        hands = self._small if size < LARGE_BYTES else self._large
        try:
            self._go_on(lambda: function(*args), _Asked(home, done, hands))
        except RuntimeError as fault:  # the system gives no thread
            self._give_back()
            raise NoPlace from fault
        hands.mind(home.loop)
        try:
            return await done
        finally:
            del done  # its fault comes through here, and would hold it in a circle, with the message

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

    # --- steps ----------------------------------------------------------------------------------------------------

    def _go_on(self, step: Callable[[], Going[Any]], asked: _Asked) -> None:
        """Have a thread do a step. Raises RuntimeError when the system gives none."""
        asked.hands.hand_over(lambda: self._do(step, asked))

    def _do(self, step: Callable[[], Going[Any]], asked: _Asked) -> None:
        try:
            going = step()
        except BaseException as fault:  # noqa: BLE001 - whoever waits learns of it; the thread has no caller
            asked.tell(None, fault)
            return
        if isinstance(going, Pending):
            once_told(going.outcome, partial(self._settled, going, asked))
        else:
            asked.tell(going, None)

    def _settled(self, pending: Pending[Any], asked: _Asked) -> None:
        """Runs in the thread that commits: tell what is durable, and leave all else to a thread of ours."""
        try:
            if pending.is_durable:
                asked.tell(pending.take(), None)
                return
            self._go_on(pending.otherwise, asked)
        except RuntimeError:  # the system gives no thread
            asked.tell(None, NoPlace())
            return
        except BaseException as fault:  # noqa: BLE001 - whoever waits learns of it, and the place is given back
            asked.tell(None, fault)
            return
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            asked.home.loop.call_soon_threadsafe(asked.hands.mind, asked.home.loop)
