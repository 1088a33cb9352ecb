"""The REST figures with ten thousand and with a million stored exchanges, on one and the same store."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from benchmarks import fill, hub
from benchmarks.agency import INSPECTION
from benchmarks.choice import Engine, Protocol, Size
from benchmarks.documents import report
from benchmarks.measure import Figures, measure
from benchmarks.messages import Mint
from benchmarks.parties import Parties
from gateway.app import open_store
from gateway.machine import now

COUNTS = (10_000, int(os.environ.get("BENCH_STORED") or 1_000_000))
"""How many are stored at each measurement; BENCH_STORED makes the second smaller, for a look."""


def stored(engine: Engine, folder: Path, url: str, seconds: float) -> dict[str, Any]:
    """Figures by the number of stored exchanges, and `kept`: the last throughput by the first. Raises LoadFailed."""
    parties = Parties.make(Protocol.REST, folder)
    grounds = hub.Grounds.furnish(folder, parties, url)
    mint = Mint(Protocol.REST, parties, report(Protocol.REST, Size.KB2), INSPECTION)

    def measured(length: float) -> Figures:
        with hub.serving(grounds, engine.processes) as running:
            return measure(Protocol.REST, parties, mint, running, length, leaf=True)

    before = _counts(grounds)
    first = measured(min(seconds, 1.0))  # real exchanges, to be copied
    after = _counts(grounds)
    fill.check_tables(before, after, first.exchanges)
    figures: dict[str, dict[str, float]] = {}
    for count in COUNTS:
        _fill_up_to(grounds, count)
        found = measured(seconds)
        figures[str(count)] = {
            "hub": round(found.per_second, 1),
            "p50_ms": round(found.p50_ms, 2),
            "p99_ms": round(found.p99_ms, 2),
            "cpu_ms": round(found.cpu_ms, 3),
            "rss_mb": found.rss_mb,
        }
    low, high = (figures[str(count)]["hub"] for count in COUNTS)
    return {"at": figures, "kept": round(high / low, 3)}


def _counts(grounds: hub.Grounds) -> dict[str, int]:
    store = open_store(grounds.settings())
    try:
        return dict(fill.table_counts(store.engine))
    finally:
        store.close()


def _fill_up_to(grounds: hub.Grounds, count: int) -> None:
    store = open_store(grounds.settings())
    try:
        there = fill.table_counts(store.engine)["exchange"]
        if there < count:
            fill.fill(store, count - there, now())
    finally:
        store.close()
