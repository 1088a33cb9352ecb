"""How many deliveries a second workers make: to a receiver that does nothing, from a queue that is there before.

A worker is a hub process that no message comes to: its delivery threads have it for themselves.

The queue is made by the hub's own code, case by case: each case that is opened asks for one delivery, and has an order
of its own, so no delivery waits for another. A delivery is all of it: claim, map, minimise, validate, seal (ES256),
commit, send over HTTP, judge the answer, commit with the case and the leaves. Counted are those that the store calls
answered, between the moment when the first were and the end.

Run as a program it makes the queue, in the environment of a hub: `python -m benchmarks.deliveries COUNT`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine, func, select

from benchmarks.agency import AGENCY, application_taken
from benchmarks.documents import application
from benchmarks.hub import Grounds, check_alive, serving
from benchmarks.load import LoadFailed
from benchmarks.machine import ROOT, Running
from gateway.app import Gateway
from gateway.casework.occasion import Occasion
from gateway.casework.steps import CaseSteps
from gateway.domain.events import ApplicationRegistered
from gateway.machine import now
from gateway.settings import load_settings
from gateway.store.conflicts import commit
from gateway.store.engine import open_engine
from gateway.store.plan import table_of
from gateway.store.tables import DeliveryRow

MADE_PER_SECOND = 800
"""Deliveries that are put into the queue for each second of the measurement; it ends earlier when they are done."""
HEAD_START_S = 4.0
"""The first worker delivers while the second starts."""

_TOGETHER = 50
_LAST = 100
_START_S = 60.0
_POLL_S = 0.05
_ANSWERED = "answered"


def rate(grounds: Grounds, workers: int, seconds: float, endpoint: int) -> float:
    """Deliveries a second of so many worker processes, measured for so many seconds. Raises LoadFailed."""
    queued = int(MADE_PER_SECOND * (seconds + HEAD_START_S))
    make_queue(grounds, queued)
    engine = open_engine(grounds.database_url)
    try:
        with receiving(grounds.folder, endpoint), serving(grounds, workers) as running:
            begun, before = _first(engine, running, at_least=20 * workers)
            while time.monotonic() - begun < seconds and answered(engine) < queued - _LAST:
                time.sleep(_POLL_S)
            took_s, after = time.monotonic() - begun, answered(engine)
            check_alive(running)
    finally:
        engine.dispose()
    if after == before:
        raise LoadFailed(f"nothing was delivered in {took_s:.0f} s:\n{running[0].said()}")
    return (after - before) / took_s


def make_queue(grounds: Grounds, count: int) -> None:
    """Open cases, each with a delivery that waits. Raises LoadFailed."""
    command = [sys.executable, "-m", "benchmarks.deliveries", str(count)]
    done = subprocess.run(  # noqa: S603 - our own program
        command, cwd=grounds.folder, env=grounds.environment(1), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise LoadFailed(f"the queue of deliveries could not be made:\n{done.stderr[-4000:]}")


@contextmanager
def receiving(folder: Path, port: int) -> Iterator[None]:
    """An agency's server that says 200 to everything."""
    log, environment = folder / "receiver.log", {**os.environ, "PYTHONPATH": str(ROOT)}
    server = Running.start(["-m", "benchmarks.ceiling", str(port)], log=log, folder=folder, env=environment, port=port)
    try:
        server.await_listening()
        yield
    finally:
        server.end()


def answered(engine: Engine) -> int:
    """Deliveries that are done."""
    table = table_of(DeliveryRow)
    counted = select(func.count()).select_from(table).where(table.c.state == _ANSWERED)
    with engine.connect() as connection:
        return connection.execute(counted).scalar_one()


def _first(engine: Engine, running: Sequence[Running], *, at_least: int) -> tuple[float, int]:
    """The moment when the workers are at work, and what is done by then."""
    until = time.monotonic() + _START_S
    while time.monotonic() < until:
        check_alive(list(running))
        if (done := answered(engine)) >= at_least:
            return time.monotonic(), done
        time.sleep(_POLL_S)
    raise LoadFailed(f"the workers delivered nothing in {_START_S:.0f} s:\n{running[0].said()}")


def queue(gateway: Gateway, count: int, tell: Callable[[str], None]) -> None:
    """Open so many cases, many in one commit."""
    document = application()
    for first in range(1, count + 1, _TOGETHER):
        at = now()
        occasion = Occasion(actor=f"agency/{AGENCY}", occurred_at=at, entered_at=at, exchange=None)
        steps = CaseSteps(gateway.casework, occasion)
        for number in range(first, min(first + _TOGETHER, count + 1)):
            (effect,) = application_taken(json.loads(document.numbered(number)), {}).effects
            (event,) = effect.events
            assert isinstance(event, ApplicationRegistered)  # noqa: S101 - it is what the adapter opens cases with
            steps.open(event, effect.key)
        commit(gateway.store.unit_of_work, steps.plan())
    tell(f"{count} deliveries wait")


if __name__ == "__main__":
    made = Gateway(load_settings())
    try:
        queue(made, int(sys.argv[1]), print)
    finally:
        made.stop()
