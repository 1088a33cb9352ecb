"""A reconciliation from its list to its stored result.

1. what is over its time is forgotten, a few results each time
2. the run is noted, so that one that is broken off can be told from one that ended
3. the list is read and sorted, and compared with the record
4. the result is written in pieces
5. the run ends in one commit, with a leaf that names the digests of list and result and the counts
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from gateway.casework.leaves import Leaves
from gateway.domain.calendar import JAKARTA
from gateway.domain.errors import Malformed, Refused
from gateway.ledger.leaf import LeafKind
from gateway.operations.reconciling.comparing import DIFFERENCES, Comparing, Period, State, told_lines
from gateway.operations.reconciling.listing import Line, read_list
from gateway.operations.reconciling.record import Record
from gateway.operations.reconciling.sorted_list import SortedList
from gateway.primitives.json_writer import JsonWriter
from gateway.store.conflicts import commit
from gateway.store.plan import Delete, Insert, Plan, Update
from gateway.store.reading import Reader
from gateway.store.sealed_rows import sealed
from gateway.store.tables import ReconciliationPieceRow, ReconciliationRow
from gateway.store.unit_of_work import UnitOfWork
from gateway.store.vault import Vault

KEPT = timedelta(days=90)
"""How long a result can be downloaded; that it was made, and what it counted, stays."""
MAX_DAYS = 366
PIECE_BYTES = 256 * 1024
_writer = JsonWriter()


def silent(count: int) -> None:
    """Hear nothing."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is to be compared: an agency's messages of whole days of Jakarta, both included.

    `source` is who brought the list: `agency` or `staff`; `actor` who it was.
    """

    agency: str
    first: date
    last: date
    source: str
    actor: str

    def period(self) -> Period:
        """The same as instants. Raises Malformed `period-wrong`."""
        days = (self.last - self.first).days
        if not 0 <= days < MAX_DAYS or self.first.year < 2000 or self.last.year > 9000:
            raise Malformed(
                f"the period runs from {self.first} to {self.last}: its last day is not before its first, and it has "
                f"at most {MAX_DAYS} days",
                code="period-wrong",
                clause="Pasal 22(4)b",
            )
        since = datetime.combine(self.first, time.min, tzinfo=JAKARTA)
        until = datetime.combine(self.last + timedelta(days=1), time.min, tzinfo=JAKARTA)
        return Period(agency=self.agency, since=since, until=until)


class Reconciling:
    """Runs reconciliations. Safe to share between threads."""

    def __init__(
        self,
        *,
        reader: Reader,
        vault: Vault,
        unit_of_work: UnitOfWork,
        leaves: Leaves,
        clock: Callable[[], datetime],
        new_id: Callable[[], str],
    ) -> None:
        self._reader = reader
        self._vault = vault
        self._unit_of_work = unit_of_work
        self._leaves = leaves
        self._clock = clock
        self._new_id = new_id

    def run(self, wanted: Wanted, chunks: Iterable[bytes], told: Callable[[int], None] = silent) -> ReconciliationRow:
        """Compare a list (its exact bytes, in chunks) and keep the result; `told` hears how far it is.

        Raises Refused `agency-unknown`; Malformed `period-wrong`, `list-unreadable`, `list-too-long`; LedgerBroken and
        Tampered where the record itself is damaged.
        """
        digest = hashlib.sha256()
        with SortedList() as listed:
            listed.take(read_list(_digested(chunks, digest.update)))
            return self._run(wanted, listed, digest.hexdigest(), told)

    def run_lines(
        self, wanted: Wanted, lines: Iterable[Line], list_sha256: str, name: str | None = None
    ) -> ReconciliationRow:
        """The same for lines that came in a message, whose digest (hex) is that of the list; `name` is a free id."""
        with SortedList() as listed:
            listed.take(lines)
            return self._run(wanted, listed, list_sha256, silent, name)

    def _run(
        self, wanted: Wanted, listed: SortedList, list_sha256: str, told: Callable[[int], None], name: str | None = None
    ) -> ReconciliationRow:
        period = wanted.period()
        if self._reader.agency(wanted.agency) is None:
            raise Refused(f"no agency {wanted.agency[:40]!r} is registered", code="agency-unknown")
        self._forget()  # 1
        name, at = name or self._new_id(), self._clock()
        checkpoint = self._reader.last_checkpoint()
        row: dict[str, Any] = {
            "id": name,
            "agency": wanted.agency,
            "since": period.since,
            "until": period.until,
            "source": wanted.source,
            "actor": wanted.actor,
            "state": "running",
            "made_at": at,
            "list_sha256": list_sha256,
            "tree_size": checkpoint.size if checkpoint else 0,
            "kept_until": at + KEPT,
        }
        self._commit(Plan.of(Insert(ReconciliationRow, ReconciliationRow(**row).model_dump())))  # 2
        Comparing(self._reader, Record(self._reader, self._vault), listed, period, told).run()  # 3
        counts: Counter[str] = Counter()
        result, size = hashlib.sha256(), 0
        for number, piece in _pieces(listed, counts):  # 4
            result.update(piece)
            size += len(piece)
            row_of_piece = {"reconciliation": name, "number": number, "body": piece}
            kept = sealed(self._vault, ReconciliationPieceRow, row_of_piece, row_of_piece, at=at)
            self._commit(kept.plan + Plan.of(Insert(ReconciliationPieceRow, kept.values)))
        self._end(row, counts, result.hexdigest(), size)  # 5
        found = self._reader.reconciliation(name)
        assert found is not None  # noqa: S101 - it was committed
        return found

    def _end(self, row: dict[str, Any], counts: Counter[str], sha256: str, size: int) -> None:
        differences = sum(counts[state] for state in DIFFERENCES)
        ended = {
            "state": "done",
            "ended_at": self._clock(),
            "counts": json.dumps({state.value: counts[state] for state in State}),
            "differences": differences,
            "unsettled": differences,
            "result_size": size,
            "result_sha256": sha256,
        }
        since, until = row["since"], row["until"]
        assert isinstance(since, datetime) and isinstance(until, datetime)  # noqa: PT018, S101 - `_run` made them
        leaf = self._leaves.make(
            LeafKind.RECONCILIATION,
            at=self._clock(),
            actor=str(row["actor"]),
            extra={
                "deed": "compared",
                "reconciliation": str(row["id"]),
                "agency": str(row["agency"]),
                "since": since.isoformat(),
                "until": until.isoformat(),
                "list": str(row["list_sha256"]),
                "result": sha256,
                **{state.value: counts[state] for state in State},
            },
        )
        self._commit(Plan.of(Update(ReconciliationRow, {"id": row["id"]}, {"state": "running"}, ended), leaf.row))

    def _forget(self) -> None:
        for each in self._reader.reconciliations_to_forget(self._clock()):
            self._commit(Plan.of(Delete(ReconciliationPieceRow, {"reconciliation": each})))

    def _commit(self, plan: Plan) -> None:
        commit(self._unit_of_work, plan)


def _digested(chunks: Iterable[bytes], update: Callable[[bytes], None]) -> Iterator[bytes]:
    for each in chunks:
        update(each)
        yield each


def _pieces(listed: SortedList, counts: Counter[str]) -> Iterator[tuple[int, bytes]]:
    """The result as JSON Lines, in pieces with the number of their first line."""
    held, size, first = [], 0, 1
    for line in told_lines(listed):
        counts[line["state"]] += 1
        text = _writer.write(line).encode() + b"\n"
        held.append(text)
        size += len(text)
        if size >= PIECE_BYTES:
            yield first, b"".join(held)
            held, size, first = [], 0, line["number"] + 1
    if held:
        yield first, b"".join(held)
