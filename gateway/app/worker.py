"""One worker process: it delivers and does what comes again, and serves nobody."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from fastapi import FastAPI

from gateway.app.process import Process
from gateway.app.starting import refuse_worker_on_sqlite
from gateway.domain.errors import Misconfigured
from gateway.edge.health import Readiness, health_alone
from gateway.machine import new_id, now
from gateway.settings import Settings


class Worker(Process):
    """Delivers beside hubs, on PostgreSQL. Raises Misconfigured `worker-needs-server`, `worker-without-threads`."""

    KIND = "worker"

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Callable[[], datetime] = now,
        new_id: Callable[[], str] = new_id,
    ) -> None:
        refuse_worker_on_sqlite(settings)
        if settings.workers < 1:
            raise Misconfigured(
                "SIMOJO_WORKERS is 0: a worker without delivery threads delivers nothing; set how many it has",
                code="worker-without-threads",
            )
        super().__init__(settings, clock=clock, new_id=new_id)

    def health(self) -> FastAPI:
        """The web application that says how it is."""
        return health_alone(Readiness(self.store.unit_of_work, self._clock, self.standing))
