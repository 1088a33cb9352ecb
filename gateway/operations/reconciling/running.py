"""A reconciliation from its list to its stored result.

1. the list is read and sorted
2. what was broken off is told so, and what is over its time forgotten (`watching`)
3. the run is noted; from then on it gives signs (`pulse`), so that one that died can be told from one that goes on
4. the list is compared with the record: messages of a period, or the records of one file
5. the result is written in pieces
6. the run ends in one commit, with a leaf that names the digests of list and result and the counts
7. a run that is refused on its way ends at once: of a list that cannot be read nothing stays, any other is broken off
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
from gateway.domain.calendar import JAKARTA, local_date
from gateway.domain.errors import GatewayError, Malformed, Refused
from gateway.ledger.leaf import LeafKind
from gateway.operations.reconciling.comparing import DIFFERENCES, Comparing, Period, State, told_lines
from gateway.operations.reconciling.listing import Line, read_list
from gateway.operations.reconciling.of_batch import BatchComparing, comparable
from gateway.operations.reconciling.pulse import Pulse, Step, Told, read_aloud, silent
from gateway.operations.reconciling.record import Record
from gateway.operations.reconciling.sorted_list import SortedList
from gateway.operations.reconciling.watching import ReconciliationWatch
from gateway.primitives.json_writer import JsonWriter
from gateway.store.conflicts import commit
from gateway.store.plan import Insert, Plan
from gateway.store.reading import Reader
from gateway.store.sealed_rows import sealed
from gateway.store.tables import BatchRow, ReconciliationPieceRow, ReconciliationRow
from gateway.store.unit_of_work import UnitOfWork
from gateway.store.vault import Vault

KEPT = timedelta(days=90)
"""How long a result can be downloaded; that it was made, and what it counted, stays."""
MAX_DAYS = 366
PIECE_BYTES = 256 * 1024
_writer = JsonWriter()


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is to be compared: an agency's messages of whole days of Jakarta, both included; or the records of a batch.

    `source` is who brought the list: `agency` or `staff`; `actor` who it was. With `batch`, the exchange that announced
    a file, the days are not given.
    """

    agency: str
    first: date | None = None
    last: date | None = None
    source: str
    actor: str
    batch: str | None = None

    def period(self) -> Period:
        """The days as instants. Raises Malformed `period-wrong`."""
        first, last = self.first, self.last
        if first is None or last is None:
            raise Malformed(
                "name the first and the last day of the period, or the batch",
                code="period-wrong",
                clause="Pasal 22(4)b",
            )
        return self._between(first, last)

    def _between(self, first: date, last: date) -> Period:
        days = (last - first).days
        if not 0 <= days < MAX_DAYS or first.year < 2000 or last.year > 9000:
            raise Malformed(
                f"the period runs from {first} to {last}: its last day is not before its first, and it has "
                f"at most {MAX_DAYS} days",
                code="period-wrong",
                clause="Pasal 22(4)b",
            )
        since = datetime.combine(first, time.min, tzinfo=JAKARTA)
        until = datetime.combine(last + timedelta(days=1), time.min, tzinfo=JAKARTA)
        return Period(agency=self.agency, since=since, until=until)

    def period_of(self, batch: BatchRow) -> Period:
        """The day on which a file was announced. Raises Malformed `period-wrong` where other days are named."""
        if self.first is not None or self.last is not None:
            raise Malformed(
                "name the days of a period or a batch, not both", code="period-wrong", clause="Pasal 22(4)b"
            )
        day = local_date(batch.made_at)
        return self._between(day, day)


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

    def run(self, wanted: Wanted, chunks: Iterable[bytes], told: Told = silent, size: int = 0) -> ReconciliationRow:
        """Compare a list (its exact bytes, in chunks) and keep the result; `told` hears how far it is.

        Raises Refused `agency-unknown`, `batch-unknown`, `batch-not-ended`, `reconciliation-broken-off`; Malformed
        `period-wrong`, `list-unreadable`, `list-too-long`; LedgerBroken and Tampered where the record is damaged.
        """
        digest = hashlib.sha256()
        heard = read_aloud(_digested(chunks, digest.update), size, told)
        with SortedList() as listed:
            listed.take(read_list(heard, of_records=wanted.batch is not None))  # 1
            return self._run(wanted, listed, digest.hexdigest(), told)

    def run_lines(
        self, wanted: Wanted, lines: Iterable[Line], list_sha256: str, name: str | None = None
    ) -> ReconciliationRow:
        """The same for lines that came in a message, whose digest (hex) is that of the list; `name` is a free id."""
        with SortedList() as listed:
            listed.take(lines)
            return self._run(wanted, listed, list_sha256, silent, name)

    def _run(
        self, wanted: Wanted, listed: SortedList, list_sha256: str, told: Told, name: str | None = None
    ) -> ReconciliationRow:
        if self._reader.agency(wanted.agency) is None:
            raise Refused(f"no agency {wanted.agency[:40]!r} is registered", code="agency-unknown")
        batch = None if wanted.batch is None else comparable(self._reader, wanted.agency, wanted.batch)
        period = wanted.period() if batch is None else wanted.period_of(batch)
        ReconciliationWatch(self._reader, self._unit_of_work, self._clock).run_once()  # 2
        name, at = name or self._new_id(), self._clock()
        checkpoint = self._reader.last_checkpoint()
        row: dict[str, Any] = {
            "id": name,
            "agency": wanted.agency,
            "since": period.since,
            "until": period.until,
            "batch": wanted.batch,
            "source": wanted.source,
            "actor": wanted.actor,
            "state": "running",
            "made_at": at,
            "alive_at": at,
            "list_sha256": list_sha256,
            "tree_size": checkpoint.size if checkpoint else 0,
            "kept_until": at + KEPT,
        }
        commit(self._unit_of_work, Plan.of(Insert(ReconciliationRow, ReconciliationRow(**row).model_dump())))  # 3
        pulse = Pulse(self._unit_of_work, name, self._clock, told, at)
        try:
            self._compare(listed, period, batch, pulse)  # 4
            self._write(row, listed, pulse)
        except GatewayError as error:
            pulse.ends(error)  # 7
            raise
        found = self._reader.reconciliation(name)
        assert found is not None  # noqa: S101 - it was committed
        return found

    def _write(self, row: dict[str, Any], listed: SortedList, pulse: Pulse) -> None:
        counts: Counter[str] = Counter()
        result, size = hashlib.sha256(), 0
        more = pulse.counting(Step.WRITING, listed.count())
        for first, last, piece in _pieces(listed, counts):  # 5
            result.update(piece)
            size += len(piece)
            row_of_piece = {"reconciliation": row["id"], "number": first, "body": piece}
            kept = sealed(self._vault, ReconciliationPieceRow, row_of_piece, row_of_piece, at=row["made_at"])
            pulse.keep(*kept.plan.changes, Insert(ReconciliationPieceRow, kept.values))
            more(last - first + 1)
        self._end(row, counts, result.hexdigest(), size, pulse)  # 6

    def _compare(self, listed: SortedList, period: Period, batch: BatchRow | None, pulse: Pulse) -> None:
        record = Record(self._reader, self._vault)
        if batch is not None:
            told = pulse.counting(Step.COMPARING, batch.records)
            BatchComparing(self._reader, record, listed, batch, told).run()
            return
        many = self._reader.count_exchanges(period.agency, period.since, period.until) + listed.count()
        Comparing(self._reader, record, listed, period, pulse.counting(Step.COMPARING, many)).run()

    def _end(self, row: dict[str, Any], counts: Counter[str], sha256: str, size: int, pulse: Pulse) -> None:
        differences = sum(counts[state] for state in DIFFERENCES)
        ended: dict[str, object] = {
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
                **({"batch": str(row["batch"])} if row["batch"] else {}),
                "list": str(row["list_sha256"]),
                "result": sha256,
                **{state.value: counts[state] for state in State},
            },
        )
        pulse.keep(leaf.row, ends=ended)


def _digested(chunks: Iterable[bytes], update: Callable[[bytes], None]) -> Iterator[bytes]:
    for each in chunks:
        update(each)
        yield each


def _pieces(listed: SortedList, counts: Counter[str]) -> Iterator[tuple[int, int, bytes]]:
    """The result as JSON Lines, in pieces with the numbers of their first and last line."""
    held, size, first, last = [], 0, 1, 0
    for line in told_lines(listed):
        counts[line["state"]] += 1
        text = _writer.write(line).encode() + b"\n"
        held.append(text)
        size += len(text)
        last = line["number"]
        if size >= PIECE_BYTES:
            yield first, last, b"".join(held)
            held, size, first = [], 0, last + 1
    if held:
        yield first, last, b"".join(held)
