"""The bytes of files of records and of their results, against what the ledger proves of them.

file      its manifest, a part of its exchange that a leaf commits to, names its SHA-256
result    its report, another such part, names the SHA-256 of what was said of the records
answer    the agency's result of the office's file: so does the agency's own report

The walk has checked the parts; what is stored in pieces is hashed here, one piece in memory. What has to be there is
what the parts say, not what the table says: a manifest that was let in has a batch of its name, a report has a batch
that ended as it tells.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from hashlib import sha256
from typing import Any

from gateway.casework.names import BATCH_REPORT, agency_report
from gateway.domain.errors import Tampered
from gateway.ledger.damage import Damage, broken
from gateway.operations.erased import is_told
from gateway.store.reading import Reader
from gateway.store.sealing import Shut
from gateway.store.tables import BatchRow, ExchangeRow, PartRow

IN = "in"
"""Exchanges in which the agency spoke first."""

READ_BY = frozenset({"completed", "broken"})
"""States in which all of a file came, and was what its manifest announced."""


TOLD = ("state", "bytes", "sha256", "records", "read", "accepted", "declined", "invalid", "failed")
"""Members of a report that a batch's row holds too."""


def check_batches(reader: Reader, reported: Iterable[str]) -> None:
    """Hold every batch against its manifest and its report, and hash its file and its result.

    `reported` are the exchanges that have a report. Raises LedgerBroken naming the first that differs.
    """
    _check_announced(reader)
    for exchange in reported:
        _check_ended(reader, exchange)
    before = None
    while rows := reader.batches(100, before):
        for row in rows:
            if row.ended_at is not None:
                _check(reader, row)
        before = rows[-1].made_at, rows[-1].id


def _check_announced(reader: Reader) -> None:
    for agency, interaction in sorted(_interactions(reader)):
        before = None
        while rows := reader.exchanges(200, before, agency=agency, interaction=interaction):
            for row in rows:
                if row.direction == IN and row.verdict == "accepted":
                    _check_manifest(reader, row)
            before = rows[-1].at, rows[-1].id


def _interactions(reader: Reader) -> set[tuple[str, str]]:
    """The interactions that any agreement says to be files of records, with their agencies."""
    found = set()
    for row in reader.agreements():
        said = json.loads(row.body)
        found |= {(row.agency, each["name"]) for each in said["interaction"] if each["model"] == "batch"}
    return found


def _check_manifest(reader: Reader, exchange: ExchangeRow) -> None:
    stored = _part(reader, exchange.id, "request")
    if stored is None:
        return  # the walk has told, or it is erased
    said = json.loads(stored.body)
    row = reader.batch_by_name(exchange.agency, exchange.interaction, str(said["batch"]))
    where = f"batch {said['batch']!r} of {exchange.agency}, exchange {exchange.id!r}"
    if row is None:
        raise broken(Damage.PART_MISSING, where, expected="what its manifest announced", found="none")
    found, expected = (row.size, row.sha256), (int(said["bytes"]), str(said["sha256"]))
    if found != expected:
        raise broken(Damage.PART_DIFFERS, where, expected=f"{expected}, as its manifest says", found=f"{found}")


def _check_ended(reader: Reader, exchange: str) -> None:
    try:
        stored = reader.part(exchange, BATCH_REPORT)
    except Shut:
        return  # erased, as the walk has proven
    told: dict[str, Any] = {} if stored is None else json.loads(stored.body)
    row = reader.batch(exchange)
    if row is None:
        known = reader.exchange(exchange)
        agency = "" if known is None else known.agency
        where = f"batch {told.get('batch')!r} of {agency}, exchange {exchange!r}"
        raise broken(Damage.PART_MISSING, where, expected="what its report accounts for", found="none")
    if row.direction != "in":
        return  # the office's own: its end is held against its parts below
    where = f"batch {row.name!r} of {row.agency}, exchange {row.id!r}"
    expected = {name: told.get(name) for name in TOLD}
    found = {name: getattr(row, "size" if name == "bytes" else name) for name in TOLD}
    if found != expected or row.ended_at is None:
        says = "no end" if row.ended_at is None else str(found)
        raise broken(Damage.PART_DIFFERS, where, expected=f"{expected}, as its report says", found=says)


def _part(reader: Reader, exchange: str, name: str) -> PartRow | None:
    """A stored part; None when it is not there, or erased: which of the two, the walk has told."""
    try:
        return reader.part(exchange, name)
    except Shut:
        return None


def _check(reader: Reader, row: BatchRow) -> None:
    if is_told(reader, f"file/{row.id}"):
        return  # by order: its parts stay, and its bytes are no longer those that they tell of
    with suppress(Shut):  # its parts are gone, as the walk has proven: by which leaf, and that it counts them
        _check_bytes(reader, row, f"batch {row.name!r} of {row.agency}, exchange {row.id!r}")


def _check_bytes(reader: Reader, row: BatchRow, where: str) -> None:
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
    if (sent := _part(reader, row.id, "sent-1")) is None:
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
    try:
        for body in _pieces(reader, row.id, side):
            digest.update(body)
            found += len(body)
    except Shut:
        return  # the key of its day is no more: nothing can be held to anything
    except Tampered as damaged:
        says = f"a piece behind byte {found} that does not open"
        raise broken(Damage.PART_DIFFERS, f"{side} of {where}", expected=f"{size} bytes", found=says) from damaged
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
