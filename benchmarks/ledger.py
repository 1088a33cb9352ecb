"""`make ledger-bench`: a ledger of a million leaves on SQLite. `python -m benchmarks.ledger [leaves]`.

appends   leaves are committed by the hub's own writer and placed by its integrator, 4,000 at a time; the cost of a leaf
          over the last tenth is held against that over the first. Both as time of the processor (what it costs) and of
          the wall (what else ran shows there).
proofs    inclusion proofs of leaves all over the tree, made and verified as receipts need them
verify    `simojo ledger verify FILE --no-bytes` as a process of its own: every hash anew from the canonical bytes;
          the same over the stored rows; and with every stored message, opened and hashed: the byte check
memory    the most that the verifying process held, as the kernel counted it

The figures go to benchmarks/ledger.json and into docs/performance.md.
"""

from __future__ import annotations

import itertools
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.ledger_page import targets, write_page
from benchmarks.machine import ROOT
from gateway.casework.leaves import Leaves
from gateway.ledger.checkpoint import NoteKey
from gateway.ledger.export import checkpoint_line, header_line, leaf_line
from gateway.ledger.leaf import LeafKind
from gateway.operations.integrator import Integrator
from gateway.operations.ledger_export import export_lines, verify_store
from gateway.operations.proofs import Proofs
from gateway.store.engine import open_engine
from gateway.store.plan import Change, Committed, Insert, Plan
from gateway.store.reading import Reader
from gateway.store.schema import prepare
from gateway.store.sealing import PARTS
from gateway.store.tables import ExchangeRow, PartRow
from gateway.store.unit_of_work import GroupCommit
from gateway.store.vault import Vault
from gateway.trust.secrets import MasterKey

LEAVES = 1_000_000
STEP = 4_000
PROOFS = 2_000
EXCHANGES = 25_000
"""Exchanges of two leaves and two parts of 2 KB, sealed as a hub seals them, in the store of the byte check."""

FIGURES = ROOT / "benchmarks/ledger.json"
KEY = NoteKey.from_seed("simojo.example/ledger", bytes(range(32)))
MASTER = MasterKey(bytes(range(32)))
START = datetime(2026, 1, 5, 3, 4, 5, tzinfo=UTC)


@dataclass
class Ledger:
    """A store with nothing in it but what the bench puts there."""

    path: Path
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        self.engine = open_engine(f"sqlite:///{self.path}")
        prepare(self.engine)
        self.reader = Reader(self.engine)
        self.writer = GroupCommit(self.engine)
        self.vault = Vault(self.reader, MASTER, random.Random(7).randbytes)  # noqa: S311 - a bench's own keys
        self.leaves = Leaves(MASTER, lambda: f"01a2210c-0000-7000-8000-{next(self.numbers):012x}")
        self.integrator = Integrator(self.reader, self.writer, KEY, lambda: START)

    def close(self) -> None:
        """Let go of the file."""
        self.writer.close()
        self.engine.dispose()

    def commit(self, changes: list[Change]) -> None:
        """Commit a plan that must hold."""
        if self.writer.commit(Plan(tuple(changes))) != Committed():
            raise SystemExit("a plan that must hold was refused")

    def made(self, count: int) -> list[Change]:
        """Leaves as an exchange has them, with two commitments each, of messages that are stored nowhere."""
        rows: list[Change] = []
        for _ in range(count):
            number = next(self.numbers)
            rows.append(
                self.leaves.make(
                    LeafKind.ACCEPTED,
                    at=START + timedelta(seconds=number),
                    actor="agency/dpupr",
                    exchange=f"01a2210c-0000-7000-9000-{number:012x}",
                    agreement="dpupr-2026/1.0",
                    key=bytes(32),
                    parts={"request": b"", "answer-body": b""},
                ).row
            )
        return rows


def appends(ledger: Ledger, count: int) -> dict[str, Any]:
    """Append, and give microseconds of a leaf by tenths of the ledger: of the processor and of the wall."""
    steps: list[tuple[float, float]] = []
    for _ in range(count // STEP):
        rows = ledger.made(STEP)
        cpu, wall = time.process_time(), time.monotonic()
        ledger.commit(rows)
        while ledger.integrator.run_once():
            pass
        steps.append((time.process_time() - cpu, time.monotonic() - wall))
        if len(steps) % 25 == 0:
            print(f"  {len(steps) * STEP:,} leaves", flush=True)
    tenth = max(len(steps) // 10, 1)
    parts = [steps[at : at + tenth] for at in range(0, tenth * 10, tenth)]
    # the mean: some steps write SQLite's log back into its file, and that is part of the cost
    cpu_us = [statistics.fmean(each[0] for each in part) / STEP * 1e6 for part in parts if part]
    wall_us = [statistics.fmean(each[1] for each in part) / STEP * 1e6 for part in parts if part]
    return {
        "processor us a leaf by tenths": [round(each, 1) for each in cpu_us],
        "wall us a leaf by tenths": [round(each, 1) for each in wall_us],
        "drift of the processor %": round((cpu_us[-1] / cpu_us[0] - 1) * 100, 1),
        "drift of the wall %": round((wall_us[-1] / wall_us[0] - 1) * 100, 1),
    }


def proofs(ledger: Ledger, count: int) -> dict[str, float]:
    """Milliseconds of an inclusion proof, made from stored tiles and verified."""
    made = Proofs(ledger.reader, KEY.verifier)
    chance = random.Random(11)  # noqa: S311 - places, no secret
    size = ledger.reader.tree_size()
    ids = [ledger.reader.leaves(chance.randrange(size), 1)[0].id for _ in range(count)]
    took = []
    for each in ids:
        began = time.perf_counter()
        made.inclusion(each)
        took.append((time.perf_counter() - began) * 1000)
    took.sort()
    return {
        "p50 ms": round(took[len(took) // 2], 2),
        "p99 ms": round(took[len(took) * 99 // 100], 2),
        "max ms": round(took[-1], 2),
    }


def verified(file: Path, leaves: int, *options: str) -> dict[str, float]:
    """Run the command on an export: leaves a second of the processor and of the wall, and its most memory in MB."""
    command = [sys.executable, "-c", _JUDGE, str(file), KEY.verifier.encode(), *options]
    began = time.monotonic()
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)  # noqa: S603 - our own command
    wall = time.monotonic() - began
    cpu, peak_kb = (float(each) for each in done.stdout.splitlines()[-1].split())
    return {
        "leaves/s of the processor": round(leaves / cpu),
        "leaves/s of the wall": round(leaves / wall),
        "memory MB": round(peak_kb / 1024, 1),
    }


_JUDGE = """
import sys, time
from pathlib import Path
from gateway.cli.ledger_file import verify_file
code = verify_file(Path(sys.argv[1]), [sys.argv[2]], [], parts="--no-bytes" not in sys.argv)
peak = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM:"))
print(time.process_time(), peak)
sys.exit(code)
"""


def stored(ledger: Ledger) -> dict[str, float]:
    """The same over the rows of the store, with all tiles, in this process."""
    cpu, wall = time.process_time(), time.monotonic()
    verdict = verify_store(ledger.reader, ledger.vault, KEY.verifier, parts=False)
    cpu, wall = time.process_time() - cpu, time.monotonic() - wall
    size = verdict.ledger.size
    return {"leaves/s of the processor": round(size / cpu), "leaves/s of the wall": round(size / wall)}


def byte_check(folder: Path) -> dict[str, Any]:
    """A store with sealed messages: the whole verification of it, each opened and hashed, and of its export."""
    ledger = Ledger(folder / "messages.db")
    body = b'{"note":"' + b"x" * 2000 + b'"}'
    key = ledger.vault.day_key(START.date())
    ledger.commit(list(key.plan.changes))
    for _ in range(EXCHANGES // 500):
        changes: list[Change] = []
        for _ in range(500):
            name = f"01a2210c-0000-7000-9000-{next(ledger.numbers):012x}"
            row = {"id": name, "direction": "in", "agency": "dpupr", "interaction": "technical-recommendation"}
            changes.append(Insert(ExchangeRow, {**row, "case_id": None, "verdict": "accepted", "at": START}))
            seal = ledger.vault.exchange_seal(name, None, START, key.key)
            for part, kind in (("request", LeafKind.ACCEPTED), ("answer", LeafKind.ANSWERED)):
                changes.append(Insert(PartRow, {"exchange": name, "name": part, "body": seal.blob(PARTS, part, body)}))
                made = ledger.leaves.make(
                    kind, at=START, actor="agency/dpupr", exchange=name, key=key.key, parts={part: body}
                )
                changes.append(made.row)
        ledger.commit(changes)
        while ledger.integrator.run_once():
            pass
    leaves = EXCHANGES * 2
    cpu, wall = time.process_time(), time.monotonic()
    verdict = verify_store(ledger.reader, ledger.vault, KEY.verifier)
    cpu, wall = time.process_time() - cpu, time.monotonic() - wall
    if verdict.ledger.parts_checked != leaves:
        raise SystemExit(f"{verdict.ledger.parts_checked} parts were looked at, not {leaves}")
    file = _export(ledger, folder / "messages.jsonl")
    ledger.close()
    return {
        "stored leaves": leaves,
        "store, leaves/s of the processor": round(leaves / cpu),
        "store, leaves/s of the wall": round(leaves / wall),
        "store, MB/s of messages": round(leaves * len(body) / wall / 1e6, 1),
        "export with digests": verified(file, leaves),
    }


def _export(ledger: Ledger, file: Path) -> Path:
    with file.open("w", encoding="utf-8") as out:
        out.writelines(export_lines(ledger.reader, ledger.vault, [KEY.verifier]))
    return file


def main() -> int:
    """Measure, print, and write the figures down; 1 when a target was missed."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else LEAVES
    with tempfile.TemporaryDirectory(prefix="simojo-ledger-bench-") as name:
        folder = Path(name)
        figures = _measured(folder, count)
    print(json.dumps(figures, indent=2))
    FIGURES.write_text(json.dumps(figures, indent=2) + "\n")
    write_page(figures)
    return 0 if all(holds for _, holds in targets(figures)) else 1


def _measured(folder: Path, count: int) -> dict[str, Any]:
    ledger = Ledger(folder / "leaves.db")
    print("appending", flush=True)
    figures: dict[str, Any] = {"leaves": count, "appends": appends(ledger, count)}
    print("proving", flush=True)
    figures["inclusion proof"] = proofs(ledger, PROOFS)
    print("verifying", flush=True)
    figures["verify, stored rows and tiles"] = stored(ledger)
    file = folder / "leaves.jsonl"
    with file.open("w", encoding="utf-8") as out:
        size = ledger.reader.tree_size()
        out.write(header_line(origin=KEY.name, verifiers=[KEY.verifier], size=size, complete=False))
        out.writelines(_leaf_and_checkpoint_lines(ledger))
    ledger.close()
    figures["verify, export"] = verified(file, count, "--no-bytes")
    figures["export MB"] = round(file.stat().st_size / 1e6)
    print("messages", flush=True)
    figures["byte check"] = byte_check(folder)
    return figures


def _leaf_and_checkpoint_lines(ledger: Ledger) -> Iterator[str]:
    at = 0
    while rows := ledger.reader.leaf_bytes(at, STEP):
        last = rows[-1][0]
        notes = {each.size: each.note for each in ledger.reader.checkpoints(at, last + 1, STEP)}
        for index, canonical, hashed in rows:
            yield leaf_line(index, canonical, hashed)
            if index + 1 in notes:
                yield checkpoint_line(notes[index + 1])
        at = last + 1


if __name__ == "__main__":
    sys.exit(main())
