"""The figures of `make ledger-bench` in docs/performance.md, and whether they reach their targets."""

from __future__ import annotations

from typing import Any

from benchmarks.machine import ROOT

PAGE = ROOT / "docs/performance.md"
BEGIN, END = "<!-- figures of make ledger-bench: begin -->", "<!-- figures of make ledger-bench: end -->"


def targets(figures: dict[str, Any]) -> list[tuple[str, bool]]:
    """What issue 6 asks for, each with the figures in words and whether they reach it."""
    made, proof, verify = figures["appends"], figures["inclusion proof"], figures["verify, export"]
    rows = figures["verify, stored rows and tiles"]
    cost = f"processor {made['drift of the processor %']:+} %, wall {made['drift of the wall %']:+} %"
    whole, each = _rate(verify), _rate(rows)
    return [
        (f"the last tenth of appends against the first: {cost} (<= 10 %)", made["drift of the processor %"] <= 10),
        (f"inclusion proof: p50 {proof['p50 ms']}, p99 {proof['p99 ms']} ms (<= 5 ms)", proof["p99 ms"] <= 5),
        (f"verify of an export: {whole} (>= 50,000)", verify["leaves/s of the wall"] >= 50_000),
        (f"verify of the stored rows with all tiles: {each} (>= 50,000)", rows["leaves/s of the wall"] >= 50_000),
        (f"memory of verify: {verify['memory MB']} MB (< 200 MB)", verify["memory MB"] < 200),
    ]


def _rate(figures: dict[str, Any]) -> str:
    return f"{figures['leaves/s of the wall']:,} leaves/s, {figures['leaves/s of the processor']:,} of processor time"


def write_page(figures: dict[str, Any]) -> None:
    """Put the figures between their marks."""
    checked, made = figures["byte check"], figures["appends"]
    cpu, wall = made["processor us a leaf by tenths"][-1], made["wall us a leaf by tenths"][-1]
    over_store = f"{checked['store, leaves/s of the wall']:,} leaves/s over the store"
    of_it = f"{checked['store, leaves/s of the processor']:,} of processor time"
    over_export = f"{checked['export with digests']['leaves/s of the wall']:,} over the export with its digests"
    lines = [
        f"{figures['leaves']:,} leaves, {figures['export MB']} MB as an export.",
        "",
        *(f"- {text}: {'reached' if holds else 'MISSED'}." for text, holds in targets(figures)),
        f"- An append, committed and placed: {cpu} microseconds of the processor, {wall} of the wall.",
        f"- The byte check, {checked['stored leaves']:,} leaves with a sealed message of 2 KB each:",
        f"  {over_store}, {of_it}; {over_export}.",
    ]
    before, _, rest = PAGE.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(before + BEGIN + "\n" + "\n".join(lines) + "\n" + END + after)
