"""The end of an attempt as a plan: what came back, what it means for the case, and where the delivery stands now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from gateway.casework.desk import Casework, Standing
from gateway.casework.leaves import MadeLeaf
from gateway.casework.occasion import Occasion
from gateway.casework.steps import CaseSteps
from gateway.contract.adapter import Effect, Interaction
from gateway.domain.asks import given_up
from gateway.domain.deadlines import answer_due
from gateway.domain.errors import CaseRefusal, Unauthorised
from gateway.domain.events import AttentionRaised, CaseEvent, SignDocument
from gateway.exchange.attempt import Attempt, ask_of
from gateway.exchange.directory import Directory, Terms
from gateway.exchange.mapping import to_case_of
from gateway.exchange.records import headers_text, part
from gateway.exchange.sentences import late_answer, waits_long
from gateway.exchange.signed_files import kept
from gateway.exchange.states import NOT_CALLED, WAITING, Delivery
from gateway.exchange.verdict import ANSWERED, Verdict
from gateway.ledger.leaf import LeafKind
from gateway.store.outgoing import StoredDelivery
from gateway.store.plan import Change, Plan, Update
from gateway.store.sealed_rows import sealed, sealed_with
from gateway.store.sealing import BodySeal
from gateway.store.tables import AttemptRow, DeliveryRow, ExchangeRow
from gateway.transport.http import HttpReply

LEASE_RAN_OUT = "lease-ran-out"
"""The outcome of an attempt whose worker never said how it ended."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """How an attempt ended: with a reply (None: none came) and a verdict. `plain`: of a reply that came encrypted.

    `standing` is the case as it was read to understand the reply.
    """

    attempt: Attempt
    reply: HttpReply | None
    verdict: Verdict
    at: datetime
    plain: bytes | None = None
    standing: Standing | None = None


class Concluding:
    """Makes the plans that end attempts and deliveries."""

    def __init__(self, directory: Directory, casework: Casework) -> None:
        self._directory = directory
        self._casework = casework

    def terms_of(self, row: StoredDelivery) -> Terms:
        """The terms to judge a delivery's attempt by, whatever the day. Raises Unauthorised."""
        return self._directory.terms_of(row.agency, row.interaction, row.agreement, row.agreement_version)

    def declared(self, row: StoredDelivery) -> Interaction | None:
        """What the adapter declares for a delivery, whatever the state of its agreement; None without an adapter."""
        return self._directory.declared_of(row.agency, row.interaction, row.agreement, row.agreement_version)

    def plan(self, result: Result, row: StoredDelivery | None) -> Plan:
        """Everything that follows from an attempt's end, for the delivery as it stands (None: it is gone)."""
        attempt, verdict = result.attempt, result.verdict
        ended = {"ended_at": result.at, "outcome": verdict.outcome, "detail": verdict.cause}
        if row is not None and row.fence == attempt.row.fence and row.state == Delivery.SENDING:
            key = {"delivery": row.id, "number": attempt.number}
            known = sealed_with(f"case/{row.case_id}", attempt.key, AttemptRow, key, ended)
            ends = Plan.of(Update(AttemptRow, key, {"outcome": None}, known))
        else:
            # a callback came first, or the lease ran out: what came is kept
            if self._casework.reader.part(attempt.row.id, _reply(attempt)) is not None:
                return Plan()  # it was kept: nobody could tell when it was committed
            ends = self._attempt_ends(attempt.row, attempt.number, ended)
            if row is None or not self._waits_since(result, row):
                return ends + Plan(tuple(self._reply_changes(result)))  # and decides nothing
        plan = ends + Plan(tuple(self._reply_changes(result)))
        steps, late = self._steps(row, verdict, result.at, result.standing)
        within = attempt.speech.terms.agreed.answer_within_days
        files = (
            ()
            if late
            else tuple(kept(verdict.effects, row.case_id, result.at, self._casework.reader, self._casework.vault))
        )
        return plan + self.moved(row, verdict, result.at, late=late, within=within) + steps.plan() + Plan(files)

    def moved(
        self, row: StoredDelivery, verdict: Verdict, at: datetime, *, late: str | None = None, within: int | None = None
    ) -> Plan:
        """The delivery's own change of state, guarded by its fence. `within`: hari kerja agreed for an answer."""
        values: dict[str, object] = {
            "state": verdict.state.value,
            "lease_until": None,
            "cause": late or verdict.cause,
            "outcome": verdict.outcome,
        }
        if verdict.due_at is not None:
            values["due_at"] = verdict.due_at
        if not verdict.counts:
            values["attempts"] = row.attempts - 1
        if verdict.state is Delivery.AWAITING and within is not None:
            due = answer_due(at, within, self._casework.calendar)
            values |= {"answer_due_at": due.ends_at, "remind_at": due.remind_at}
        place = {"id": row.id}
        told = sealed(self._casework.vault, DeliveryRow, place, values, case_id=row.case_id, at=at)
        changes: list[Change] = [Update(DeliveryRow, place, {"state": row.state, "fence": row.fence}, told.values)]
        if row.last_attempt > 0:  # its exchange began with the first
            said = {"verdict": verdict.state.value, "code": verdict.outcome}
            changes.append(Update(ExchangeRow, {"id": row.id}, {}, said))
        if verdict.state not in WAITING:
            changes += self._let_go(row)
        if verdict.state is Delivery.DEAD:
            leaf = self._casework.leaves.make(
                LeafKind.DEAD,
                at=at,
                actor=f"agency/{row.agency}",
                exchange=row.id,
                case_id=row.case_id,
                agreement=f"{row.agreement}/{row.agreement_version}",
                extra={"attempts": row.attempts, "outcome": verdict.outcome},
            )
            changes.append(leaf.row)
        return told.plan + Plan(tuple(changes))

    def not_called(self, attempt: Attempt, at: datetime) -> Plan:
        """The attempt's worker woke too late to call: the delivery is as it was before, and may be claimed at once."""
        row, sent = attempt.row, attempt.sent
        key = {"delivery": row.id, "number": attempt.number}
        said = {"ended_at": at, "outcome": NOT_CALLED, "detail": "the worker woke too late, and called nobody"}
        ended = sealed_with(f"case/{row.case_id}", attempt.key, AttemptRow, key, said)
        back = {"state": row.state, "attempts": row.attempts, "lease_until": None}
        leaf = self._reply_leaf(attempt, NOT_CALLED, at, {})
        return Plan(
            (
                Update(DeliveryRow, {"id": row.id}, {"state": sent.state, "fence": sent.fence}, back),
                Update(AttemptRow, key, {"outcome": None}, ended),
                leaf.row,
            )
        )

    def answered_at(self, row: StoredDelivery) -> datetime | None:
        """When an earlier attempt was answered well whose answer was kept and decided nothing; None when none was.

        Such an answer came while another worker, who had taken the delivery over, was calling. Only where no mapping
        reads the answer, so that all it says is that it came; a Query is asked again, which harms nobody.
        """
        if to_case_of(self.declared(row)) is not None:
            return None
        since = row.last_attempt - row.attempts  # what came before a person had it sent again, that person knows
        rows = [each for each in self._casework.reader.attempts(row.id) if each.number > since]
        return next((each.ended_at for each in rows if each.outcome == ANSWERED), None)

    def lost(self, row: StoredDelivery, verdict: Verdict, at: datetime) -> Plan:
        """The end of an attempt whose worker was lost, and where its delivery stands now."""
        ended = {"ended_at": at, "outcome": LEASE_RAN_OUT, "detail": verdict.cause}
        plan = self._attempt_ends(row, row.last_attempt, ended)
        if verdict.state is Delivery.DEAD:
            return plan + self.give_up(row, verdict.cause or "", at)
        return plan + self.moved(row, verdict, at)

    def give_up(self, row: StoredDelivery, cause: str, at: datetime, outcome: str = "given-up") -> Plan:
        """A dead letter and the case's call for a person, without an attempt."""
        verdict = Verdict(state=Delivery.DEAD, outcome=outcome, cause=cause, attention=cause)
        steps, _ = self._steps(row, verdict, at)
        return self.moved(row, verdict, at) + steps.plan()

    # --- within ---------------------------------------------------------------------------------------------------

    def _let_go(self, row: StoredDelivery) -> tuple[Change, ...]:
        """Nothing is sent for it any more: what an official gave for its sending is let go."""
        ask = _signature(row)
        return () if ask is None else (self._casework.vault.secrets.let_go(ask.challenge),)

    def _waits_since(self, result: Result, row: StoredDelivery) -> bool:
        """Whether a delivery with an answer in hand was taken back from its worker, and nobody is calling now.

        The agency has answered, and is not to be called again. Where another has claimed it since, only a good answer
        counts: he has not begun, and finds that it has moved when he does, or his attempt has brought no answer. One
        whose terms have ended meanwhile waits for staff, as it does without an answer.
        """
        taken_back = row.state == Delivery.UNKNOWN and row.fence == result.attempt.row.fence
        good = row.state in WAITING and result.verdict.outcome == ANSWERED
        if result.reply is None or not (taken_back or good):
            return False
        try:
            self.terms_of(row)
        except Unauthorised:
            return False
        return True

    def _attempt_ends(self, delivery: StoredDelivery, number: int, values: dict[str, object]) -> Plan:
        """An attempt's end. A worker that was thought lost knows better how its own attempt ended."""
        rows = self._casework.reader.attempts(delivery.id)
        row = next((each for each in rows if each.number == number), None)
        if row is None or row.outcome not in (None, LEASE_RAN_OUT):
            return Plan()
        key = {"delivery": delivery.id, "number": number}
        vault, at = self._casework.vault, delivery.made_at
        told = sealed(vault, AttemptRow, key, values, case_id=delivery.case_id, at=at)
        return told.plan + Plan.of(Update(AttemptRow, key, {"ended_at": row.ended_at}, told.values))

    def _reply_changes(self, result: Result) -> Iterator[Change]:
        reply, row = result.reply, result.attempt.row
        if reply is None:
            return
        name = _reply(result.attempt)
        head = headers_text({**reply.headers, ":status": str(reply.status)})
        parts = {name: reply.body, f"{name}-headers": head}
        if result.plain is not None:
            parts[f"{name}-plain"] = result.plain
        seal = BodySeal(f"case/{row.case_id}", result.attempt.key, row.id)
        for each, body in parts.items():
            yield part(seal, each, body)
        yield self._reply_leaf(result.attempt, result.verdict.outcome, result.at, parts).row

    def _reply_leaf(self, attempt: Attempt, outcome: str, at: datetime, parts: Mapping[str, bytes]) -> MadeLeaf:
        row = attempt.row
        return self._casework.leaves.make(
            LeafKind.REPLY,
            at=at,
            actor=f"agency/{row.agency}",
            exchange=row.id,
            case_id=row.case_id,
            agreement=attempt.speech.terms.reference,
            key=attempt.key,
            parts=parts,
            extra={"attempt": attempt.number, "outcome": outcome},
        )

    def _steps(
        self, row: StoredDelivery, verdict: Verdict, at: datetime, standing: Standing | None = None
    ) -> tuple[CaseSteps, str | None]:
        """Apply what the reply means. A case that has moved on refuses it: the answer is kept and is late."""
        steps = self._fresh_steps(row, at)
        effects = (*verdict.effects, *_attention(row, verdict.attention), *self._waits_long(row, verdict, at))
        if standing is not None and effects:
            steps.take_up(standing)
        try:
            for effect in effects:
                for event in effect.events:
                    steps.apply(effect.case or row.case_id, event)
        except CaseRefusal as refusal:
            return self._fresh_steps(row, at), late_answer(refusal.text)
        ask = _signature(row)
        if ask is not None and verdict.attention is not None:
            for event in given_up(ask, verdict.attention):
                with suppress(CaseRefusal):  # the case has gone on without that answer
                    steps.apply(row.case_id, event)
        return steps, None

    def _waits_long(self, row: StoredDelivery, verdict: Verdict, at: datetime) -> tuple[Effect, ...]:
        """Call a person, once, when what uses up no attempt goes on for more than a hari kerja: no end of it does."""
        if verdict.counts or verdict.cause is None:
            return ()
        long_since = answer_due(row.made_at, 1, self._casework.calendar).ends_at
        ends = [each.ended_at for each in self._casework.reader.attempts(row.id) if each.ended_at is not None]
        if at < long_since or any(each >= long_since for each in ends):
            return ()
        return _attention(row, waits_long(verdict.cause))

    def _fresh_steps(self, row: StoredDelivery, at: datetime) -> CaseSteps:
        occasion = Occasion(actor=f"agency/{row.agency}", occurred_at=at, entered_at=at, exchange=row.id)
        # an answer is taken however much waits for the agencies that it makes us tell
        return CaseSteps(self._casework, occasion, bounded=False)


def _signature(row: StoredDelivery) -> SignDocument | None:
    """What a delivery asks where that is a certified signature; None of every other, which is not even read."""
    ask = ask_of(row) if row.ask_kind == SignDocument.__name__ else None
    return ask if isinstance(ask, SignDocument) else None


def _reply(attempt: Attempt) -> str:
    """The part that holds what came back to an attempt."""
    return f"reply-{attempt.number}"


def _attention(row: StoredDelivery, text: str | None) -> tuple[Effect, ...]:
    if text is None:
        return ()
    event: CaseEvent = AttentionRaised(source=f"{row.agency}/{row.interaction}", text=text)
    return (Effect(case=row.case_id, events=(event,)),)
