"""The figures of a soak, and what is judged from them: is everything flat that should be?"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

MB = 1e6
LEAKED = 4
"""So many more connections, threads or files are a leak; fewer come and go."""


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What ten seconds looked like. `rss` are bytes by process; times in milliseconds.

    `hub_cpu` is how many processors hubs and workers kept busy, `load_cpu` the same of clients and agencies.
    """

    at_s: float
    per_s: float
    p50: float
    p99: float
    failures: int
    rss: dict[str, int]
    database: int
    http: int
    threads: int
    files: int
    store: int
    waiting: int
    pending: int
    hub_cpu: float
    load_cpu: float

    @property
    def line(self) -> str:
        """One line for people."""
        rss = " ".join(f"{name}={size / MB:.0f}" for name, size in self.rss.items())
        return (
            f"{self.at_s:6.0f} s {self.per_s:6.0f}/s p50 {self.p50:5.1f} p99 {self.p99:6.1f} ms"
            f" failures {self.failures} | processors {self.hub_cpu:.2f}, load {self.load_cpu:.2f}"
            f" | MB {rss} | connections db {self.database} http {self.http}"
            f" | threads {self.threads} files {self.files}"
            f" | store {self.store / MB:.0f} MB waiting {self.waiting} pending {self.pending}"
        )


@dataclass(frozen=True, kw_only=True)
class Judged:
    """One verdict, in a sentence."""

    good: bool
    said: str


def judge(figures: Sequence[Figures]) -> list[Judged]:
    """Verdicts over the last three quarters; the first is for caches and pools to fill.

    What grows is told by the line of least squares through all figures, so that neither end decides alone.
    """
    judged = figures[len(figures) // 4 :]
    half = len(judged) // 2
    early, late = judged[:half], judged[half:]
    over = f"over the last {(judged[-1].at_s - judged[0].at_s) / 60:.0f} minutes"
    said = []
    for name in judged[0].rss:
        sizes = [each.rss[name] / MB for each in judged]
        bound = max(8.0, 0.04 * statistics.mean(sizes))
        text_ = f"memory of {name}: {statistics.mean(sizes):.0f} MB, {growth(judged, sizes):+.1f} MB {over}"
        said.append(Judged(good=growth(judged, sizes) < bound, said=f"{text_} (bound {bound:.0f})"))
    for which, share in (("p50", 0.25), ("p99", 0.5)):
        times = [getattr(each, which) for each in judged]
        bound = share * statistics.mean(times) + 1
        text_ = f"{which}: {statistics.mean(times):.1f} ms, {growth(judged, times):+.1f} ms {over} (bound {bound:.1f})"
        said.append(Judged(good=growth(judged, times) < bound, said=text_))
    for which in ("database", "http", "threads", "files"):
        before, after = (max(getattr(each, which) for each in part) for part in (early, late))
        grown = growth(judged, [getattr(each, which) for each in judged])
        text_ = f"{which}: at most {before}, then at most {after}, {grown:+.1f} {over} (bound {LEAKED})"
        said.append(Judged(good=after <= before + LEAKED and grown < LEAKED, said=text_))
    failures = sum(each.failures for each in figures)
    said.append(Judged(good=failures == 0, said=f"failures: {failures}"))
    pending = max(each.pending for each in judged)
    said.append(Judged(good=pending < 5000, said=f"leaves that waited for their place: at most {pending}"))
    return said


def growth(figures: Sequence[Figures], ys: Sequence[float]) -> float:
    """By how much these grew from the first to the last of the figures, by their slope."""
    return slope([each.at_s for each in figures], ys) * (figures[-1].at_s - figures[0].at_s)


def slope(xs: Sequence[float], ys: Sequence[float]) -> float:
    """The slope of the line of least squares, 0 for fewer than two points."""
    if len(xs) < 2:
        return 0.0
    x, y = statistics.mean(xs), statistics.mean(ys)
    spread = sum((each - x) ** 2 for each in xs)
    return sum((a - x) * (b - y) for a, b in zip(xs, ys, strict=True)) / spread if spread else 0.0
