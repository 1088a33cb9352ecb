"""The records of one file (a batch) against a list of them: by number or by key, and by digest.

1. the file is the one that was announced: its SHA-256 is what the manifest says, and a leaf commits to the manifest
2. what became of each record, out of the result, whose SHA-256 the report says, to which a leaf commits
3. each record of the file, in its order: lines with its number or key are judged by the digest of the record
4. one that no line names is told missing there; a line whose record is not in the file is missing here

A record's digest is over the exact bytes of its line, without the end of the line (CSV, JSON Lines); of XML over the
canonical JSON (RFC 8785) of its members as text, since an element has no one spelling. `docs/reconciliation.md` tells
agencies the same. The file is read as a stream, one piece in memory; nothing of it is written beside the store.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from datetime import UTC
from hashlib import sha256
from typing import Any

from gateway.casework.names import BATCH_REPORT
from gateway.domain.errors import LedgerBroken, Malformed, Refused
from gateway.ledger.damage import Damage, broken
from gateway.ledger.encoding import canonical_json
from gateway.operations.reconciling.comparing import RANK, State
from gateway.operations.reconciling.listing import FROM_AGENCY, KEY, RECORD, TO_AGENCY, Line, mark_of_key
from gateway.operations.reconciling.record import OwnRecord, Place, Record
from gateway.operations.reconciling.sorted_list import Account, SortedList
from gateway.primitives.json_writer import JsonWriter
from gateway.store.reading import Reader
from gateway.store.reads.reconciliations import ComparedExchange
from gateway.store.tables import BatchRow
from gateway.validation.record_files import BOM, BrokenFile, ReadRecord, open_records
from gateway.validation.record_files import Place as FilePlace

READ = frozenset({"completed", "broken"})
"""States of a batch whose file came whole and was read."""

PIECE = 256 * 1024
_writer = JsonWriter()


def comparable(reader: Reader, agency: str, batch: str) -> BatchRow:
    """The batch whose records are to be compared. Raises Refused `batch-unknown`, `batch-not-ended`."""
    row = reader.batch(batch)
    if row is None or row.agency != agency:
        raise Refused(
            f"{agency} has no file of records {batch[:64]!r}: `simojo batch list` shows the ids", code="batch-unknown"
        )
    if row.ended_at is None or row.state not in READ:
        raise Refused(
            f"file {batch} is {row.state}: its records are compared once it was read to its end",
            code="batch-not-ended",
        )
    return row


class BatchComparing:
    """One comparison. `told` hears how many records were looked at."""

    def __init__(
        self, reader: Reader, record: Record, listed: SortedList, row: BatchRow, told: Callable[[int], None]
    ) -> None:
        self._reader = reader
        self._record = record
        self._list = listed
        self._row = row
        self._told = told
        self._about: dict[str, Any] = {}

    def run(self) -> None:
        """Find out about every line and every record."""
        own = self._own()
        row = self._row
        self._about = {
            "direction": FROM_AGENCY if row.direction == "in" else TO_AGENCY,
            "interaction": row.interaction,
            "exchange": row.id,
            "at": row.made_at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        }
        if own.is_erased:
            self._tell_erased()
            return
        self._check_file(own)  # 1
        self._take_accounts(own)  # 2
        by_key = self._list.is_by_key()
        for number, digest in self._records():  # 3
            account = self._list.account(number)
            self._judge(number, account, digest, by_key=by_key)
            self._told(1)

    # --- what the ledger holds ----------------------------------------------------------------------------------------

    def _own(self) -> OwnRecord:
        stored = self._reader.exchange(self._row.id)
        if stored is None:
            where = f"batch {self._row.name!r} of {self._row.agency}"
            raise broken(Damage.PART_MISSING, where, expected=f"its exchange {self._row.id}", found="none")
        named = ComparedExchange(*(getattr(stored, name) for name in ComparedExchange._fields))
        (own,) = self._record.of([named])
        return own

    def _check_file(self, own: OwnRecord) -> None:
        manifest, place = self._proven(own, "request" if self._row.direction == "in" else "sent-1")
        digest = sha256()
        source = self._stream("file", self._row.size)
        while piece := source.read(PIECE):
            digest.update(piece)
            self._told(0)
        expected = str(manifest.get("sha256"))
        if digest.hexdigest() != expected:
            where = f"file of batch {self._row.name!r} of {self._row.agency}"
            raise broken(Damage.PART_DIFFERS, where, expected=f"SHA-256 {expected}", found=digest.hexdigest())
        self._about["proof"] = [_shown(place)]

    def _take_accounts(self, own: OwnRecord) -> None:
        report, place = self._proven(own, BATCH_REPORT)
        digest, by_key = sha256(), self._list.is_by_key()
        source = self._stream("result", self._row.result_size)
        while piece := source.read(PIECE):
            digest.update(piece)
            self._told(0)
        expected = str(report.get("resultSha256"))
        if digest.hexdigest() != expected:
            where = f"result of batch {self._row.name!r} of {self._row.agency}"
            raise broken(Damage.PART_DIFFERS, where, expected=f"SHA-256 {expected}", found=digest.hexdigest())
        twice = self._list.take_accounts(self._accounts())
        if by_key and (twice or not self._list.has_keys()):
            why = "several of its records have one key" if twice else "its result names no keys"
            raise Malformed(
                f"the records of file {self._row.id} cannot be told apart by key ({why}): list them by record, their "
                "number in the file",
                code="list-unreadable",
                clause="Pasal 22(4)b",
            )
        self._about["proof"].append(_shown(place))

    def _proven(self, own: OwnRecord, part: str) -> tuple[dict[str, Any], Place]:
        """A part of the exchange as JSON, and the leaf that commits to it. Raises LedgerBroken."""
        stored = self._reader.part(own.row.id, part)
        place = None if stored is None else own.opened_part(part, sha256(stored.body).hexdigest())
        if stored is None or place is None:
            where = f"part {part!r} of exchange {own.row.id!r}"
            raise broken(Damage.PART_DIFFERS, where, expected="the bytes that its leaf commits to", found="others")
        said: dict[str, Any] = json.loads(stored.body)
        return said, place

    # --- the file and its result --------------------------------------------------------------------------------------

    def _stream(self, side: str, size: int) -> io.BufferedReader:
        return io.BufferedReader(_Stored(self._reader, self._row.id, side, size), 64 * 1024)

    def _records(self) -> Iterator[tuple[int, str | None]]:
        """Number and digest of each record; None of one whose digest nobody can tell."""
        form, beside = self._row.format, self._stream("file", self._row.size)
        members: list[str] = []
        if form == "csv":
            first = beside.readline().removeprefix(BOM).decode("utf-8", "replace")
            members = next(csv.reader([first]), [])
        try:
            for record in open_records(form, self._stream("file", self._row.size), FilePlace(), members):
                yield record.number, _digest(form, record, beside)
        except BrokenFile:
            return  # what came before stands; the report tells how far it was read

    def _accounts(self) -> Iterator[Account]:
        source = self._stream("result", self._row.result_size)
        if self._row.format == "csv":
            rows: Iterator[dict[str, Any]] = csv.DictReader(io.TextIOWrapper(source, encoding="utf-8", newline=""))
        else:
            rows = (json.loads(line) for line in source)
        for each in rows:
            key = each.get("key")
            yield Account(int(each["number"]), mark_of_key(str(key)) if key else "", str(each.get("outcome") or ""))

    # --- judging ------------------------------------------------------------------------------------------------------

    def _judge(self, number: int, account: Account, digest: str | None, *, by_key: bool) -> None:
        lines = self._list.named(account.key if by_key else str(number))
        lines = [each for each in lines if each.direction == (KEY if by_key else RECORD)]
        matched = any(each.sha256 == digest for each in lines)
        outcome = {"outcome": account.outcome} if account.outcome else {}
        body: dict[str, Any] = {"record": number, **outcome, **self._about}
        for line in lines:
            if line.sha256 == digest:
                self._put(line, State.MATCHED, body)
            elif matched:
                self._put(line, State.REPEATED, body)
            else:
                differing = {"part": RECORD, "theirs": line.sha256, "ours": digest, "leaf": body["proof"][0]["leaf"]}
                self._put(line, State.DIFFERENT, {**body, "difference": [differing], "prevails": "simojo"})
        if not lines:
            said = {"state": State.MISSING_THERE.value, **body, "sha256": digest, "prevails": "simojo"}
            self._list.put_unlisted(_writer.write(said))

    def _tell_erased(self) -> None:
        after = 0
        while lines := self._list.unfound(after, 500):
            after = lines[-1].number
            for line in lines:
                if line.direction == KEY or int(line.message_id) <= self._row.read:
                    self._put(line, State.ERASED, self._about)
            self._told(len(lines))

    def _put(self, line: Line, state: State, body: dict[str, Any]) -> None:
        self._list.put(line.number, RANK[state], _writer.write({"state": state.value, **body}))


class _Stored(io.RawIOBase):
    """One side of a file of records as the store has it, a piece in memory. Raises LedgerBroken where one is gone."""

    def __init__(self, reader: Reader, batch: str, side: str, size: int) -> None:
        super().__init__()
        self._reader, self._batch, self._side, self._size = reader, batch, side, size
        self._at = self._begins = 0
        self._body = b""

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def tell(self) -> int:
        """The byte that comes next."""
        return self._at

    def seek(self, target: int, whence: int = io.SEEK_SET, /) -> int:
        """Go on from the byte `target`."""
        self._at = target + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        return self._at

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]  # BufferedReader gives one
        """Fill a buffer as far as one piece goes; 0 at the end."""
        if self._at >= self._size:
            return 0
        if not self._begins <= self._at < self._begins + len(self._body):
            found = self._reader.batch_piece(self._batch, self._side, self._at)
            if found is None or found[0] + len(found[1]) <= self._at:
                raise LedgerBroken(
                    f"batch {self._batch} has no byte {self._at} of its {self._side}: a piece is gone from the store",
                    code="batch-piece-missing",
                )
            self._begins, self._body = found
        inside = self._at - self._begins
        count = min(len(buffer), len(self._body) - inside, self._size - self._at)
        buffer[:count] = self._body[inside : inside + count]
        self._at += count
        return count


def _digest(form: str, record: ReadRecord, beside: io.BufferedReader) -> str | None:
    if form == "xml":
        return None if record.fault is not None else sha256(canonical_json(_texts(record))).hexdigest()
    size = record.ends_at - record.begins_at
    if size > PIECE:
        return None  # too long for a record, and for the memory
    beside.seek(record.begins_at)
    line = beside.read(size)
    line = line.removeprefix(BOM) if record.begins_at == 0 else line
    return sha256(line.removesuffix(b"\n").removesuffix(b"\r")).hexdigest()


def _texts(record: ReadRecord) -> dict[str, str]:
    return {name: str(value) for name, value in record.payload.items()}


def _shown(place: Place) -> dict[str, Any]:
    return {"leaf": place.leaf, **({} if place.tree_index is None else {"index": place.tree_index})}
