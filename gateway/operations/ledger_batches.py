"""The bytes of files of records and of their results, against what the ledger proves of them.

file      its manifest, a part of its exchange that a leaf commits to, names its SHA-256
result    its report, another such part, names the SHA-256 of what was said of the records
answer    the agency's result of the office's file: so does the agency's own report

The walk has checked the parts; what is stored in pieces is hashed here, one piece in memory.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

from gateway.casework.names import BATCH_REPORT, agency_report
from gateway.ledger.damage import Damage, broken
from gateway.store.reading import Reader
from gateway.store.tables import BatchRow

READ_BY = frozenset({"completed", "broken"})
"""States in which all of a file came, and was what its manifest announced."""


def check_batches(reader: Reader) -> None:
    """Hash the file and the result of every batch that has ended. Raises LedgerBroken naming the first that differs."""
    before = None
    while rows := reader.batches(100, before):
        for row in rows:
            if row.ended_at is not None:
                _check(reader, row)
        before = rows[-1].made_at, rows[-1].id


def _check(reader: Reader, row: BatchRow) -> None:
    where = f"batch {row.name!r} of {row.agency}, exchange {row.id!r}"
    if row.direction == "out":
        _check_office(reader, row, where)
        return
    if row.state in READ_BY:
        announced = _proven(reader, row, "request", where)
        _compare(reader, row, "file", int(announced["bytes"]), str(announced["sha256"]), where)
    told = _proven(reader, row, BATCH_REPORT, where)
    _compare(reader, row, "result", int(told["resultBytes"]), str(told["resultSha256"]), where)


def _check_office(reader: Reader, row: BatchRow, where: str) -> None:
    """A file that was never announced is proven by nobody, and one that was not taken whole has no answer."""
    if (sent := reader.part(row.id, "sent-1")) is None:
        return
    announced = json.loads(sent.body)
    _compare(reader, row, "file", int(announced["bytes"]), str(announced["sha256"]), where)
    told = _proven(reader, row, BATCH_REPORT, where)
    _compare(reader, row, "result", int(told["resultBytes"]), str(told["resultSha256"]), where)
    if row.state in READ_BY and row.answer_size:
        number = 1
        while reader.part(row.id, agency_report(number + 1)) is not None:
            number += 1
        answered = _proven(reader, row, agency_report(number), where)
        _compare(reader, row, "answer", int(answered["resultBytes"]), str(answered["resultSha256"]), where)


def _proven(reader: Reader, row: BatchRow, part: str, where: str) -> dict[str, Any]:
    stored = reader.part(row.id, part)
    if stored is None:
        raise broken(Damage.PART_MISSING, where, expected=f"part {part!r}", found="none")
    said: dict[str, Any] = json.loads(stored.body)
    return said


def _compare(reader: Reader, row: BatchRow, side: str, size: int, expected: str, where: str) -> None:
    digest, found = sha256(), 0
    for body in _pieces(reader, row.id, side):
        digest.update(body)
        found += len(body)
    if (found, digest.hexdigest()) != (size, expected):
        says = f"{found} bytes with SHA-256 {digest.hexdigest()}"
        raise broken(Damage.PART_DIFFERS, f"{side} of {where}", expected=f"{size} bytes with {expected}", found=says)


def _pieces(reader: Reader, batch: str, side: str) -> Iterator[bytes]:
    """The stored pieces in their order, each as it is; a hole or a piece too many shows in the digest."""
    at = 0
    while (found := reader.batch_piece_from(batch, side, at)) is not None:
        position, body = found
        yield body
        at = position + 1
