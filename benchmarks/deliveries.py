"""How many deliveries a second workers make: to a receiver that does nothing, from a queue that is there before.

A worker is `simojo worker`, a process that delivers and serves nobody. Processor time is told for one delivery, of all
workers, of the database's server and of the receiver: what else the machine does hardly changes it.

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
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
from sqlalchemy import Engine, func, select

from benchmarks.agency import AGENCY, application_taken
from benchmarks.documents import application
from benchmarks.hub import Grounds, check_alive, working
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
_POLL_S = 0.2
_ANSWERED = "answered"


@dataclass(frozen=True, kw_only=True)
class Delivered:
    """Deliveries a second, and the processor time of one, in ms: of the workers, the database and the receiver."""

    per_second: float
    worker_ms: float
    database_ms: float
    receiver_ms: float


def rate(grounds: Grounds, workers: int, seconds: float, endpoint: int, database: int) -> Delivered:
    """What so many worker processes deliver in so many seconds; `database` is the server's pid. Raises LoadFailed."""
    queued = int(MADE_PER_SECOND * (seconds + HEAD_START_S))
    make_queue(grounds, queued)
    engine = open_engine(grounds.database_url)
    try:
        with receiving(grounds.folder, endpoint) as receiver, working(grounds, workers) as running:
            begun, before = _first(engine, running, at_least=20 * workers)
            used = _used(running, database, receiver)
            while time.monotonic() - begun < seconds and answered(engine) < queued - _LAST:
                time.sleep(_POLL_S)
            took_s, after = time.monotonic() - begun, answered(engine)
            used = [end - start for start, end in zip(used, _used(running, database, receiver), strict=True)]
            check_alive(running)
    finally:
        engine.dispose()
    if after == before:
        raise LoadFailed(f"nothing was delivered in {took_s:.0f} s:\n{running[0].said()}")
    each = [round(seconds * 1000 / (after - before), 2) for seconds in used]
    return Delivered(
        per_second=round((after - before) / took_s, 1), worker_ms=each[0], database_ms=each[1], receiver_ms=each[2]
    )


def _used(workers: Sequence[Running], database: int, receiver: Running) -> list[float]:
    """Seconds of processor time so far: of the workers, the database, the receiver."""
    return [sum(each.cpu_s() for each in workers), _family_s(database), receiver.cpu_s()]


def _family_s(pid: int) -> float:
    """Of a process and its children, those included that have ended."""
    postmaster = psutil.Process(pid)
    times = postmaster.cpu_times()
    used = times.user + times.system + times.children_user + times.children_system
    for each in postmaster.children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            used += sum(each.cpu_times()[:2])
    return used


def make_queue(grounds: Grounds, count: int) -> None:
    """Open cases, each with a delivery that waits. Raises LoadFailed."""
    command = [sys.executable, "-m", "benchmarks.deliveries", str(count)]
    done = subprocess.run(  # noqa: S603 - our own program
        command, cwd=grounds.folder, env=grounds.environment(1), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise LoadFailed(f"the queue of deliveries could not be made:\n{done.stderr[-4000:]}")


@contextmanager
def receiving(folder: Path, port: int) -> Iterator[Running]:
    """An agency's server that says 200 to everything."""
    log, environment = folder / "receiver.log", {**os.environ, "PYTHONPATH": str(ROOT)}
    server = Running.start(["-m", "benchmarks.ceiling", str(port)], log=log, folder=folder, env=environment, port=port)
    try:
        server.await_listening()
        yield server
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
