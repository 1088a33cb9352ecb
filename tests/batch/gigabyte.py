"""A gigabyte of records through a real hub, killed in the middle of the upload and in the middle of the reading.

    make gigabyte [ARGS="--bytes 1GiB --record-bytes 1024 --database postgresql://..."]

Prints the memory of the hub's processes, how long each part took, and the account: each record once, its outcome as it
has to be, and each effect once. Exit code 1 when something of it is not so, or a process of the hub ever held more than
150 MB: the kernel's own peak (VmHWM), with the files of libraries, 36 MB, which processes share. On PostgreSQL, whose
driver takes 9 MB more, it is what a process has of its own (RssAnon).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import httpx2
from sqlalchemy import text

from gateway.app import open_store
from gateway.operations.ledger_export import verify_store
from gateway.store.engine import open_engine
from tests.batch.office import Office, Uploader

LIMIT_MB = 150

OPENED = 500
"""The first records open so many cases; of the others each hundredth says something of one of them."""

PIECE = 2**20
_SIZE = re.compile(r"([0-9]+)(KiB|MiB|GiB)?")
_UNITS = {None: 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}


@dataclass
class Made:
    """The file that was made, and what has to become of its records."""

    path: Path
    records: int
    sha256: str
    expected: Counter[str]


@dataclass
class Account:
    """What was found. `wrong` are sentences.

    `peaks_mb` are the peaks (VmHWM) of each process of the hub, with the files of libraries; `own_mb` is the most that
    one of them had of its own (RssAnon), `idle_mb` what the first had before the batch.
    """

    made: Made
    seconds: dict[str, float]
    idle_mb: float
    own_mb: float
    peaks_mb: list[float]
    wrong: list[str]


def outcome_of(number: int) -> str:
    """What has to become of a record."""
    if number <= OPENED or number % 100 == 0:
        return "accepted"
    return "invalid" if number % 100 == 1 else "declined"


def record(number: int, padding: str) -> dict[str, str]:
    """A record, by its number from 1 on."""
    if number <= OPENED:
        return {"number": f"R-{number}", "note": "open"}
    if number % 100 == 0:
        return {"number": f"R-{number // 100 % OPENED + 1}", "note": f"{number} {padding}"}
    if number % 100 == 1:
        return {"number": f"tanpa nomor {number}", "note": padding}
    return {"number": f"R-{100_000_000 + number}", "note": padding}


def make(path: Path, size: int, record_bytes: int) -> Made:
    """Write a JSON Lines file of at least `size` bytes."""
    padding, digest, written, number = "x" * max(1, record_bytes - 50), hashlib.sha256(), 0, 0
    expected: Counter[str] = Counter()
    with path.open("wb") as out:
        while written < size or number < 2 * OPENED:
            number += 1
            line = json.dumps(record(number, padding)).encode() + b"\n"
            expected[outcome_of(number)] += 1
            digest.update(line)
            written += out.write(line)
    return Made(path, number, digest.hexdigest(), expected)


def run(folder: Path, size: int, record_bytes: int, database_url: str = "", say: bool = False) -> Account:
    """Make, upload with a kill in the middle, read with a kill in the middle, and account for all."""
    seconds: dict[str, float] = {}
    began = time.monotonic()

    def passed(part: str) -> None:
        nonlocal began
        seconds[part] = time.monotonic() - began
        began = time.monotonic()
        if say:
            print(f"{part:28} {seconds[part]:8.1f} s", flush=True)

    office = Office(folder, database_url)
    office.furnish()
    made = make(folder / "daftar.jsonl", size, record_bytes)
    passed("make the file")
    office.start()
    uploader = Uploader(office)
    try:
        idle_kb = office.look()
        passed("start the hub")
        _announce(uploader, made)
        total = made.path.stat().st_size
        _upload(office, uploader, made.path, total // 2)
        passed("upload the first half")
        _killed_while_it_takes_a_piece(office, uploader, made.path)
        office.start()
        uploader.reconnect()
        passed("kill -9, start again")
        _upload(office, uploader, made.path, total)
        passed("upload the rest")
        _await(office, uploader, made.records // 2)
        passed("read the first half")
        office.kill()
        office.start()
        uploader.reconnect()
        passed("kill -9, start again (2)")
        _await(office, uploader, made.records + 1)
        passed("read the rest, close")
        wrong = list(_faults(uploader, made))
        passed("account for every record")
    finally:
        uploader.close()
        office.stop()
    wrong += _effects(office, made)
    peaks = [each / 1024 for each in office.peaks_kb]
    return Account(made, seconds, idle_kb / 1024, office.own_kb / 1024, peaks, wrong)


def _announce(uploader: Uploader, made: Made) -> None:
    uploader.announce(
        {
            "batch": "daftar-1",
            "fileName": made.path.name,
            "format": "jsonl",
            "encoding": "UTF-8",
            "bytes": made.path.stat().st_size,
            "sha256": made.sha256,
            "records": made.records,
        },
        "m-1",
    )


def _killed_while_it_takes_a_piece(office: Office, uploader: Uploader, path: Path) -> None:
    """Kill the hub some milliseconds after the next piece is on its way: it may have kept it or not."""
    offset = uploader.offset()
    with path.open("rb") as content:
        content.seek(offset)
        piece = content.read(PIECE)
    killing = threading.Timer(0.004, office.kill)
    killing.start()
    with suppress(httpx2.TransportError):
        uploader.send(piece, offset, last=False)
    killing.join()


def _upload(office: Office, uploader: Uploader, path: Path, until: int) -> None:
    """Send what the hub has not, up to that byte."""
    total = path.stat().st_size
    offset = uploader.offset()
    with path.open("rb") as content:
        content.seek(offset)
        while offset < until:
            piece = content.read(PIECE)
            uploader.send(piece, offset, last=offset + len(piece) == total)
            offset += len(piece)
            office.look()


def _await(office: Office, uploader: Uploader, read: int) -> None:
    """Wait until so many records are read, or the batch has ended."""
    while True:
        report = uploader.report()
        office.look()
        if report["read"] >= read or "resultSha256" in report:
            return
        time.sleep(0.2)  # the hub tells its progress to who asks


def _faults(uploader: Uploader, made: Made) -> Iterator[str]:
    """What is not as it has to be in the report and in the result."""
    report = uploader.report()
    if (report["state"], report["read"], report["unread"], report["waiting"]) != ("completed", made.records, 0, 0):
        yield f"the report says {report}"
    told = {name: report[name] for name in ("accepted", "declined", "invalid", "failed") if report[name]}
    if told != dict(made.expected):
        yield f"the report counts {told}, expected {dict(made.expected)}"
    seen, digest, rest = bytearray(made.records + 1), hashlib.sha256(), b""
    for chunk in uploader.result():
        digest.update(chunk)
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            row = json.loads(line)
            seen[row["number"]] += 1
            if row["outcome"] != outcome_of(row["number"]):
                yield f"record {row['number']} is {row['outcome']}"
    if digest.hexdigest() != report["resultSha256"]:
        yield "the result is not the one of the report"
    if seen.count(1) != made.records:
        yield f"{seen.count(1)} of {made.records} records have one result each"


def _effects(office: Office, made: Made) -> list[str]:
    """Whether each accepted record had its one effect, and the ledger holds all of them. Raises LedgerBroken."""
    store = open_store(office.settings)
    verify_store(store.reader, store.vault, store.note_key.verifier)
    facts = (fact for ids in store.reader.case_ids() for fact in store.reader.facts_of(ids))
    told = sum("ttention" in fact.kind and "pasar" in fact.body for fact in facts)
    store.close()
    engine = open_engine(office.settings.database_url)
    with engine.connect() as connection:
        cases = connection.execute(text("SELECT count(*) FROM permit_case")).scalar()
    engine.dispose()
    expected = made.expected["accepted"] - OPENED
    wrong = [] if cases == OPENED else [f"{cases} cases were opened, expected {OPENED}"]
    return wrong if told == expected else [*wrong, f"{told} notes, expected {expected}"]


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bytes", default="1GiB")
    parser.add_argument("--record-bytes", type=int, default=1024)
    parser.add_argument("--database", default="", help="a new, empty database; else a SQLite file")
    said = parser.parse_args()
    match = _SIZE.fullmatch(said.bytes)
    if match is None:
        parser.error("--bytes is a number with KiB, MiB or GiB behind it")
    with tempfile.TemporaryDirectory(prefix="gigabyte-") as folder:
        account = run(Path(folder), int(match[1]) * _UNITS[match[2]], said.record_bytes, said.database, say=True)
    made = account.made
    print(f"{made.records} records: {dict(made.expected)}, each accounted for once" if not account.wrong else "")
    peaks = ", ".join(f"{each:.0f}" for each in account.peaks_mb)
    print(f"memory of the hub at most, by process: {peaks} MB (VmHWM)")
    print(
        f"without the files of its libraries: {account.own_mb:.0f} MB, {account.idle_mb:.0f} before the batch (RssAnon)"
    )
    most = account.own_mb if said.database else max(account.peaks_mb)
    wrong = [*account.wrong[:20], *([f"{most:.0f} MB, at most {LIMIT_MB}"] if most > LIMIT_MB else [])]
    for each in wrong:
        print(f"WRONG: {each}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
