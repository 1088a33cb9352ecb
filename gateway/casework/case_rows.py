"""A case as an occasion leaves it, written as changes to the store.

For each case, in this order:

    1. the case row, guarded by the version that was read (Claim for a new case)
    2. a row for each fact, with its leaf
    3. the case's new references, as keyed hashes
    4. the deliveries that were made for its Asks
    5. its deadlines, anew
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from gateway.casework.desk import Casework
from gateway.casework.history import case_body, event_body, fact_record
from gateway.casework.names import fact_part, person_of
from gateway.casework.occasion import Occasion
from gateway.domain.case import PermitCase
from gateway.domain.deadlines import ONCE, Deadline, DeadlineKind
from gateway.domain.events import AttentionRaised, CaseEvent, Reference
from gateway.domain.lifecycle import deadlines
from gateway.ledger.leaf import LeafKind
from gateway.store.plan import Change, Claim, Delete, Insert, Plan, Update
from gateway.store.sealed_rows import sealed_with
from gateway.store.sealing import BODY, CASES, FACTS, BodySeal
from gateway.store.tables import CaseEventRow, CaseReferenceRow, CaseRow, DeadlineRow, DeliveryRow, OpeningRow


@dataclass
class OpenCase:
    """A case under work: as it was read (None: it is being opened), as it is now, and what happened to it."""

    read: PermitCase | None
    case: PermitCase
    order_read: int
    order: int
    known: frozenset[Reference]
    facts: list[CaseEvent] = field(default_factory=list)
    deliveries: list[dict[str, object]] = field(default_factory=list)
    opening: str | None = None


@dataclass(frozen=True)
class CaseRows:
    """Writes what one occasion did to cases."""

    casework: Casework
    occasion: Occasion

    def plan(self, work: OpenCase) -> Plan:
        """All that is kept of a case under work."""
        key = self.casework.vault.case_key(work.case.id, person_of(work.case.applicant) if work.read is None else None)
        seal = BodySeal(f"case/{work.case.id}", key.key, work.case.id)
        changes = (
            self._case_change(work, seal),
            *self._opening_change(work),
            *self._fact_changes(work, key.key, seal),
            *self._reference_changes(work),
            *(self._delivery(work, each, key.key) for each in work.deliveries),
            *(self._deadline_changes(work) if work.facts else ()),
        )
        return key.plan + Plan(changes)

    def _case_change(self, work: OpenCase, seal: BodySeal) -> Change:
        case = work.case
        values = {
            "version": case.version,
            "stage": case.stage.value,
            "ended": case.ended,
            "changed_at": self.occasion.entered_at,
            "next_order": work.order,
            "body": seal.text(CASES, BODY, case_body(case)),
        }
        if work.read is not None:
            expected = {"version": work.read.version, "next_order": work.order_read}
            return Update(CaseRow, {"id": case.id}, expected, values)
        first = {
            "id": case.id,
            "service": case.service,
            "origin": case.origin.value,
            "opened_at": self.occasion.occurred_at,
        }
        return Claim(CaseRow, ("id",), first | values)

    def _opening_change(self, work: OpenCase) -> Iterator[Change]:
        if work.opening is not None:
            yield Claim(OpeningRow, ("digest",), {"digest": work.opening, "case_id": work.case.id})

    def _fact_changes(self, work: OpenCase, key: bytes, seal: BodySeal) -> Iterator[Change]:
        first = work.case.version - len(work.facts) + 1
        for seq, event in enumerate(work.facts, first):
            kind, body = event_body(event)
            occasion = self.occasion
            yield Insert(
                CaseEventRow,
                {
                    "case_id": work.case.id,
                    "seq": seq,
                    "kind": kind,
                    "body": seal.text(FACTS, str(seq), body),
                    "occurred_at": occasion.occurred_at,
                    "entered_at": occasion.entered_at,
                    "actor": occasion.actor,
                    "exchange": occasion.exchange,
                },
            )
            record = fact_record(
                kind=kind,
                body=body,
                occurred_at=occasion.occurred_at,
                entered_at=occasion.entered_at,
                actor=occasion.actor,
                exchange=occasion.exchange,
            )
            of_file = {} if self.occasion.record is None else {"record": self.occasion.record}
            made = self.casework.leaves.make(
                LeafKind.CASE_STEP,
                at=self.occasion.entered_at,
                actor=self.occasion.actor,
                exchange=work.case.id,
                case_id=work.case.id,
                key=key,
                parts={fact_part(seq): record},
                extra={"fact": kind, "seq": seq, "caused-by": self.occasion.exchange or "", **of_file},
            )
            yield made.row

    def _delivery(self, work: OpenCase, values: Mapping[str, object], key: bytes) -> Insert:
        return Insert(DeliveryRow, sealed_with(f"case/{work.case.id}", key, DeliveryRow, values, values))

    def _reference_changes(self, work: OpenCase) -> Iterator[Change]:
        for reference in dict.fromkeys(work.case.references):
            if reference not in work.known:
                digest = self.casework.references.digest(reference)
                values = {"digest": digest, "case_id": work.case.id, "kind": reference.kind}
                yield Insert(CaseReferenceRow, values)

    def _deadline_changes(self, work: OpenCase) -> Iterator[Change]:
        yield Delete(DeadlineRow, {"case_id": work.case.id})
        seen: set[DeadlineKind] = set()
        for deadline in deadlines(work.case, self.casework.calendar):
            if deadline.kind in seen:  # the earliest of a kind
                continue
            if deadline.kind in ONCE and deadline.due_at <= self.occasion.entered_at and self._told(work, deadline):
                continue
            seen.add(deadline.kind)
            values = {"case_id": work.case.id, "kind": deadline.kind.value, "due_at": deadline.due_at}
            yield Insert(DeadlineRow, values)

    def _told(self, work: OpenCase, deadline: Deadline) -> bool:
        """Whether a lateness is told by one of these facts, or was before: then its row is gone.

        Else it stays, though it is past: the process was down when it came, and the timer has not looked yet.
        """
        if any(isinstance(fact, AttentionRaised) and fact.source == deadline.kind.value for fact in work.facts):
            return True
        rows = self.casework.reader.deadlines(work.case.id)
        return not any(row.kind == deadline.kind.value and row.due_at == deadline.due_at for row in rows)
