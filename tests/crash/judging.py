"""The figures of a soak, and what is judged from them: is everything flat that should be?"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

MB = 1e6


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What ten seconds looked like. `rss` are bytes by process; times in milliseconds."""

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

    @property
    def line(self) -> str:
        """One line for people."""
        rss = " ".join(f"{name}={size / MB:.0f}" for name, size in self.rss.items())
        return (
            f"{self.at_s:6.0f} s {self.per_s:6.0f}/s p50 {self.p50:5.1f} p99 {self.p99:6.1f} ms"
            f" failures {self.failures} | MB {rss} | connections db {self.database} http {self.http}"
            f" | threads {self.threads} files {self.files}"
            f" | store {self.store / MB:.0f} MB waiting {self.waiting} pending {self.pending}"
        )


@dataclass(frozen=True, kw_only=True)
class Judged:
    """One verdict, in a sentence."""

    good: bool
    said: str


def judge(figures: Sequence[Figures]) -> list[Judged]:
    """Verdicts over the second half; the first half is for caches and pools to fill."""
    second = figures[len(figures) // 2 :]
    early, late = second[: len(second) // 2], second[len(second) // 2 :]
    said = []
    for name in second[0].rss:
        sizes = [each.rss[name] / MB for each in second]
        growth = slope([each.at_s for each in second], sizes) * (second[-1].at_s - second[0].at_s)
        bound = max(8.0, 0.04 * statistics.mean(sizes))
        text_ = f"memory of {name}: {statistics.mean(sizes):.0f} MB, {growth:+.1f} MB over the second half"
        said.append(Judged(good=growth < bound, said=f"{text_} (bound {bound:.0f})"))
    for which, share in (("p50", 0.25), ("p99", 0.5)):
        times = [getattr(each, which) for each in second]
        growth = slope([each.at_s for each in second], times) * (second[-1].at_s - second[0].at_s)
        bound = share * statistics.mean(times) + 1
        text_ = f"{which}: {statistics.mean(times):.1f} ms, {growth:+.1f} ms over the second half (bound {bound:.1f})"
        said.append(Judged(good=growth < bound, said=text_))
    for which in ("database", "http", "threads", "files"):
        before, after = (max(getattr(each, which) for each in part) for part in (early, late))
        said.append(Judged(good=after <= before + 4, said=f"{which}: at most {before}, then at most {after}"))
    failures = sum(each.failures for each in figures)
    said.append(Judged(good=failures == 0, said=f"failures: {failures}"))
    pending = max(each.pending for each in second)
    said.append(Judged(good=pending < 5000, said=f"leaves that waited for their place: at most {pending}"))
    return said


def slope(xs: Sequence[float], ys: Sequence[float]) -> float:
    """The slope of the line of least squares, 0 for fewer than two points."""
    if len(xs) < 2:
        return 0.0
    x, y = statistics.mean(xs), statistics.mean(ys)
    spread = sum((each - x) ** 2 for each in xs)
    return sum((a - x) * (b - y) for a, b in zip(xs, ys, strict=True)) / spread if spread else 0.0
