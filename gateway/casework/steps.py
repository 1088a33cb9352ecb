"""Facts applied to cases on one occasion, gathered into one plan.

For each case that a step touches the plan holds, in this order:

    1. the case row, guarded by the version that was read (Claim for a new case)
    2. a row for each fact, with its leaf
    3. the case's new references, as keyed hashes
    4. a delivery for each Ask that an active agreement serves, numbered from the case row; what no agreement
       serves becomes a fact that calls a person (Pasal 21(1): the desk), or nothing where the Ask is optional
    5. its deadlines, anew

Reads are a snapshot: if a guard does not hold at commit, the caller begins again with a new `CaseSteps`.

Deliveries that wait for an agency are bounded: a step that would add one beyond is refused whole (HubBusy), so that
whoever asks comes again, and nothing grows without end behind an agency that does not answer. (The bound is read
before the commit: those who read at the same moment may go over it by what each adds.)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from gateway.casework.desk import Casework, Standing
from gateway.casework.history import case_body, event_body, fact_record
from gateway.casework.names import fact_part, message_id
from gateway.casework.occasion import Occasion
from gateway.casework.routes import Route
from gateway.domain.calendar import local_date
from gateway.domain.case import PermitCase
from gateway.domain.deadlines import ONCE, Deadline, DeadlineKind
from gateway.domain.errors import CaseRefusal, HubBusy
from gateway.domain.events import (
    ApplicationRegistered,
    Ask,
    AttentionRaised,
    CaseEvent,
    CheckSigner,
    Reference,
    SendPin,
    SignDocument,
)
from gateway.domain.facts import encode_ask
from gateway.domain.lifecycle import asks, deadlines
from gateway.ledger.leaf import LeafKind
from gateway.primitives.json_writer import JsonWriter
from gateway.store.plan import Change, Claim, Delete, Insert, Plan, Update
from gateway.store.tables import CaseEventRow, CaseReferenceRow, CaseRow, DeadlineRow, DeliveryRow, OpeningRow

_writer = JsonWriter()


@dataclass
class _Open:
    """A case under work: as it was read (None: it is being opened), as it is now, and what happened to it."""

    read: PermitCase | None
    case: PermitCase
    order_read: int
    order: int
    known: frozenset[Reference]
    facts: list[CaseEvent] = field(default_factory=list)
    deliveries: list[Change] = field(default_factory=list)
    opening: str | None = None


class CaseSteps:
    """What one occasion does to cases. One thread, one use.

    `bounded` False: what is to be said to agencies is taken on however much waits for them.
    """

    def __init__(self, casework: Casework, occasion: Occasion, *, bounded: bool = True) -> None:
        self._casework = casework
        self._occasion = occasion
        self._bounded = bounded
        self._open: dict[str, _Open] = {}

    def case(self, case_id: str) -> PermitCase:
        """The case as these steps leave it so far. Raises CaseRefusal `case-unknown`."""
        return self._work(case_id).case

    def open(self, event: ApplicationRegistered, key: Reference | None) -> PermitCase | None:
        """Open a case; None when `key` has opened one before: the same key never opens a second."""
        digest = self._casework.references.digest(key) if key else None
        if digest and (self._casework.reader.opening(digest) or any(w.opening == digest for w in self._open.values())):
            return None
        at = self._occasion.occurred_at
        kind = self._casework.catalogue.find(event.service, local_date(at))
        case = PermitCase.open(self._casework.new_case_id(at), event, at, kind)
        work = _Open(read=None, case=case, order_read=0, order=0, known=frozenset(), opening=digest)
        self._open[case.id] = work
        self._follow(work, None, event)
        return work.case

    def apply(self, case_id: str, event: CaseEvent) -> PermitCase:
        """Let `event` happen. Raises CaseRefusal, and then the case stands as before."""
        work = self._work(case_id)
        before = work.case
        work.case = before.apply(event, self._occasion.occurred_at)
        self._follow(work, before, event)
        return work.case

    def take_up(self, found: Standing) -> None:
        """Go on from a case as somebody has read it a moment ago, in place of reading it again."""
        case, order = found.case, found.next_order
        self._open[case.id] = _Open(
            read=case, case=case, order_read=order, order=order, known=frozenset(case.references)
        )

    def ask(self, case_id: str, ask: Ask) -> str | None:
        """Put an Ask that no fact gives rise to (a PIN) into the plan.

        Gives the delivery's id, or None when no active agreement serves it.
        """
        return self._deliver(self._work(case_id), ask)

    @property
    def case_ids(self) -> tuple[str, ...]:
        """The cases that these steps touch, in the order in which they did."""
        return tuple(self._open)

    def plan(self) -> Plan:
        """All of it as one plan."""
        return Plan.merge(self._plan_of(work) for work in self._open.values())

    # --- following a fact -----------------------------------------------------------------------------------------

    def _work(self, case_id: str) -> _Open:
        if case_id not in self._open:
            found = self._casework.standing(case_id)
            if found is None:
                raise CaseRefusal(f"no case {case_id[:64]!r} is known: check the id", code="case-unknown")
            self.take_up(found)
        return self._open[case_id]

    def _follow(self, work: _Open, before: PermitCase | None, event: CaseEvent) -> None:
        work.facts.append(event)
        after = work.case
        for ask in asks(before, event, after, self._occasion.occurred_at):
            if self._deliver(work, ask) is None and not ask.optional:
                text = f"No active agreement serves {type(ask).__name__} ({ask.agency or 'any agency'}): do it by hand."
                self.apply(after.id, AttentionRaised(source="routes", text=text))

    def _deliver(self, work: _Open, ask: Ask) -> str | None:
        day = local_date(self._occasion.entered_at)
        route = self._casework.routes.serving(ask, work.case.service, day)
        if route is None:
            return None
        if self._bounded:
            self._check_room(route.agency)
        delivery = self._casework.new_id()
        work.deliveries.append(Insert(DeliveryRow, self._delivery(delivery, work, ask, route)))
        work.order += 1
        return delivery

    def _check_room(self, agency: str) -> None:
        """Raise HubBusy `agency-queue-full` when as many deliveries wait for the agency as may."""
        most = self._casework.max_waiting
        if self._casework.reader.waiting_for(agency, most) >= most:
            raise HubBusy(
                f"{most} deliveries wait to be sent to {agency}, and no more are taken: send again later. Staff: see"
                f" `simojo delivery list --agency {agency}`, and why it is not called at /admin/v1/endpoints",
                code="agency-queue-full",
                after_s=60,
            )

    def _delivery(self, delivery: str, work: _Open, ask: Ask, route: Route) -> dict[str, object]:
        kind, body = encode_ask(ask)
        now = self._occasion.entered_at
        return {
            "id": delivery,
            "queue": _queue(work.case, ask, route),
            "position": work.order,
            "agency": route.agency,
            "interaction": route.interaction,
            "agreement": route.agreement,
            "agreement_version": route.agreement_version,
            "case_id": work.case.id,
            "case_version": work.case.version,
            "ask_kind": kind,
            "ask_body": _writer.write(body),
            "state": "queued",
            "message_id": message_id(delivery),
            "made_at": now,
            "due_at": now,
            "attempts": 0,
            "fence": 0,
        }

    # --- the plan -------------------------------------------------------------------------------------------------

    def _plan_of(self, work: _Open) -> Plan:
        key = self._casework.vault.case_key(work.case.id)
        changes = (
            self._case_change(work),
            *self._opening_change(work),
            *self._fact_changes(work, key.key),
            *self._reference_changes(work),
            *work.deliveries,
            *(self._deadline_changes(work) if work.facts else ()),
        )
        return key.plan + Plan(changes)

    def _case_change(self, work: _Open) -> Change:
        case = work.case
        values = {
            "version": case.version,
            "stage": case.stage.value,
            "ended": case.ended,
            "changed_at": self._occasion.entered_at,
            "next_order": work.order,
            "body": case_body(case),
        }
        if work.read is not None:
            expected = {"version": work.read.version, "next_order": work.order_read}
            return Update(CaseRow, {"id": case.id}, expected, values)
        first = {
            "id": case.id,
            "service": case.service,
            "origin": case.origin.value,
            "opened_at": self._occasion.occurred_at,
        }
        return Claim(CaseRow, ("id",), first | values)

    def _opening_change(self, work: _Open) -> Iterator[Change]:
        if work.opening is not None:
            yield Claim(OpeningRow, ("digest",), {"digest": work.opening, "case_id": work.case.id})

    def _fact_changes(self, work: _Open, key: bytes) -> Iterator[Change]:
        first = work.case.version - len(work.facts) + 1
        for seq, event in enumerate(work.facts, first):
            kind, body = event_body(event)
            occasion = self._occasion
            yield Insert(
                CaseEventRow,
                {
                    "case_id": work.case.id,
                    "seq": seq,
                    "kind": kind,
                    "body": body,
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
            of_file = {} if occasion.record is None else {"record": occasion.record}
            made = self._casework.leaves.make(
                LeafKind.CASE_STEP,
                at=self._occasion.entered_at,
                actor=self._occasion.actor,
                exchange=work.case.id,
                case_id=work.case.id,
                key=key,
                parts={fact_part(seq): record},
                extra={"fact": kind, "seq": seq, "caused-by": occasion.exchange or "", **of_file},
            )
            yield made.row

    def _reference_changes(self, work: _Open) -> Iterator[Change]:
        for reference in dict.fromkeys(work.case.references):
            if reference not in work.known:
                digest = self._casework.references.digest(reference)
                values = {"digest": digest, "case_id": work.case.id, "kind": reference.kind}
                yield Insert(CaseReferenceRow, values)

    def _deadline_changes(self, work: _Open) -> Iterator[Change]:
        yield Delete(DeadlineRow, {"case_id": work.case.id})
        seen: set[DeadlineKind] = set()
        for deadline in deadlines(work.case, self._casework.calendar):
            if deadline.kind in seen:  # the earliest of a kind
                continue
            if deadline.kind in ONCE and deadline.due_at <= self._occasion.entered_at and self._told(work, deadline):
                continue
            seen.add(deadline.kind)
            values = {"case_id": work.case.id, "kind": deadline.kind.value, "due_at": deadline.due_at}
            yield Insert(DeadlineRow, values)

    def _told(self, work: _Open, deadline: Deadline) -> bool:
        """Whether a lateness is told by one of these facts, or was before: then its row is gone.

        Else it stays, though it is past: the process was down when it came, and the timer has not looked yet.
        """
        if any(isinstance(fact, AttentionRaised) and fact.source == deadline.kind.value for fact in work.facts):
            return True
        rows = self._casework.reader.deadlines(work.case.id)
        return not any(row.kind == deadline.kind.value and row.due_at == deadline.due_at for row in rows)


def _queue(case: PermitCase, ask: Ask, route: Route) -> str:
    """Deliveries about one case to one agency keep their order; what lives for minutes waits for nobody.

    What is optional waits for its like alone.
    """
    match ask:
        case SendPin(challenge=challenge):
            return f"pin/{challenge}"
        case CheckSigner(challenge=challenge):
            return f"signer/{challenge}"
        case SignDocument(challenge=challenge):
            return f"signature/{challenge}"
    return f"{case.id}/{route.agency}" + (f"/{route.interaction}" if ask.optional else "")
