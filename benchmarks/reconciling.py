"""`make reconcile-bench`: a list of a million ids against a day on SQLite. `python -m benchmarks.reconciling [ids]`.

The store is filled by the hub's own writer: exchanges of one agency through one day, each with the leaf that commits to
its request. The list names all of them but each thousandth, has another digest for each thousandth, and a thousandth of
ids that nobody has. A process of its own then compares it, as `simojo reconcile run` does; what it took and the most
that it held, as the kernel counted it, are printed. No figure is kept: docs/performance.md has those of one run.
"""

from __future__ import annotations

import itertools
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from benchmarks.machine import ROOT
from gateway.casework.leaves import Leaves
from gateway.ledger.leaf import LeafKind
from gateway.operations.reconciling.running import Reconciling, Wanted
from gateway.store.engine import open_engine
from gateway.store.plan import Change, Committed, Insert, Plan
from gateway.store.reading import Reader
from gateway.store.schema import prepare
from gateway.store.tables import AgencyRow, ExchangeRow, PartRow
from gateway.store.unit_of_work import GroupCommit
from gateway.store.vault import Vault
from gateway.trust.secrets import MasterKey

IDS = 1_000_000
STEP = 2_000
ODD = 1_000
"""Each so-manieth id is another on either side."""

MASTER = MasterKey(bytes(range(32)))
DAY = date(2026, 1, 5)
MORNING = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)
SPREAD = timedelta(hours=12)


class Store:
    """One store on SQLite in a folder."""

    def __init__(self, folder: Path) -> None:
        self.engine = open_engine(f"sqlite:///{folder}/simojo.db")
        prepare(self.engine)
        self.reader = Reader(self.engine)
        self.writer = GroupCommit(self.engine)
        numbers = itertools.count()
        self.vault = Vault(self.reader, MASTER, lambda size: next(numbers).to_bytes(size))
        self.leaves = Leaves(MASTER, lambda: f"id-{next(numbers)}")

    def close(self) -> None:
        """End it."""
        self.writer.close()
        self.engine.dispose()


def fill(folder: Path, ids: int) -> None:
    """Commit exchanges with their leaves; parts lie there for those that will differ."""
    store = Store(folder)
    commit(store, Plan.of(Insert(AgencyRow, AgencyRow(id="dpupr", name="DPUPR", kind="opd").model_dump())))
    key = store.vault.exchange_key(None, MORNING)
    commit(store, key.plan)
    for first in range(0, ids, STEP):
        changes: list[Change] = []
        for number in range(first, min(first + STEP, ids)):
            changes += exchange(store, key.key, number, MORNING + SPREAD * number / ids)
        commit(store, Plan(tuple(changes)))
    store.close()


def exchange(store: Store, key: bytes, number: int, at: datetime) -> Iterator[Change]:
    """One exchange, its leaf, and its stored request where the list will differ."""
    name, body = f"ex-{number:09}", content(number)
    row: dict[str, Any] = {"id": name, "direction": "in", "agency": "dpupr", "interaction": "technical-recommendation"}
    yield Insert(ExchangeRow, {**row, "message_id": f"m-{number}", "verdict": "accepted", "at": at})
    made = store.leaves.make(LeafKind.ACCEPTED, at=at, exchange=name, case_id=None, key=key, parts={"request": body})
    yield made.row
    if number % ODD == 1:
        yield Insert(PartRow, {"exchange": name, "name": "request", "body": body})


def commit(store: Store, plan: Plan) -> None:
    """Commit a plan that must hold."""
    outcome = store.writer.commit(plan)
    if outcome != Committed():
        raise SystemExit(f"the store could not be filled: {outcome}")


def content(number: int) -> bytes:
    """The body of a message."""
    return f"<permohonan nomor='{number}'/>".encode()


def listed(ids: int) -> Iterator[bytes]:
    """The agency's list, in chunks."""
    yield b"message_id,sha256\n"
    for first in range(0, ids, STEP):
        lines = []
        for number in range(first, min(first + STEP, ids)):
            name = f"x-{number}" if number % ODD == 2 else f"m-{number}"
            digest = sha256(content(number) if number % ODD != 1 else b"lain").hexdigest()
            if number % ODD:
                lines.append(f"{name},{digest}\n")
        yield "".join(lines).encode()


def compare(folder: Path, ids: int) -> dict[str, Any]:
    """Compare the list in this process; gives seconds, counts and the most that was held (MB)."""
    store = Store(folder)
    names = itertools.count()
    reconciling = Reconciling(
        reader=store.reader,
        vault=store.vault,
        unit_of_work=store.writer,
        leaves=Leaves(MASTER, lambda: f"leaf-{next(names)}"),
        clock=lambda: datetime.now(UTC),
        new_id=lambda: "r-1",
    )
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    began, cpu = time.monotonic(), time.process_time()
    wanted = Wanted(agency="dpupr", first=DAY, last=DAY, source="staff", actor="staff/agus")
    row = reconciling.run(wanted, listed(ids))
    said = {
        "seconds": round(time.monotonic() - began, 1),
        "processor": round(time.process_time() - cpu, 1),
        "held_before_mb": round(before),
        "held_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "counts": {state: count for state, count in json.loads(row.counts).items() if count},
        "result_mb": round(row.result_size / 1e6, 1),
    }
    store.close()
    return said


def main(arguments: list[str]) -> None:
    """Fill, compare in a process of its own, print."""
    if len(arguments) == 2:
        print(json.dumps(compare(Path(arguments[0]), int(arguments[1]))))
        return
    ids = int(arguments[0]) if arguments else IDS
    with tempfile.TemporaryDirectory(prefix="simojo-reconcile-") as folder:
        began = time.monotonic()
        fill(Path(folder), ids)
        print(f"{ids} exchanges committed in {time.monotonic() - began:.0f} s", flush=True)
        command = [sys.executable, "-m", "benchmarks.reconciling", folder, str(ids)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True)  # noqa: S603 - our own words
    for name, value in json.loads(done.stdout).items():
        print(f"{name:15} {value}")


if __name__ == "__main__":
    main(sys.argv[1:])
