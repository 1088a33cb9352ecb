"""What an agency's file should have named: facts of the days that it is about, held against what files did name.

An adapter declares it as data (`gateway.contract.adapter.Expected`). A record that is accepted names a case when the
adapter says that it does (`Expected.names`). At the end of a file that was read whole, each case with such a fact in
the file's period that no file of the interaction has named gets a person's attention, once. So does one with a fact of
earlier days that was entered since the file before this one, which could not name it. A record of a later file that
names it after all is the adapter's to read: it may settle that attention (`AttentionSettled.only`).

What is known of each case is a row; so this may begin anew wherever a process died.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import structlog

from gateway.casework.desk import Casework
from gateway.casework.occasion import Occasion
from gateway.casework.steps import CaseSteps
from gateway.contract.adapter import Batch, Expected
from gateway.contract.message import Payload
from gateway.domain.calendar import end_of_day, local_date
from gateway.domain.errors import HubBusy, SchemaViolation, Violation
from gateway.domain.events import AttentionRaised
from gateway.domain.facts import decode_event
from gateway.exchange.batch.documents import BatchState
from gateway.exchange.batch.hands import Hand
from gateway.exchange.batch.moves import Moves
from gateway.exchange.directory import Directory, Terms
from gateway.exchange.mapping import Mapping
from gateway.store.plan import Change, Claim, Conflict, Plan, Update
from gateway.store.reading import Reader
from gateway.store.tables import BatchNamedRow, BatchRow, CaseEventRow

_log = structlog.get_logger("simojo.batches")

ENTERED_WITHIN = timedelta(days=7)
"""A fact of days before the file's is found when it is entered so long after it happened, and no later."""

LONGEST = timedelta(days=92)
PAGE = 50
PREPARATIONS = 32


@dataclass(frozen=True)
class Period:
    """The days that a file is about, both included."""

    first: date
    last: date

    @classmethod
    def of(cls, manifest: Payload, announced_at: datetime) -> Period | None:
        """That of the manifest; None where it has none, or one that is a mistake: a file is about a quarter at most.

        A year that was mistyped would call a person to every payment that there was.
        """
        said = manifest.get("period")
        if not isinstance(said, dict):
            return None
        found = cls(date.fromisoformat(str(said["from"])), date.fromisoformat(str(said["until"])))
        is_sane = timedelta(0) <= found.last - found.first <= LONGEST and found.last <= local_date(announced_at)
        return found if is_sane else None


def check_period(terms: Terms, manifest: Payload, at: datetime) -> None:
    """Raise SchemaViolation `batch-period` for a file that should name facts and says no days for which it does.

    Nothing would be compared otherwise, and nobody would know.
    """
    expects = terms.interaction.expects if isinstance(terms.interaction, Batch) else None
    if expects is None or Period.of(manifest, at) is not None:
        return
    text = (
        "say for which days this file is complete: `period` with `from` and `until`, YYYY-MM-DD, `until` not before "
        f"`from`, at most {LONGEST.days} days after it, and not after today ({local_date(at)})"
    )
    raise SchemaViolation(
        f"{terms.name} is compared both ways: {text}",
        code="batch-period",
        clause=f"{terms.reference} (Pasal 21(2)c.3, 22(4)b)",
        violations=(Violation(path="/period", rule="period", text=text),),
    )


def naming_of(case_id: str) -> Hashable:
    """What a record that names the case touches."""
    return ("named", case_id)


def naming(reader: Reader, batch: BatchRow, cases: Iterable[str]) -> Plan:
    """The plan by which a record of the batch has named these cases."""
    return Plan(tuple(each for case_id in dict.fromkeys(cases) for each in _naming(reader, batch, case_id)))


def _naming(reader: Reader, batch: BatchRow, case_id: str) -> tuple[Change, ...]:
    known = reader.named(batch.agency, batch.interaction, case_id)
    if known is None:
        return (_claim(batch, case_id, is_named=True),)
    if known.is_named:
        return ()
    key = {"agency": batch.agency, "interaction": batch.interaction, "case_id": case_id}
    return (Update(BatchNamedRow, key, {"is_named": False}, {"is_named": True, "batch": batch.id}),)


def _claim(batch: BatchRow, case_id: str, *, is_named: bool) -> Claim:
    values = {
        "agency": batch.agency,
        "interaction": batch.interaction,
        "case_id": case_id,
        "batch": batch.id,
        "is_named": is_named,
    }
    return Claim(BatchNamedRow, ("agency", "interaction", "case_id"), values)


class Comparing:
    """Finds what files should have named. For one thread at a time."""

    def __init__(self, directory: Directory, casework: Casework, moves: Moves, clock: Callable[[], datetime]) -> None:
        self._directory = directory
        self._casework = casework
        self._reader = casework.reader
        self._moves = moves
        self._clock = clock

    def look_on(self, hand: Hand) -> None:
        """Look at the next facts of the file's days; sets `hand.is_compared` behind the last.

        Raises Lost, HubBusy, Unauthorised, MappingFault.
        """
        row = hand.row
        period = Period.of(json.loads(row.manifest), row.made_at)
        is_whole = row.ends_as == BatchState.COMPLETED and row.read == row.records
        if period is None or not is_whole or not self._expects(row):
            hand.is_compared = True
            _log.info("batch-not-compared", batch=row.id, whole=is_whole, has_days=period is not None)
            return
        terms = self._terms(row)
        expects = terms.interaction.expects if isinstance(terms.interaction, Batch) else None
        before = self._reader.file_before(row)
        since = None if before is None else before.made_at
        found = [] if expects is None else self._facts(expects, period, since, hand)
        for fact in found:
            if expects is not None and self._is_of(expects, period, since, row, fact):
                self._miss(hand, terms, expects, fact.case_id)
            hand.compared = (fact.occurred_at, fact.case_id, fact.seq)
        hand.is_compared = len(found) < PAGE

    def _expects(self, row: BatchRow) -> bool:
        declared = self._directory.declared_of(row.agency, row.interaction, row.agreement, row.agreement_version)
        return isinstance(declared, Batch) and declared.expects is not None

    def _terms(self, row: BatchRow) -> Terms:
        entry = self._directory.current(row.agency)
        return self._directory.terms_of(row.agency, row.interaction, row.agreement, row.agreement_version, entry=entry)

    def _facts(self, expects: Expected[Any], period: Period, since: datetime | None, hand: Hand) -> list[CaseEventRow]:
        first = end_of_day(period.first - timedelta(days=1))
        begin = first if since is None else min(first, since - ENTERED_WITHIN)
        end = end_of_day(local_date(self._clock()))
        return self._reader.facts_found_by_time(expects.fact.__name__, begin, end, hand.compared, PAGE)

    def _is_of(
        self, expects: Expected[Any], period: Period, since: datetime | None, row: BatchRow, fact: CaseEventRow
    ) -> bool:
        """Whether the file should name it: of its days, or of earlier ones and entered since the file before."""
        if expects.own and fact.actor != f"agency/{row.agency}":
            return False
        event = decode_event(fact.kind, json.loads(fact.body))
        with Mapping(f"{row.agency}/{row.interaction}"):
            day = local_date(expects.at(event))
        is_late = since is not None and fact.entered_at >= since
        return day <= period.last and (day >= period.first or is_late)

    def _miss(self, hand: Hand, terms: Terms, expects: Expected[Any], case_id: str) -> None:
        """Call a person to the case, unless a file named it, or one missed it before."""
        row = hand.row
        for _ in range(PREPARATIONS):
            found = self._casework.standing(case_id)
            known = self._reader.named(row.agency, row.interaction, case_id)
            if known is not None or found is None or not terms.agreed.covers(found.case.service):
                return
            with Mapping(terms.name):
                text = expects.missed(found.case)
            if not text:
                return
            now = self._clock()
            occasion = Occasion(actor=f"agency/{row.agency}", occurred_at=now, entered_at=now, exchange=row.id)
            steps = CaseSteps(self._casework, occasion)
            steps.apply(case_id, AttentionRaised(source=f"{row.agency}/{row.interaction}", text=text))
            missed = self._moves.guarded(hand) + Plan.of(_claim(row, case_id, is_named=False)) + steps.plan()
            if not isinstance(self._moves.try_out(missed), Conflict):
                return
            self._moves.reread(hand)
        raise HubBusy("other changes came first again and again", after_s=1)
