"""Whether the hub is ready: asked by any number of clients, looked at one at a time, in a thread of its own.

The threads of exchanges and of pages may all be taken: a look needs none of them. Who asks while a look is under way
gets what it finds, and what was found stands for a second: a crowd of questions costs one commit in a second.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import anyio
import anyio.to_thread

from gateway.operations.health import Health, look
from gateway.store.reading import Reader
from gateway.store.unit_of_work import UnitOfWork

STANDS = timedelta(seconds=1)
"""So long is an answer given again without another look. A monitor asks less often."""


class Readiness:
    """Looks. For the event loop alone."""

    def __init__(self, reader: Reader, unit_of_work: UnitOfWork, clock: Callable[[], datetime]) -> None:
        self._reader = reader
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._threads = anyio.CapacityLimiter(1)
        self._under_way: asyncio.Task[Health] | None = None
        self._found: tuple[datetime, Health] | None = None

    async def look(self) -> Health:
        """The facts now, those of the last second, or those that somebody else is finding out."""
        if self._found is not None and timedelta(0) <= self._clock() - self._found[0] < STANDS:
            return self._found[1]
        task = self._under_way
        if task is None or task.done():
            task = self._under_way = asyncio.get_running_loop().create_task(self._look())
        return await asyncio.shield(task)

    async def _look(self) -> Health:
        def now() -> Health:
            return look(self._reader, self._unit_of_work, self._clock())

        found = await anyio.to_thread.run_sync(now, limiter=self._threads)
        self._found = self._clock(), found
        return found
