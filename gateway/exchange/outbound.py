"""The way of a delivery to an agency:

    1. choose    what is due and first in its queue; a case's deliveries to one agency keep their order
    2. prepare   `gateway.exchange.attempt`: map once, seal now, commit the claim and the bytes
    3. call      with a hard deadline; no database transaction is open
    4. hear      decrypt what came encrypted, verify, validate, map
    5. conclude  the reply's bytes, its leaf, the case's facts and the delivery's next state, as one plan

The claim carries a fence that grows: a worker whose lease ran out may still finish, and its word no longer counts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

import structlog

from gateway.casework.desk import Casework
from gateway.contract.adapter import Heard
from gateway.contract.adapter import Outbound as OutboundInteraction
from gateway.domain.errors import (
    AgencyUnavailable,
    GatewayError,
    MappingFault,
    Misconfigured,
    Refused,
    Tampered,
    Unauthorised,
)
from gateway.domain.events import Ask
from gateway.exchange.attempt import Attempt, Preparing
from gateway.exchange.concluding import Concluding, Result
from gateway.exchange.mapping import Mapping
from gateway.exchange.states import WAITING
from gateway.exchange.verdict import HELD_BACK, Judge, Verdict
from gateway.store.conflicts import Moved, commit, prepared_again
from gateway.store.plan import Committed, Plan, Update
from gateway.store.tables import DeliveryRow
from gateway.store.unit_of_work import UnitOfWork
from gateway.transport.errors import NotSent, Stage
from gateway.transport.http import HttpReply, OutboundCall

_log = structlog.get_logger("simojo.outbound")


class Client(Protocol):
    """Sends one call."""

    def send(self, call: OutboundCall) -> HttpReply:
        """Raise NotSent or Unknown of `gateway.transport.errors`."""
        ...


@dataclass(frozen=True, kw_only=True)
class _Ended:
    reply: HttpReply | None
    verdict: Verdict
    plain: bytes | None = None


class Outbound:
    """Delivers. Safe to use from several worker threads: the claim decides who sends."""

    def __init__(
        self,
        *,
        preparing: Preparing,
        concluding: Concluding,
        casework: Casework,
        unit_of_work: UnitOfWork,
        client: Client,
        judge: Judge,
        clock: Callable[[], datetime],
    ) -> None:
        self._preparing = preparing
        self._concluding = concluding
        self._casework = casework
        self._unit_of_work = unit_of_work
        self._client = client
        self._judge = judge
        self._clock = clock

    def due(self, limit: int = 50) -> list[str]:
        """Ids of deliveries that may go now, the longest due first."""
        return [row.id for row in self._casework.reader.due_deliveries(self._clock(), limit)]  # 1. choose

    def deliver(self, delivery: str) -> bool:
        """Make one attempt of a delivery; False when there was none to make (another worker has it, it is held)."""
        attempt = self._start(delivery)  # 2. prepare
        if attempt is None:
            return False
        try:
            reply = self._client.send(attempt.spoken.call)  # 3. call
        except AgencyUnavailable as error:
            ended = self._failed(attempt, error)
        except Misconfigured as fault:  # a URL or header that HTTP cannot carry: nothing left
            ended = self._failed(attempt, NotSent(fault.text, code=fault.code, stage=Stage.DNS))
        else:
            ended = self._hear(attempt, reply)  # 4. hear
        result = Result(attempt=attempt, reply=ended.reply, verdict=ended.verdict, at=self._clock(), plain=ended.plain)
        prepared_again(lambda: commit(self._unit_of_work, self._concluding.plan(result)))  # 5. conclude
        return True

    def recover(self, limit: int = 100, *, alone: bool = False) -> int:
        """Take back what workers left behind: a claim whose lease ran out. Gives how many were taken back.

        One that cannot be (its history is broken, say) is logged and stays; the others are not kept waiting by it.
        `alone`: this process has just begun and is the only one on the store, so nobody holds any lease.
        """
        now = self._clock()
        rows = self._casework.reader.expired_leases(datetime.max.replace(tzinfo=UTC) if alone else now, limit)
        return sum(self._recovered(row, now) for row in rows)

    # --- within ---------------------------------------------------------------------------------------------------

    def _start(self, delivery: str) -> Attempt | None:
        row = self._casework.reader.delivery(delivery)
        now = self._clock()
        if row is None or row.state not in WAITING or row.due_at > now:
            return None
        try:
            attempt = self._preparing.prepare(row, now)
        except (Unauthorised, Misconfigured, MappingFault, Tampered) as held:
            self._hold_back(row, held, now)
            return None
        except Refused as refusal:
            self._give_up(row, refusal, now)
            return None
        try:
            commit(self._unit_of_work, attempt.plan)
        except Moved:
            return None  # another worker claimed it
        return attempt

    def _hear(self, attempt: Attempt, reply: HttpReply) -> _Ended:
        opened: HttpReply | None = None
        try:
            opened = self._preparing.speaker(attempt.speech.terms).decrypted(attempt.speech, reply)
            heard = self._heard(attempt, opened or reply)
        except GatewayError as error:
            return self._failed(attempt, error, reply, opened)
        verdict = self._judge.heard(attempt.speech.terms, heard, attempt.tries, self._clock())
        return _Ended(reply=reply, verdict=verdict, plain=None if opened is None else opened.body)

    def _failed(
        self,
        attempt: Attempt,
        error: GatewayError,
        reply: HttpReply | None = None,
        opened: HttpReply | None = None,
    ) -> _Ended:
        verdict = self._judge.failed(attempt.speech.terms, error, attempt.tries, self._clock())
        return _Ended(reply=reply, verdict=verdict, plain=None if opened is None else opened.body)

    def _heard(self, attempt: Attempt, reply: HttpReply) -> Heard | None:
        terms = attempt.speech.terms
        payload = self._preparing.speaker(terms).hear(attempt.speech, attempt.spoken, reply, self._clock())
        if payload is None:
            return None
        to_case = _to_case(terms.interaction)
        if to_case is None:
            return None
        row = self._casework.reader.case(attempt.row.case_id)
        case = self._casework.case_at(attempt.row.case_id, row.version if row else attempt.row.case_version)
        with Mapping(terms.name):
            heard: Heard = to_case(case, self._preparing.ask_of(attempt.row), payload)
        return heard

    def _hold_back(self, row: DeliveryRow, error: GatewayError, now: datetime) -> None:
        """Not the agency's doing and no attempt: it waits until staff have acted, and says for what."""
        values = {"due_at": now + HELD_BACK, "cause": error.text}
        self._unit_of_work.commit(
            Plan.of(Update(DeliveryRow, {"id": row.id}, {"state": row.state, "fence": row.fence}, values))
        )

    def _give_up(self, row: DeliveryRow, refusal: Refused, now: datetime) -> None:
        prepared_again(lambda: commit(self._unit_of_work, self._concluding.give_up(row, refusal.text, now)))

    def _recovered(self, row: DeliveryRow, now: datetime) -> bool:
        try:
            plan = self._concluding.lost(row, self._loss(row, now), now)
            outcome = self._unit_of_work.commit(plan)
        except GatewayError as fault:
            _log.error("delivery-not-recovered", delivery=row.id, agency=row.agency, code=fault.code)
            return False
        return isinstance(outcome, Committed)  # a conflict means that the worker, or another, was quicker

    def _loss(self, row: DeliveryRow, now: datetime) -> Verdict:
        try:
            terms = self._concluding.terms_of(row)
        except Unauthorised as error:
            return self._judge.lease_ran_out_uncovered(self._concluding.declared(row), error, now)
        return self._judge.lease_ran_out(terms, row.attempts, now)


def _to_case(interaction: object) -> Callable[[Any, Ask, Any], Heard] | None:
    """The mapping of a reply in the same call; a Request's `to_case` is for its callback alone."""
    if not isinstance(interaction, OutboundInteraction) or hasattr(interaction, "answer"):
        return None
    mapping: Callable[[Any, Ask, Any], Heard] | None = getattr(interaction, "to_case", None)
    return mapping
