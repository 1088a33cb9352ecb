"""Acknowledging: what the agency says of items that it collected, and what that means for deliveries and cases.

    acknowledged   its word counts: the delivery is answered; one that it refuses is a dead letter, and a person looks
    already        it said so before, or a person has decided since
    cancelled      the office has taken the item back
    not-collected  it lies in the mailbox and was never collected
    unknown        no item of this agency has that message id
    later          the hub cannot tell the case now: say it again, in a new message

An acknowledgement that comes after the item's time ran out counts, as long as nobody has said anything of it since: so
it does of one that was given up, or that lies there to be collected again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

import structlog

from gateway.casework.desk import Casework
from gateway.casework.occasion import Occasion
from gateway.casework.steps import CaseSteps
from gateway.contract.adapter import Effect, Mailbox
from gateway.contract.message import Json
from gateway.domain.errors import CaseRefusal, GatewayError, HubBusy, MappingFault
from gateway.domain.events import AttentionRaised
from gateway.exchange.attempt import ask_of
from gateway.exchange.concluding import Concluding
from gateway.exchange.mailbox.collecting import NOT_ACKNOWLEDGED
from gateway.exchange.mailbox.service import Handed, Visit
from gateway.exchange.mapping import Mapping
from gateway.exchange.meta.inquiry import moment, plain
from gateway.exchange.sentences import late_answer, refused_item
from gateway.exchange.states import CONCLUDED, Delivery
from gateway.exchange.verdict import ANSWERED, Verdict
from gateway.ledger.leaf import LeafKind
from gateway.store.outgoing import StoredDelivery
from gateway.store.plan import Plan, Update
from gateway.store.sealed_rows import sealed
from gateway.store.tables import AttemptRow, DeliveryRow

TAKEN = "taken"
REFUSED = "refused"
"""The outcome of an item that its agency refused; also what it says to refuse it."""

_log = structlog.get_logger("simojo.mailbox")


class Result(StrEnum):
    """What is answered of one item."""

    ACKNOWLEDGED = "acknowledged"
    ALREADY = "already"
    CANCELLED = "cancelled"
    NOT_COLLECTED = "not-collected"
    UNKNOWN = "unknown"
    LATER = "later"


@dataclass(kw_only=True)
class _Item:
    """One item of a message: the result, and where the agency's word counts its delivery and what follows."""

    message_id: str
    result: Result
    row: DeliveryRow | None = None
    verdict: Verdict = field(default_factory=lambda: Verdict(state=Delivery.ANSWERED, outcome=ANSWERED))
    effects: tuple[Effect, ...] = ()
    late: str | None = None


class Acknowledging:
    """Serves `mailbox.acknowledge`. Safe to use from many threads."""

    def __init__(self, *, casework: Casework, concluding: Concluding, clock: Callable[[], datetime]) -> None:
        self._casework = casework
        self._concluding = concluding
        self._clock = clock

    def __call__(self, visit: Visit) -> Handed:
        """Take the agency's word for each item, in the order of the message."""
        at = self._clock()
        items: list[_Item] = []
        for said in _items(visit.payload["item"]):
            seen = any((each.message_id, each.result) == (said["messageId"], Result.ACKNOWLEDGED) for each in items)
            items.append(self._heard(visit, said, seen=seen))
        steps = self._steps(visit, items, at)
        plans = [self._plan(visit, each, at) for each in items if each.result is Result.ACKNOWLEDGED]
        told: list[Json] = [{"messageId": each.message_id, "result": each.result.value} for each in items]
        payload: dict[str, Json] = {"agency": visit.agency, "at": moment(at), "item": told}
        return Handed(payload=payload, plan=Plan.merge((*plans, steps.plan())))

    # --- what is said of each -------------------------------------------------------------------------------------

    def _heard(self, visit: Visit, said: dict[str, Any], *, seen: bool) -> _Item:
        message_id = str(said["messageId"])
        row = self._casework.reader.delivery_by_message(visit.agency, message_id)
        declared = None if row is None else self._concluding.declared(StoredDelivery.of(row))
        if row is None or not isinstance(declared, Mailbox):
            return _Item(message_id=message_id, result=Result.UNKNOWN)
        refused = said["outcome"] == REFUSED
        result = Result.ALREADY if seen else _result(row, refused=refused)
        item = _Item(message_id=message_id, result=result, row=row)
        if result is not Result.ACKNOWLEDGED:
            return item
        if refused:
            cause = plain(refused_item(str(said.get("text") or "")), 1024)
            item.verdict = Verdict(state=Delivery.DEAD, outcome=REFUSED, cause=cause)
            event = AttentionRaised(source=f"{row.agency}/{row.interaction}", text=cause)
            item.effects = (Effect(case=row.case_id, events=(event,)),)
            return item
        try:
            item.effects = self._effects(declared, row)
        except HubBusy:
            raise
        except GatewayError as fault:
            _log.error("acknowledgement-not-mapped", delivery=row.id, agency=row.agency, code=fault.code)
            item.result = Result.LATER
        return item

    def _effects(self, declared: Mailbox[Any], row: DeliveryRow) -> tuple[Effect, ...]:
        """What the acknowledgement means for the case, as the adapter says."""
        if declared.on_collected is None:
            return ()
        standing = self._casework.standing(row.case_id)
        if standing is None:
            raise MappingFault(f"case {row.case_id} is gone", code="history-broken")
        with Mapping(f"{row.agency}/{row.interaction}"):
            accepted = declared.on_collected(standing.case, ask_of(StoredDelivery.of(row)))
        return accepted.effects

    # --- what follows ---------------------------------------------------------------------------------------------

    def _steps(self, visit: Visit, items: Sequence[_Item], at: datetime) -> CaseSteps:
        """All effects that cases allow. An item whose effects a case refuses is late: it has none."""
        occasion = Occasion(actor=f"agency/{visit.agency}", occurred_at=at, entered_at=at, exchange=visit.exchange)
        while True:
            # the agency's word is taken however much waits for the agencies that it makes us tell
            steps = CaseSteps(self._casework, occasion, bounded=False)
            if self._applied(steps, items):
                return steps

    def _applied(self, steps: CaseSteps, items: Sequence[_Item]) -> bool:
        """Apply them; False when one was found late, whose effects may have been applied in part."""
        for item in items:
            if item.row is None or item.late is not None or item.result is not Result.ACKNOWLEDGED:
                continue
            try:
                for effect in item.effects:
                    for event in effect.events:
                        steps.apply(effect.case or item.row.case_id, event)
            except CaseRefusal as refusal:
                item.late = late_answer(refusal.text)
                return False
        return True

    def _plan(self, visit: Visit, item: _Item, at: datetime) -> Plan:
        assert item.row is not None  # noqa: S101 - it is acknowledged
        row = StoredDelivery.of(item.row)
        leaf = self._casework.leaves.make(
            LeafKind.REPLY,
            at=at,
            actor=f"agency/{row.agency}",
            exchange=row.id,
            case_id=row.case_id,
            agreement=f"{row.agreement}/{row.agreement_version}",
            extra={"attempt": row.last_attempt, "outcome": item.verdict.outcome, "said-in": visit.exchange},
        )
        moved = self._concluding.moved(row, item.verdict, at, late=item.late)
        return self._attempt_ends(row, item.verdict, at) + Plan.of(leaf.row) + moved

    def _attempt_ends(self, row: StoredDelivery, verdict: Verdict, at: datetime) -> Plan:
        """The last collection ended with the agency's word, though it may have been taken for ended before."""
        last = next((each for each in self._casework.reader.attempts(row.id) if each.number == row.last_attempt), None)
        if last is None or last.outcome not in (None, NOT_ACKNOWLEDGED):
            return Plan()
        detail = "; ".join(each for each in (last.detail, verdict.cause) if each)
        ended = {"ended_at": at, "outcome": verdict.outcome, "detail": detail or None}
        key = {"delivery": row.id, "number": row.last_attempt}
        told = sealed(self._casework.vault, AttemptRow, key, ended, case_id=row.case_id, at=at)
        return told.plan + Plan.of(Update(AttemptRow, key, {"outcome": last.outcome}, told.values))


def _items(said: Json) -> list[dict[str, Any]]:
    assert isinstance(said, list)  # noqa: S101 - its schema says so
    return [each for each in said if isinstance(each, dict)]


def _result(row: DeliveryRow, *, refused: bool) -> Result:
    """Whether the agency's word about an item of its own counts."""
    if row.state == Delivery.CANCELLED:
        return Result.CANCELLED
    if row.state in CONCLUDED or (row.state == Delivery.DEAD and (refused or row.outcome == REFUSED)):
        return Result.ALREADY
    return Result.NOT_COLLECTED if row.last_attempt == 0 else Result.ACKNOWLEDGED
