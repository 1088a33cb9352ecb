"""Whether a process lives and is ready: asked by any number of clients, looked at by one thread, one look at a time.

    live    the process answers at all: who gets no answer may start it anew
    ready   it takes new work: the store commits, took the last rows of this process (or some seconds have passed since
            it did not), and the process is not about to end. 503 otherwise, with Retry-After

The threads of exchanges and of pages may all be taken: a look needs none of them. Who asks while a look is under way
gets what it finds, and what was found stands for a second: a crowd of questions costs one look in a second. Anybody
may ask, so an answer says no more than that; why is under /admin/v1/health.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import anyio
import anyio.to_thread
from fastapi import APIRouter, FastAPI
from fastapi.responses import JSONResponse, Response

from gateway.edge.http import BUSY_AFTER_S
from gateway.operations.health import store_fault
from gateway.operations.standing import Standing
from gateway.store.unit_of_work import Writing

STANDS = timedelta(seconds=1)
"""So long is an answer given again without another look. A monitor asks less often."""


class Readiness:
    """Looks. For the event loop alone."""

    def __init__(self, unit_of_work: Writing, clock: Callable[[], datetime], standing: Standing) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._standing = standing
        self._threads = anyio.CapacityLimiter(1)
        self._under_way: asyncio.Task[bool] | None = None
        self._found: tuple[datetime, bool] | None = None

    async def is_ready(self) -> bool:
        """Whether it is now, by a look of the last second, or by one that somebody else is taking."""
        if self._standing.is_ending:
            return False
        if self._found is not None and timedelta(0) <= self._clock() - self._found[0] < STANDS:
            return self._found[1]
        task = self._under_way
        if task is None or task.done():
            task = self._under_way = asyncio.get_running_loop().create_task(self._look())
        return await asyncio.shield(task)

    async def _look(self) -> bool:
        fault = await anyio.to_thread.run_sync(store_fault, self._unit_of_work, limiter=self._threads)
        self._found = self._clock(), not fault
        return not fault


def health_router(readiness: Readiness) -> APIRouter:
    """The two addresses, without the bounds that other addresses have."""
    router = APIRouter(include_in_schema=False)

    @router.get("/health/live")
    async def live() -> dict[str, str]:  # on the event loop: no thread is needed to say so
        return {"status": "live"}

    @router.get("/health/ready")
    async def ready() -> Response:
        if await readiness.is_ready():
            return JSONResponse({"status": "ready"})
        return JSONResponse({"status": "not ready"}, status_code=503, headers={"retry-after": str(BUSY_AFTER_S)})

    return router


def health_alone(readiness: Readiness) -> FastAPI:
    """The web application of a worker: nothing else is there."""
    api = FastAPI(title="SIMOJO worker", docs_url=None, redoc_url=None, openapi_url=None)
    api.include_router(health_router(readiness))
    return api
