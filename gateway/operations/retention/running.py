"""One run: everything that is over its time, in portions of PORTION exchanges that may end anywhere.

1. begin    the day's row, unless it is there: then the run goes on
2. look     the next exchanges that are old enough and have their bodies, and a verdict on each
3. tell     an `erased` leaf for each agreement of which something goes, which says exactly what goes
4. blank    with it in one commit: parts and deliveries, the exchanges marked, a row for each file; guarded by the holds
            and by each exchange
5. files    bytes of these files, ROWS at a time, for there may be thousands of pieces; and of those of an earlier run
6. unsent   deliveries that were given up before anything was said, in the same way: their leaf covers none
7. days     the key of each day that holds nothing any more is destroyed, with its leaf: a commit each
8. end      the day's row

Whatever ends it between any two commits, the next run looks from the oldest exchange that still has its bodies: what
goes is told in the ledger and marked with it, and the rest of a file half removed is found by its row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import partial

from gateway.casework.leaves import Leaves
from gateway.domain.calendar import local_date
from gateway.ledger.covered import Covered
from gateway.operations.erased import Cause, covered_of_day, covered_of_exchanges, erased_leaf
from gateway.operations.retention.holds import HOLDS, unmoved
from gateway.operations.retention.judging import Verdict, judge
from gateway.operations.retention.terms import Terms
from gateway.store.conflicts import commit, prepared_again
from gateway.store.plan import Change, Claim, Delete, Plan, Update
from gateway.store.reading import Reader
from gateway.store.sealing import BLANK, BLANK_TEXT
from gateway.store.tables import (
    AttemptRow,
    BatchHeldRow,
    BatchLeftOutRow,
    BatchPieceRow,
    DataKeyRow,
    DeliveryRow,
    ErasedFileRow,
    ExchangeRow,
    PartRow,
    RetentionRunRow,
)
from gateway.store.unit_of_work import UnitOfWork
from gateway.store.vault import scope_of

PORTION = 50
"""Exchanges of one commit: each has some five parts, so that it is a few hundred rows."""

ROWS = 100
"""Pieces of files that one commit removes."""


@dataclass
class Tally:
    """What a run did and found: verdicts on exchanges that are old enough for some agreement, and keys of days.

    `unsent`: deliveries that were given up before anything was said, whose bodies went.
    """

    exchanges: Counter[Verdict] = field(default_factory=Counter)
    unsent: int = 0
    days: int = 0

    @property
    def kept(self) -> int:
        """Exchanges over their time that were kept."""
        return sum(self.exchanges[each] for each in (Verdict.HELD, Verdict.DISPUTED, Verdict.UNDER_WAY))


@dataclass(frozen=True, kw_only=True)
class Retention:
    """Ends the keeping of what is over its time."""

    reader: Reader
    unit_of_work: UnitOfWork
    leaves: Leaves

    def would(self, at: datetime) -> Tally:
        """What a run would do, without keys of days. Changes nothing."""
        tally = Tally()
        terms = Terms.read(self.reader, at)
        for rows in self._pages(terms):
            tally.exchanges.update(judge(self.reader, terms, rows))
        return tally

    def portions(self, at: datetime) -> Iterator[Tally]:
        """Do a run, a portion for each turn, and tell how far it is. Raises HubBusy when the store cannot write."""
        day = local_date(at).isoformat()
        self._begin(day, at)  # 1
        for batch in self.reader.files_half_removed():
            self._remove_file(batch)  # 5
        terms, tally = Terms.read(self.reader, at), Tally()
        for rows in self._pages(terms):  # 2
            told = prepared_again(partial(self._portion, terms, [row.id for row in rows], at))
            tally.exchanges.update(told)
            if told[Verdict.GOES]:
                self._count(day, removed=told[Verdict.GOES])
            yield tally
        for ids in self._unsent(terms):  # 6
            tally.unsent += prepared_again(partial(self._portion_unsent, terms, ids, at))
            yield tally
        for scope in self._days(terms):
            if prepared_again(partial(self._end_day, terms, scope, at)):  # 7
                tally.days += 1
                self._count(day, days=1)
            yield tally
        self._end(day, tally, at)  # 8
        yield tally

    # --- exchanges ------------------------------------------------------------------------------------------------

    def _pages(self, terms: Terms) -> Iterator[list[ExchangeRow]]:
        if (latest := terms.latest) is None:
            return
        behind: tuple[datetime, str] | None = None
        while rows := self.reader.kept_exchanges(latest, behind, PORTION):
            behind = rows[-1].at, rows[-1].id
            yield rows

    def _portion(self, terms: Terms, ids: Sequence[str], at: datetime) -> Counter[Verdict]:
        """Judge these exchanges and end what goes; again from here when something was in the way."""
        counted = self.reader.counter(HOLDS)
        rows = [row for row in self.reader.exchanges_by_id(ids).values() if row.bodies_gone_at is None]
        verdicts = judge(self.reader, terms, rows)
        going = [row for row, verdict in zip(rows, verdicts, strict=True) if verdict is Verdict.GOES]
        if going:
            files = list(self.reader.states_of_files([row.id for row in going]))
            plan = Plan((unmoved(counted),)) + self._told(terms, going, at)  # 3
            plan += Plan(tuple(self._file(batch) for batch in files if self.reader.erased_file(batch) is None))
            commit(self.unit_of_work, plan)  # 4
            for batch in files:
                self._remove_file(batch)  # 5
        return Counter(verdicts)

    def _told(self, terms: Terms, going: Sequence[ExchangeRow], at: datetime) -> Plan:
        """What goes, with the leaves that say so. What went with the key of its case or day is told of already."""
        keys = self.reader.wrapped({scope_of(row.case_id, row.at) for row in going})
        by_agreement: dict[str, list[ExchangeRow]] = {}
        plan = Plan()
        for row in going:
            if keys.get(scope_of(row.case_id, row.at)) == b"":
                plan += Plan(tuple(self._blanked(row, at, None)))
            else:
                by_agreement.setdefault((row.agreement or "").partition("/")[0], []).append(row)
        for agreement, rows in sorted(by_agreement.items()):
            covered = covered_of_exchanges(self.reader, [row.id for row in rows])
            scope, until = f"agreement/{agreement}", terms.bound(agreement)
            leaf, told = erased_leaf(self.leaves, Cause.RETENTION, scope, at, covered=covered, until=until)
            plan += told + Plan(tuple(change for row in rows for change in self._blanked(row, at, leaf)))
        return plan

    def _file(self, batch: str) -> Change:
        return Claim(ErasedFileRow, ("batch",), {"batch": batch, "case_id": ""})

    def _remove_file(self, batch: str) -> None:
        while pieces := self.reader.piece_keys(batch, ROWS):
            keys = ({"batch": batch, "side": side, "position": position} for side, position in pieces)
            commit(self.unit_of_work, Plan(tuple(Delete(BatchPieceRow, key) for key in keys)))

    def _blanked(self, row: ExchangeRow, at: datetime, leaf: str | None) -> Iterator[Change]:
        gone = {"bodies_gone_at": at, "gone_by": leaf}
        yield Update(ExchangeRow, {"id": row.id}, {"bodies_gone_at": None}, gone)
        for name in self.reader.names_of_parts(row.id):
            yield Update(PartRow, {"exchange": row.id, "name": name}, {}, {"body": BLANK})
        if self.reader.states_of_deliveries([row.id]):
            yield from self._blanked_delivery(row.id)
        if self.reader.states_of_files([row.id]):
            yield Delete(BatchHeldRow, {"batch": row.id})
            yield Delete(BatchLeftOutRow, {"batch": row.id})

    def _blanked_delivery(self, delivery: str) -> Iterator[Change]:
        blank = {"ask_body": BLANK_TEXT, "payload": None, "cause": None}
        yield Update(DeliveryRow, {"id": delivery}, {}, blank)
        for attempt in self.reader.attempts(delivery):
            yield Update(AttemptRow, {"delivery": delivery, "number": attempt.number}, {}, {"detail": None})

    # --- deliveries that nobody heard -----------------------------------------------------------------------------

    def _unsent(self, terms: Terms) -> Iterator[str]:
        """Where each portion begins: behind which delivery."""
        if (latest := terms.latest) is None:
            return
        behind = ""
        while rows := self.reader.unsent(latest, behind, PORTION):
            yield behind
            behind = rows[-1].id

    def _portion_unsent(self, terms: Terms, behind: str, at: datetime) -> int:
        if (latest := terms.latest) is None:
            return 0
        counted = self.reader.counter(HOLDS)
        rows = self.reader.unsent(latest, behind, PORTION)
        verdicts = judge(self.reader, terms, rows)
        going = [row for row, verdict in zip(rows, verdicts, strict=True) if verdict is Verdict.GOES]
        if going:
            plan = Plan((unmoved(counted), *(change for row in going for change in self._blanked_delivery(row.id))))
            for agreement in sorted({(row.agreement or "").partition("/")[0] for row in going}):
                scope, until = f"agreement/{agreement}", terms.bound(agreement)
                told = erased_leaf(self.leaves, Cause.RETENTION, scope, at, covered=Covered(), until=until)
                plan += told.plan
            commit(self.unit_of_work, plan)
        return len(going)

    # --- days -----------------------------------------------------------------------------------------------------

    def _days(self, terms: Terms) -> Iterator[str]:
        """The keys of days of which every exchange may be over its time."""
        if (latest := terms.latest) is None:
            return
        before, behind = f"day/{latest.astimezone(UTC).date()}", ""
        while rows := self.reader.kept_days(before, behind, PORTION):
            for row in rows:
                if not self._is_held(terms, row.scope):
                    yield row.scope
            behind = rows[-1].scope

    def _is_held(self, terms: Terms, scope: str) -> bool:
        begins = _begin_of(scope)
        ends = begins + timedelta(days=1)
        if any(each.since < ends and begins < each.until for each in self.reader.open_reconciliations()):
            return True
        oldest = terms.oldest
        return self.reader.holds_of_day(begins, ends, unagreed=oldest is None or ends > oldest)

    def _end_day(self, terms: Terms, scope: str, at: datetime) -> bool:
        counted = self.reader.counter(HOLDS)
        stored = self.reader.data_key(scope)
        if stored is None or stored.is_destroyed or self._is_held(terms, scope):
            return False
        gone = Update(DataKeyRow, {"scope": scope}, {"wrapped": stored.wrapped}, {"wrapped": b""})
        covered = covered_of_day(self.reader, _begin_of(scope))
        told = erased_leaf(self.leaves, Cause.RETENTION, scope, at, covered=covered)
        commit(self.unit_of_work, Plan.of(unmoved(counted), gone) + told.plan)
        return True

    # --- the day's row --------------------------------------------------------------------------------------------

    def _begin(self, day: str, at: datetime) -> None:
        def prepare() -> None:
            if self.reader.retention_run(day) is None:
                row = {"day": day, "began_at": at, "removed": 0, "days": 0, "kept": 0}
                commit(self.unit_of_work, Plan.of(Claim(RetentionRunRow, ("day",), row)))

        prepared_again(prepare)

    def _count(self, day: str, *, removed: int = 0, days: int = 0) -> None:
        """Add to what the day's runs did. A run that is killed before has done it, and counts less than it did."""

        def prepare() -> None:
            row = self.reader.retention_run(day)
            if row is not None:
                before = {"removed": row.removed, "days": row.days}
                values = {"removed": row.removed + removed, "days": row.days + days}
                commit(self.unit_of_work, Plan.of(Update(RetentionRunRow, {"day": day}, before, values)))

        prepared_again(prepare)

    def _end(self, day: str, tally: Tally, at: datetime) -> None:
        done = {"ended_at": at, "kept": tally.kept}
        commit(self.unit_of_work, Plan.of(Update(RetentionRunRow, {"day": day}, {}, done)))


def _begin_of(scope: str) -> datetime:
    return datetime.combine(date.fromisoformat(scope.removeprefix("day/")), time(), UTC)
