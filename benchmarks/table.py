"""What a run gave: as a table on the screen, and as `benchmarks/latest.json`.

The document holds, by protocol, engine and size, `floor`, `reference` and `hub` (exchanges a second), `vs_reference`,
`vs_floor`, `p50_ms`, `p99_ms`, `rss_mb` (the peak of the hub's largest process), `rss_all_mb` (of all its processes
together) and more about each; beside them what was measured once: `cases`, `stored`, `deliveries`, `delivery_cpu_ms`,
`load_generator`, and the `machine`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.choice import Engine, Protocol, Size
from benchmarks.floor import Floor
from benchmarks.measure import Figures

GOALS: Mapping[Protocol, Mapping[str, float]] = {
    Protocol.REST: {"vs_reference": 2.0, "vs_floor": 0.40},
    Protocol.SOAP: {"vs_reference": 1.5, "vs_floor": 0.50},
}
MOST_P99_OF_P50 = 10.0
MOST_MB = 200.0
LEAST_KEPT = 0.90
LEAST_DELIVERIES = 500.0

_HEAD = (
    "protocol engine   size   proc | floor/s  ref./s   hub/s | hub/ref. hub/floor |   p50 ms   p99 ms |"
    " hub MB (each) | processor ms: floor, ref., hub | load %"
)


@dataclass
class Cell:
    """One combination of protocol, engine and size. What was not measured is None."""

    protocol: Protocol
    engine: Engine
    size: Size
    floor: Floor | None = None
    reference: Figures | None = None
    hub: Figures | None = None

    @property
    def vs_reference(self) -> float | None:
        """Hub by reference."""
        return None if self.hub is None or self.reference is None else self.hub.per_second / self.reference.per_second

    @property
    def vs_floor(self) -> float | None:
        """Hub by floor."""
        return None if self.hub is None or self.floor is None else self.hub.per_second / self.floor.per_second

    def document(self) -> dict[str, Any]:
        """As it stands in latest.json."""
        hub, reference = self.hub, self.reference
        return {
            "processes": self.engine.processes,
            "floor": None if self.floor is None else _rounded(self.floor.per_second),
            "reference": None if reference is None else _rounded(reference.per_second),
            "hub": None if hub is None else _rounded(hub.per_second),
            "vs_reference": _rounded(self.vs_reference, 3),
            "vs_floor": _rounded(self.vs_floor, 3),
            "p50_ms": None if hub is None else _rounded(hub.p50_ms, 2),
            "p99_ms": None if hub is None else _rounded(hub.p99_ms, 2),
            "rss_mb": None if hub is None else hub.rss_mb,
            "rss_all_mb": None if hub is None else hub.rss_all_mb,
            "hub_figures": None if hub is None else asdict(hub),
            "reference_figures": None if reference is None else asdict(reference),
            "cpu_ms": {name: _rounded(each.cpu_ms if each else None, 3) for name, each in self._all()},
        }

    def _all(self) -> Iterator[tuple[str, Figures | Floor | None]]:
        yield from (("floor", self.floor), ("reference", self.reference), ("hub", self.hub))

    def line(self) -> str:
        """As it is printed."""
        hub = self.hub
        processor = " ".join(_shown(each.cpu_ms if each else None, 6, 2) for _, each in self._all())
        memory = "" if hub is None else f"{hub.rss_all_mb:.0f} ({', '.join(f'{each:.0f}' for each in hub.rss_each_mb)})"
        rates = " ".join(_shown(each.per_second if each else None, 7) for _, each in self._all())
        return (
            f"{self.protocol:8} {self.engine:8} {self.size:6} {self.engine.processes:4} | {rates} |"
            f" {_shown(self.vs_reference, 8, 2)} {_shown(self.vs_floor, 9, 2)} |"
            f" {_shown(hub.p50_ms if hub else None, 8, 1)} {_shown(hub.p99_ms if hub else None, 8, 1)} | {memory:>13} |"
            f" {processor:>29} | {_shown(hub.load_cpu * 100 if hub else None, 6)}"
        )

    def goals(self) -> Iterator[tuple[str, bool]]:
        """What was to be reached here, and whether it was."""
        where = f"{self.protocol} {self.engine} {self.size}"
        for name, least in GOALS[self.protocol].items():
            value: float | None = getattr(self, name)
            if value is not None:
                yield f"{where}: {name} {value:.2f}, at least {least:.2f}", value >= least
        if self.hub is not None:
            ratio = self.hub.p99_ms / self.hub.p50_ms
            yield f"{where}: p99 is {ratio:.1f} x p50, at most {MOST_P99_OF_P50:.0f}", ratio <= MOST_P99_OF_P50
            largest = self.hub.rss_mb
            yield f"{where}: {largest:.0f} MB of memory for a process, at most {MOST_MB:.0f}", largest <= MOST_MB


@dataclass
class Outcome:
    """Everything that one run gave."""

    machine: dict[str, object]
    seconds: float
    connections: int
    cells: list[Cell] = field(default_factory=list)
    ceiling: dict[str, float] = field(default_factory=dict)
    cases: dict[str, dict[str, float]] = field(default_factory=dict)
    stored: dict[str, dict[str, Any]] = field(default_factory=dict)
    deliveries: dict[str, float] = field(default_factory=dict)
    delivery_cpu_ms: dict[str, dict[str, float]] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """The content of latest.json."""
        said: dict[str, Any] = {
            "machine": self.machine,
            "seconds": self.seconds,
            "connections": self.connections,
            "load_generator": self.ceiling,
        }
        for cell in self.cells:
            said.setdefault(cell.protocol, {}).setdefault(cell.engine, {})[cell.size] = cell.document()
        return said | {
            "cases": self.cases,
            "stored": self.stored,
            "deliveries": self.deliveries,
            "delivery_cpu_ms": self.delivery_cpu_ms,
        }

    def write(self, path: Path) -> None:
        """Write latest.json."""
        path.write_text(json.dumps(self.document(), indent=1, default=str) + "\n", encoding="utf-8")

    def text(self) -> str:
        """The tables, the machine, and what was reached."""
        return "\n".join(self._lines())

    def goals(self) -> Iterator[tuple[str, bool]]:
        """All that was to be reached, and whether it was."""
        for cell in self.cells:
            yield from cell.goals()
        for engine, said in self.stored.items():
            if (kept := said.get("kept")) is not None:
                low, high = said["at"]
                text = f"{engine}: {kept:.2f} of the throughput at {low} is there at {high}, at least {LEAST_KEPT:.2f}"
                yield text, kept >= LEAST_KEPT
        if (rate := self.deliveries.get("two_workers")) is not None:
            text = f"{rate:.0f} deliveries a second with two workers, at least {LEAST_DELIVERIES:.0f}"
            yield text, rate >= LEAST_DELIVERIES

    def _lines(self) -> Iterator[str]:
        for name, value in self.machine.items():
            shown = ", ".join(f"{key} {each}" for key, each in value.items()) if isinstance(value, dict) else value
            yield f"{name}: {shown}"
        yield f"each measured for {self.seconds:g} s over {self.connections} keep-alive connections"
        if self.ceiling:
            yield (
                f"load generator: {self.ceiling['per_second']:.0f} a second against a server that does nothing; below, "
                "load % is its share of one processor while it measured the hub"
            )
        if self.cells:
            yield from ("", _HEAD, *(cell.line() for cell in self.cells))
            yield "processor ms: of all processes for one exchange, the database's server not counted"
        for engine, said in self.cases.items():
            yield f"a message that opens a case, REST 1 KB, {engine}: {_brief(said)}"
        for engine, stored in self.stored.items():
            for count, at in stored.get("at", {}).items():
                yield f"REST 2 KB, {engine}, {count} stored exchanges: {_brief(at)}"
        if self.deliveries:
            rates = (f"{name.replace('_', ' ')} {rate:.0f}/s" for name, rate in self.deliveries.items())
            yield f"deliveries: {', '.join(rates)}"
        yield ""
        yield from (f"{'reached' if reached else 'MISSED '}  {text}" for text, reached in self.goals())


def _brief(said: Mapping[str, float]) -> str:
    return f"{said['hub']:.0f}/s, p99 {said['p99_ms']:.0f} ms, {said['cpu_ms']:.2f} ms of processor each"


def _rounded(value: float | None, places: int = 1) -> float | None:
    return None if value is None else round(value, places)


def _shown(value: float | None, width: int, places: int = 0) -> str:
    return f"{'-':>{width}}" if value is None else f"{value:{width}.{places}f}"
