"""Where agencies wait for something to lie in their mailbox: in the event loop, without a thread and without a place.

Whoever waits is heard again when somebody rings for their agency: this process laid something down, or a look each
second (`gateway.app.hub`) found something that another process laid down, or that can be collected again. A client
that went away is noticed within LOOK_S.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from typing import TypeAlias

from gateway.domain.errors import HubBusy

EACH = 8
"""So many requests of one agency wait at once; one more is told at once when to come again."""
IN_ALL = 256
LOOK_S = 1.0
FULL_AFTER_S = 5
"""Retry-After of who finds no room: a client that waits in a loop would else ask as fast as it is answered."""

Gone: TypeAlias = Callable[[], Awaitable[bool]]
"""Says whether nobody hears the answer any more."""


async def never() -> bool:
    """Of whom nobody can tell."""
    return False


class WaitingRoom:
    """For one event loop; `ring` and `waited_for` are for any thread, and so is `close`."""

    def __init__(self, *, each: int = EACH, in_all: int = IN_ALL) -> None:
        self._each = each
        self._in_all = in_all
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: dict[str, set[asyncio.Future[bool]]] = {}
        self._is_closed = False

    @property
    def waited_for(self) -> frozenset[str]:
        """The agencies that somebody waits for."""
        return frozenset(tuple(self._waiting))

    async def until_there(self, whom: str, seconds: float, gone: Gone) -> bool:
        """Wait until something may be there, so many seconds at most; True when it is not waited for any more.

        That is so at once when the process ends. Raises HubBusy `mailbox-waits` when there is no room, `client-gone`.
        """
        if self._is_closed:
            return True
        here = self._waiting.get(whom, set())
        if len(here) >= self._each or sum(map(len, self._waiting.values())) >= self._in_all:
            raise HubBusy(
                f"nothing lies there, and {len(here)} requests of yours wait for it already (at most {self._each}, and "
                f"{self._in_all} of all agencies); nothing was kept: come again later, or ask without waitS",
                code="mailbox-waits",
                after_s=FULL_AFTER_S,
            )
        self._loop = asyncio.get_running_loop()
        told: asyncio.Future[bool] = self._loop.create_future()
        self._waiting.setdefault(whom, set()).add(told)
        ends = self._loop.time() + seconds
        try:
            while (left := ends - self._loop.time()) > 0:
                await asyncio.wait({told}, timeout=min(left, LOOK_S))
                if told.done():
                    return told.result()
                if await gone():
                    raise HubBusy("nobody hears the answer any more", code="client-gone")
            return True
        finally:
            self._leave(whom, told)

    def ring(self, agencies: Collection[str]) -> None:
        """Something may be there for these."""
        if any(agency in self._waiting for agency in agencies):
            self._tell(agencies, over=False)

    def close(self) -> None:
        """The process ends: whoever waits is answered, and nobody waits any more."""
        self._is_closed = True
        self._tell(None, over=True)

    def _tell(self, agencies: Collection[str] | None, *, over: bool) -> None:
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                self._loop.call_soon_threadsafe(self._told, agencies, over)

    def _told(self, agencies: Collection[str] | None, over: bool) -> None:
        for agency, waiting in self._waiting.items():
            if agencies is None or agency in agencies:
                for each in waiting:
                    if not each.done():
                        each.set_result(over)

    def _leave(self, whom: str, told: asyncio.Future[bool]) -> None:
        waiting = self._waiting[whom]
        waiting.discard(told)
        if not waiting:
            del self._waiting[whom]
