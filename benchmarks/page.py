"""`python -m benchmarks.page`: the figures of benchmarks/latest.json into docs/performance.md, between its marks."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks.choice import Engine, Protocol, Size
from benchmarks.machine import LATEST, ROOT

PAGE = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- figures of make bench: begin -->", "<!-- figures of make bench: end -->"

_COLUMNS = ("floor", "reference", "hub", "vs_reference", "vs_floor", "p50_ms", "p99_ms", "rss_mb")
_HEAD = (
    "| | floor/s | reference/s | hub/s | hub : reference | hub : floor | p50 ms | p99 ms | hub MB |"
    " processor ms: floor, reference, hub | load % |"
)


def write(latest: Path, page: Path) -> None:
    """Put the figures between the marks. ValueError for a page that has none."""
    text = page.read_text(encoding="utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{page} has no place for the figures: {BEGIN} and {END}")
    figures = "\n".join(lines(json.loads(latest.read_bytes())))
    page.write_text(f"{before}{BEGIN}\n{figures}\n{END}{after}", encoding="utf-8")


def lines(said: Mapping[str, Any]) -> Iterator[str]:
    """The figures in Markdown."""
    machine = dict(said["machine"])
    libraries = ", ".join(f"{name} {version}" for name, version in machine.pop("libraries").items())
    known = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in machine.items())
    yield f"Machine: {known}."
    yield f"Libraries: {libraries}."
    yield f"Each measured for {said['seconds']:g} s over {said['connections']} connections; the load generator alone"
    yield f"reaches {said['load_generator']['per_second']:.0f} a second."
    yield from ("", _HEAD, "|---|" + "---|" * 10)
    for engine in Engine:
        for protocol in Protocol:
            for size in Size:
                cell = said.get(protocol, {}).get(engine, {}).get(size)
                if cell is not None:
                    yield _row(f"{protocol}, {engine}, {size}, {_processes(cell['processes'])}", cell)
    yield ""
    yield from (f"- {each}" for each in _once(said))


def _row(name: str, cell: Mapping[str, Any]) -> str:
    shown = ("-" if cell[column] is None else f"{cell[column]:g}" for column in _COLUMNS)
    hub = cell["hub_figures"]
    load = "-" if hub is None else f"{hub['load_cpu'] * 100:.0f}"
    processor = ", ".join("-" if each is None else f"{each:.2f}" for each in cell["cpu_ms"].values())
    return f"| {name} | {' | '.join(shown)} | {processor} | {load} |"


def _once(said: Mapping[str, Any]) -> Iterator[str]:
    for engine, found in said["cases"].items():
        yield f"Each message opens a case, REST, {engine}: {found['hub']:g}/s, p99 {found['p99_ms']:g} ms."
    for engine, found in said["stored"].items():
        at = "; ".join(f"{count}: {each['hub']:g}/s, p99 {each['p99_ms']:g} ms" for count, each in found["at"].items())
        yield f"REST, 2 KB, {engine}, by stored exchanges: {at}; {found['kept']:.0%} is kept."
    for name, rate in said["deliveries"].items():
        yield f"Deliveries, {name.replace('_', ' ')}: {rate:g}/s."


def _processes(count: int) -> str:
    return "one process" if count == 1 else f"{count} processes"


if __name__ == "__main__":
    write(LATEST, PAGE)
    sys.exit()
