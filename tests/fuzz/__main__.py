"""`make fuzz`: every target by every driver, in two processes, and a table of what was done.

    FUZZ_INPUTS     inputs in all (1,000,000); a quarter of them guided by coverage where atheris can be installed
    FUZZ_REQUESTS   whole HTTP requests besides (20,000)
    FUZZ_SECONDS    when to stop at the latest (7200)
    FUZZ_PROCESSES  processes at once (2)
    FUZZ_SEED       another number is another run (the day's)
    FUZZ_TARGETS    names of targets, if not all
    FUZZ_ATHERIS    the folder that atheris is in; "" to do without

Nothing is written but findings, into tests/fuzz/corpus/, where `make test` replays them. Exit 1 when there are any.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.fuzz.target import Target
from tests.fuzz.targets import TARGETS

CHUNK = 25_000
"""Inputs of one process: small enough that two processes end at about the same time."""


@dataclass(frozen=True)
class Piece:
    """A part of the work, in a process of its own."""

    target: str
    driver: str
    inputs: int
    number: int


@dataclass
class Done:
    """What became of it."""

    piece: Piece
    inputs: int
    seconds: float
    worst: float
    worst_bytes: int
    finding: str


def pieces(inputs: int, number: int, targets: list[Target], *, guided: bool) -> Iterator[Piece]:
    """Divide the inputs among targets by their share, and among drivers."""
    whole = sum(each.share for each in targets)
    for target in targets:
        share = round(inputs * target.share / whole)
        parts = {"atheris": share // 4, "hypothesis": share - share // 4} if guided else {"hypothesis": share}
        for driver, part in parts.items():
            for at in range(0, part, CHUNK):
                yield Piece(target.name, driver, min(CHUNK, part - at), number * 1000 + at // CHUNK)


def run(piece: Piece, until: float, atheris: str) -> Done:
    """Run one piece, until `time.monotonic` says `until`."""
    left = int(until - time.monotonic())
    if left < 1:
        return Done(piece, 0, 0.0, 0.0, 0, "")
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        arguments = [piece.target, str(piece.inputs), str(left), str(piece.number)]
        command = [sys.executable, "-m", f"tests.fuzz.by_{piece.driver}", *arguments]
        environment = dict(os.environ)
        if piece.driver == "atheris":
            command.append(folder)
            environment["PYTHONPATH"] = os.pathsep.join(filter(None, (atheris, environment.get("PYTHONPATH"))))
        ended = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
        seconds = time.monotonic() - began
        figures = _figures(piece, ended.stdout, Path(folder) / "figures.json")
    finding = "" if ended.returncode == 0 else (ended.stdout + ended.stderr)[-3000:]
    return Done(
        piece, figures.get("inputs", 0), seconds, figures.get("worst", 0.0), figures.get("worst_bytes", 0), finding
    )


def _figures(piece: Piece, stdout: str, place: Path) -> dict[str, Any]:
    lines = stdout.strip().splitlines()
    text = place.read_text(encoding="utf-8") if place.exists() else ""
    if piece.driver == "hypothesis" and lines:
        text = lines[-1]
    try:
        figures: dict[str, Any] = json.loads(text)
    except ValueError:
        return {}
    return figures


def _table(done: list[Done]) -> None:
    print("\n| target | inputs | by | inputs/s | worst input |\n|---|---|---|---|---|")
    for target in dict.fromkeys(each.piece.target for each in done):
        for driver in ("hypothesis", "atheris"):
            mine = [each for each in done if (each.piece.target, each.piece.driver) == (target, driver)]
            if mine:
                inputs, seconds = sum(each.inputs for each in mine), sum(each.seconds for each in mine)
                slow = max(mine, key=lambda each: each.worst)
                rate = f"{inputs / seconds:,.0f}" if seconds else "0"
                worst = f"{slow.worst * 1000:.0f} ms ({slow.worst_bytes:,} bytes)"
                print(f"| {target} | {inputs:,} | {driver} | {rate} | {worst} |")


def main() -> int:
    """Run everything; give the exit code."""
    said = os.environ
    inputs, requests = int(said.get("FUZZ_INPUTS", "1000000")), int(said.get("FUZZ_REQUESTS", "20000"))
    processes = int(said.get("FUZZ_PROCESSES", "2"))
    number = int(said.get("FUZZ_SEED", "") or time.strftime("%Y%j"))
    wanted = said.get("FUZZ_TARGETS", "").split()
    targets = [each for each in TARGETS if not wanted or each.name in wanted]
    atheris = said.get("FUZZ_ATHERIS", "")
    guided = bool(atheris) and Path(atheris, "atheris").is_dir()
    began = time.monotonic()
    until = began + float(said.get("FUZZ_SECONDS", "7200"))
    by = "hypothesis and atheris" if guided else "hypothesis alone (atheris is not there)"
    print(f"fuzzing {', '.join(each.name for each in targets)}: {inputs:,} inputs by {by}, seed {number}", flush=True)
    done: list[Done] = []
    # every target gets its turn early, should time run out
    work = sorted(pieces(inputs, number, targets, guided=guided), key=lambda piece: piece.number)
    with ThreadPoolExecutor(processes) as pool:
        for each in pool.map(lambda piece: run(piece, until, atheris), work):
            done.append(each)
            print(
                f"{each.piece.target} by {each.piece.driver}: {each.inputs:,} in {each.seconds:.0f} s"
                + (f"\nFINDING\n{each.finding}" if each.finding else ""),
                flush=True,
            )
    failed = any(each.finding for each in done)
    if requests:
        door = subprocess.run([sys.executable, "-m", "tests.fuzz.door", str(requests), str(number)], check=False)
        failed = failed or door.returncode != 0
    _table(done)
    print(f"\n{sum(each.inputs for each in done):,} inputs in {time.monotonic() - began:.0f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
