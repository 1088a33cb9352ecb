"""One run: every chosen measurement in turn, each on a store of its own, with a line of progress."""

from __future__ import annotations

import itertools
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from benchmarks import deliveries, floor, hub, reference
from benchmarks.agency import APPLICATION, INSPECTION, INSPECTION_SOAP
from benchmarks.ceiling import ceiling
from benchmarks.choice import CONNECTIONS, Choice, Engine, Part, Protocol
from benchmarks.documents import application, report
from benchmarks.load import LoadFailed
from benchmarks.machine import describe, free_port
from benchmarks.measure import Figures, measure
from benchmarks.messages import Mint
from benchmarks.parties import Parties
from benchmarks.stored import COUNTS, stored
from benchmarks.table import Cell, Outcome

if TYPE_CHECKING:
    from benchmarks.postgres import Server

Tell: TypeAlias = Callable[[str], None]
INTERACTIONS = {Protocol.REST: INSPECTION, Protocol.SOAP: INSPECTION_SOAP}
COMPARED = (Part.HUB, Part.REFERENCE, Part.FLOOR)
WORKERS = {"one_worker": 1, "two_workers": 2}
_WEIGHTS: Mapping[Part | None, float] = {
    **dict.fromkeys(Part, 1.0),
    None: 0.3,
    Part.STORED: 14.0,
    Part.DELIVERIES: 4.0,
}
"""How long each takes, by what one of the compared takes. None: the load generator's own ceiling."""


class Progress:
    """Says what was done, and how long the rest will take, by the weights of its steps."""

    def __init__(self, weights: Sequence[float], tell: Tell) -> None:
        self._weights = weights
        self._tell = tell
        self._done = 0
        self._begun = time.monotonic()

    def done(self, text: str) -> None:
        """One step is done."""
        self._done += 1
        behind, before = sum(self._weights[: self._done]), sum(self._weights[self._done :])
        rest_min = (time.monotonic() - self._begun) / behind * before / 60
        self._tell(f"[{self._done}/{len(self._weights)}] {text}; about {rest_min:.1f} min remain")


class Stores:
    """Empty databases on either engine; one PostgreSQL runs from the first that is asked for until the end."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = itertools.count(1)
        self._open = ExitStack()
        self._server: Server | None = None

    def postgres_version(self) -> str:
        """What PostgreSQL this is."""
        from benchmarks.postgres import version

        return version(self.server)

    def close(self) -> None:
        """Stop the server, if there is one."""
        self._open.close()

    @property
    def server(self) -> Server:
        """The PostgreSQL."""
        from benchmarks.postgres import server  # here: SQLite is measured without it

        if self._server is None:
            self._server = self._open.enter_context(server())
        return self._server

    @contextmanager
    def new(self, engine: Engine) -> Iterator[tuple[Path, str]]:
        """A folder and the URL of an empty database, both gone afterwards."""
        name = f"b{next(self._numbers)}"
        folder = self._folder / name
        folder.mkdir()
        try:
            if engine is Engine.SQLITE:
                yield folder, f"sqlite:///{folder / 'simojo.db'}"
            else:
                try:
                    yield folder, self.server.create(name)
                finally:
                    self.server.drop(name)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def run(choice: Choice, folder: Path, tell: Tell) -> Outcome:
    """Measure everything that was chosen. Raises LoadFailed at the first measurement that is worth nothing."""
    stores = Stores(folder)
    outcome = Outcome(machine=describe(folder), seconds=choice.seconds, connections=CONNECTIONS)
    steps = list(_steps(choice, stores, outcome))
    progress = Progress([_WEIGHTS[None], *(_WEIGHTS[part] for part, _ in steps)], tell)
    try:
        if Engine.POSTGRES in choice.engines:
            outcome.machine["postgresql"] = stores.postgres_version()
        place = folder / "ceiling"
        place.mkdir()
        outcome.ceiling = dict(ceiling(place, min(choice.seconds, 1.0)))
        progress.done(f"load generator: {outcome.ceiling['per_second']:.0f}/s against a server that does nothing")
        for _, step in steps:
            progress.done(step())
    finally:
        stores.close()
    return outcome


def _steps(choice: Choice, stores: Stores, outcome: Outcome) -> Iterator[tuple[Part, Callable[[], str]]]:
    """What is to be measured, each step giving a line that says what it found."""
    for protocol, engine, size in choice.matrix:
        cell = Cell(protocol, engine, size)
        compared = [part for part in COMPARED if part in choice.parts]
        if compared:
            outcome.cells.append(cell)
        for part in compared:
            yield part, _on_a_store(stores, engine, _comparing(part, cell, choice.seconds))
    for part, make in ((Part.CASES, _opening_cases), (Part.STORED, _stored)):
        for engine in choice.engines if part in choice.parts else ():
            yield part, _on_a_store(stores, engine, make(engine, outcome, choice.seconds))
    if Part.DELIVERIES in choice.parts and Engine.POSTGRES in choice.engines:
        for name in WORKERS:
            yield (
                Part.DELIVERIES,
                _on_a_store(stores, Engine.POSTGRES, _delivering(name, stores, outcome, choice.seconds)),
            )


def _on_a_store(stores: Stores, engine: Engine, step: Callable[[Path, str], str]) -> Callable[[], str]:
    def measured() -> str:
        with stores.new(engine) as (folder, url):
            return step(folder, url)

    return measured


def _comparing(part: Part, cell: Cell, seconds: float) -> Callable[[Path, str], str]:
    """One of the three that are compared."""

    def step(folder: Path, url: str) -> str:
        protocol, processes = cell.protocol, cell.engine.processes
        where = f"{protocol} {cell.engine} {cell.size} {part}"
        parties = Parties.make(protocol, folder)
        if part is Part.FLOOR:
            cell.floor = floor.measured(protocol, cell.size, folder, url, seconds, processes)
            return f"{where}: {cell.floor.per_second:.0f}/s, {cell.floor.cpu_ms:.2f} ms of processor each"
        mint = Mint(protocol, parties, report(protocol, cell.size), INTERACTIONS[protocol])
        if part is Part.REFERENCE:
            with reference.serving(protocol, folder, url, processes) as running:
                cell.reference = measure(protocol, parties, mint, running, seconds, leaf=False)
            return f"{where}: {said(cell.reference)}"
        grounds = hub.Grounds.furnish(folder, parties, url)
        with hub.serving(grounds, processes) as running:
            cell.hub = measure(protocol, parties, mint, running, seconds, leaf=True)
        return f"{where}: {said(cell.hub)}"

    return step


def _opening_cases(engine: Engine, outcome: Outcome, seconds: float) -> Callable[[Path, str], str]:
    """The hub with messages that each open a case. What it then has to tell the agency waits for workers elsewhere."""

    def step(folder: Path, url: str) -> str:
        parties = Parties.make(Protocol.REST, folder)
        grounds = hub.Grounds.furnish(folder, parties, url)
        mint = Mint(Protocol.REST, parties, application(), APPLICATION)
        with hub.serving(grounds, engine.processes, WORKERS="0") as running:
            found = measure(Protocol.REST, parties, mint, running, seconds, leaf=True)
        outcome.cases[engine] = {
            "hub": round(found.per_second, 1),
            "p50_ms": round(found.p50_ms, 2),
            "p99_ms": round(found.p99_ms, 2),
            "cpu_ms": round(found.cpu_ms, 3),
        }
        return f"rest {engine} hub, each message opens a case: {said(found)}"

    return step


def _stored(engine: Engine, outcome: Outcome, seconds: float) -> Callable[[Path, str], str]:
    """The hub on a store that is small, and large."""

    def step(folder: Path, url: str) -> str:
        outcome.stored[engine] = found = stored(engine, folder, url, seconds)
        low, high = (f"{found['at'][str(count)]['hub']:.0f}/s at {count}" for count in COUNTS)
        return f"rest {engine} 2kb hub with stored exchanges: {low}, {high}"

    return step


def _delivering(name: str, stores: Stores, outcome: Outcome, seconds: float) -> Callable[[Path, str], str]:
    """Workers that deliver."""

    def step(folder: Path, url: str) -> str:
        port = free_port()
        grounds = hub.Grounds.furnish(
            folder, Parties.make(Protocol.REST, folder), url, f"http://127.0.0.1:{port}/receive"
        )
        database = stores.server.process
        if database is None:
            raise LoadFailed("the database's server has ended")
        found = deliveries.rate(grounds, WORKERS[name], seconds, port, database.pid)
        outcome.deliveries[name] = found.per_second
        outcome.delivery_cpu_ms[name] = {
            "workers": found.worker_ms,
            "database": found.database_ms,
            "receiver": found.receiver_ms,
        }
        return (
            f"deliveries, {name.replace('_', ' ')}: {found.per_second:.0f}/s; processor for one: workers "
            f"{found.worker_ms:.2f} ms, database {found.database_ms:.2f} ms, receiver {found.receiver_ms:.2f} ms"
        )

    return step


def said(figures: Figures) -> str:
    """Figures in a line."""
    return (
        f"{figures.per_second:.0f}/s, p50 {figures.p50_ms:.1f} ms, p99 {figures.p99_ms:.1f} ms, "
        f"{figures.cpu_ms:.2f} ms of processor each, {figures.rss_mb:.0f} MB, {figures.verified} answers verified"
    )
