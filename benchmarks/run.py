"""One run: every chosen measurement in turn, each on a store of its own, with a line of progress."""

from __future__ import annotations

import itertools
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TypeAlias

from benchmarks import floor, hub, reference
from benchmarks.agency import INSPECTION, INSPECTION_SOAP
from benchmarks.ceiling import ceiling
from benchmarks.choice import CONNECTIONS, Choice, Engine, Part, Protocol, Size
from benchmarks.documents import report
from benchmarks.machine import describe
from benchmarks.measure import Figures, measure
from benchmarks.messages import Mint
from benchmarks.parties import Parties
from benchmarks.table import Cell, Outcome

Tell: TypeAlias = Callable[[str], None]
INTERACTIONS = {Protocol.REST: INSPECTION, Protocol.SOAP: INSPECTION_SOAP}


class Progress:
    """Says what was done, and how long the rest will take."""

    def __init__(self, steps: int, tell: Tell) -> None:
        self._steps = steps
        self._tell = tell
        self._done = 0
        self._begun = time.monotonic()

    def done(self, text: str) -> None:
        """One step is done."""
        self._done += 1
        each = (time.monotonic() - self._begun) / self._done
        rest = max(0, self._steps - self._done) * each
        self._tell(f"[{self._done}/{self._steps}] {text}; about {rest / 60:.1f} min remain")


class Stores:
    """Empty databases on the chosen engines; a PostgreSQL runs while it is open."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = itertools.count(1)
        self._open = ExitStack()
        self._server: object | None = None

    def close(self) -> None:
        """Stop the server, if there is one."""
        self._open.close()

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
                server = self._postgres()
                yield folder, server.create(name)
                server.drop(name)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _postgres(self):  # type: ignore[no-untyped-def]
        from benchmarks.postgres import server

        if self._server is None:
            self._server = self._open.enter_context(server())
        return self._server


def run(choice: Choice, folder: Path, tell: Tell) -> Outcome:
    """Measure everything that was chosen. Raises LoadFailed at the first measurement that is worth nothing."""
    stores = Stores(folder)
    outcome = Outcome(machine=describe(folder), seconds=choice.seconds, connections=CONNECTIONS)
    compared = [part for part in (Part.HUB, Part.REFERENCE, Part.FLOOR) if part in choice.parts]
    progress = Progress(len(list(choice.matrix)) * len(compared) + 1, tell)
    try:
        found = folder / "ceiling"
        found.mkdir()
        outcome.ceiling = dict(ceiling(found, min(choice.seconds, 2.0)))
        progress.done(f"load generator: {outcome.ceiling['per_second']:.0f}/s against a server that does nothing")
        for protocol, engine, size in choice.matrix:
            cell = Cell(protocol, engine, size)
            outcome.cells.append(cell)
            for part in compared:
                with stores.new(engine) as (place, url):
                    progress.done(f"{protocol} {engine} {size} {_compared(part, cell, place, url, choice.seconds)}")
    finally:
        stores.close()
    return outcome


def _compared(part: Part, cell: Cell, folder: Path, url: str, seconds: float) -> str:
    """Measure one of the three that are compared, and say what it gave."""
    protocol, processes = cell.protocol, cell.engine.processes
    parties = Parties.make(protocol, folder)
    if part is Part.FLOOR:
        cell.floor = floor.measured(protocol, cell.size, folder, url, seconds, processes)
        return f"floor: {cell.floor:.0f}/s"
    mint = Mint(protocol, parties, report(protocol, cell.size), INTERACTIONS[protocol])
    if part is Part.REFERENCE:
        with reference.serving(protocol, folder, url, processes) as running:
            cell.reference = measure(protocol, parties, mint, running, seconds, leaf=False)
        return f"reference: {said(cell.reference)}"
    grounds = hub.Grounds.furnish(folder, parties, url)
    with hub.serving(grounds, processes) as running:
        cell.hub = measure(protocol, parties, mint, running, seconds, leaf=True)
    return f"hub: {said(cell.hub)}"


def said(figures: Figures) -> str:
    """Figures in a line."""
    return (
        f"{figures.per_second:.0f}/s, p50 {figures.p50_ms:.1f} ms, p99 {figures.p99_ms:.1f} ms, "
        f"{figures.cpu_ms:.2f} ms of processor each, {figures.rss_mb:.0f} MB, {figures.verified} answers verified"
    )
