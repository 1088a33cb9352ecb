"""`simojo worker`: a process that delivers and serves nobody."""

from __future__ import annotations

import signal
from contextlib import ExitStack
from typing import Annotated

import typer

from gateway.app import Worker
from gateway.cli.lifetime import die_by, end_with_stdin, live, log_as_told
from gateway.edge.server.serving import Serving, listen
from gateway.machine import keep_memory_together
from gateway.settings import load_settings


def worker(
    until_stdin_ends: Annotated[
        bool, typer.Option("--until-stdin-ends", help="Also end when whoever started it is gone.")
    ] = False,
) -> None:
    """Run a worker beside hubs, on PostgreSQL: deliveries, and what the leader does if it leads.

    Ends as `simojo serve` does. With SIMOJO_WORKER_HEALTH_PORT it answers /health/live and /health/ready there.
    """
    keep_memory_together()
    settings = load_settings()
    log_as_told(settings)
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, die_by)
    port = settings.worker_health_port
    serving = Serving(host=settings.host, port=port or settings.port, max_connections=16)
    with ExitStack() as stack:
        sockets = [
            stack.enter_context(each)
            for each in (listen(serving, "SIMOJO_HOST and SIMOJO_WORKER_HEALTH_PORT") if port is not None else ())
        ]
        process = Worker(settings)
        if until_stdin_ends:
            end_with_stdin()
        live(process, process.health(), serving, sockets)
