"""Collecting: what lies in an agency's mailbox leaves with the answer to its message.

    1. terms     the versions of its agreements that have mailboxes, and the interaction that it names if it names one
    2. choose    the oldest first, at most as many as asked for, and so many bytes that any client takes the answer
    3. seal      each as it would have been sent (`gateway.exchange.attempt`), now: what was never collected leaves
                 under the version in force, mapped anew if that is another one by now; what was collected is given
                 again as it was, while that may be
    4. plan      each an attempt of its delivery, guarded by its fence; committed with the exchange or not at all

An item whose time ran out is given again under the same message id: its last attempt ends as not acknowledged. One
that was collected as often as agreed is not given any more; `lapsing` makes a dead letter of it. One that cannot be
sealed is passed over, however few are asked for: its delivery says why, and `uncovered` makes a dead letter of it where
the agreement is the reason.

Where nothing lies there and the agency would wait, nothing is kept: it is heard again when something may be there, and
at the latest when its time is over (`gateway.store.pending.Waiting`).
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

import structlog

from gateway.casework.desk import Casework
from gateway.contract.agreement import Agreement
from gateway.contract.message import Json
from gateway.dialect.jws import HEADER
from gateway.domain.calendar import local_date
from gateway.domain.errors import GatewayError, HubBusy, Unauthorised
from gateway.exchange.attempt import Preparing, written
from gateway.exchange.directory import Terms
from gateway.exchange.entry import Entry
from gateway.exchange.leaving import leaving
from gateway.exchange.mailbox.service import Handed, Nothing, Visit, mailboxes
from gateway.exchange.meta.inquiry import moment
from gateway.exchange.speaking import Speech, Spoken
from gateway.exchange.states import Delivery
from gateway.store.claims import APART
from gateway.store.outgoing import StoredDelivery
from gateway.store.plan import Change, Plan, Update
from gateway.store.reads.mailboxes import Posted
from gateway.store.sealed_rows import sealed
from gateway.store.tables import AttemptRow, DeliveryRow

AT_MOST = 10
"""Items of an answer where the message does not say."""

MAX_ITEM_BYTES = 4 * 2**20
"""So many bytes of items leave together at most, or one item: as text they are a third more."""

PASSED_OVER = 100
"""So many that cannot be sealed are passed over in one collection: each costs what a sealed one does."""

NOT_ACKNOWLEDGED = "not-acknowledged"
"""The outcome of an attempt whose item was collected, and not acknowledged in time."""

_log = structlog.get_logger("simojo.mailbox")


@dataclass(frozen=True, kw_only=True)
class Collected:
    """An item ready to leave: the delivery once the plan is committed. It can be collected again from `again_at` on."""

    sent: StoredDelivery
    made_at: datetime
    again_at: datetime
    terms: Terms
    spoken: Spoken
    plan: Plan


@dataclass
class _Found:
    """What one collection found: items to give, and whether more lie there; those that cannot be sealed, and why."""

    given: list[Collected] = field(default_factory=list)
    more: bool = False
    passed: list[tuple[StoredDelivery, GatewayError]] = field(default_factory=list)

    @property
    def fault(self) -> GatewayError | None:
        """What is to be told where nothing else can be: the first that is not the agreement's doing."""
        return next((fault for _, fault in self.passed if not isinstance(fault, Unauthorised)), None)


class Collecting:
    """Serves `mailbox.collect`. Safe to use from many threads."""

    def __init__(self, *, casework: Casework, preparing: Preparing, clock: Callable[[], datetime]) -> None:
        self._casework = casework
        self._preparing = preparing
        self._clock = clock

    def __call__(self, visit: Visit) -> Handed | Nothing:
        """Give what lies there. Raises what sealing raises where nothing else can be given."""
        at = self._clock()
        most = visit.payload.get("atMost", AT_MOST)
        assert isinstance(most, int)  # noqa: S101 - its schema says so
        found = self._found(self._there(visit, at, most + 1), most, visit, at)
        if not found.given:
            if found.fault is not None:
                raise found.fault
            if (left := _patience(visit, at)) > 0:
                return Nothing(left)
        payload: dict[str, Json] = {"agency": visit.agency, "at": moment(at)}
        payload["item"] = list[Json](_item(each) for each in found.given)
        payload["more"] = found.more
        plan = Plan.merge((*(each.plan for each in found.given), *self._told(found.passed, at)))
        return Handed(payload=payload, plan=plan)

    # --- within ---------------------------------------------------------------------------------------------------

    def _there(self, visit: Visit, at: datetime, page: int) -> Iterator[DeliveryRow]:
        """2. What may be collected now, the oldest first; read by pages of that size."""
        terms, skip = self._terms(visit, at), 0
        while rows := self._casework.reader.in_mailbox(visit.agency, terms, at, page, skip):
            yield from rows
            if len(rows) < page:
                return
            skip += len(rows)

    def _terms(self, visit: Visit, at: datetime) -> list[Posted]:
        """1. The versions whose items are given now. Raises Unauthorised where the interaction named is in none."""
        named, today = visit.payload.get("interaction"), local_date(at)
        in_force = visit.entry.agreement_in_force(today)
        there = {each.name for each in mailboxes(visit.adapter, in_force)}
        terms = [
            Posted(
                agreement=agreement.id,
                version=agreement.version,
                interaction=each.name,
                longest=timedelta(seconds=each.visible_again_s or 0) + APART,
                attempts=each.retry.attempts,
                never_collected=each.name in there,
                collected=_may_repeat(visit.entry, agreement, today),
            )
            for agreement in visit.entry.begun
            if agreement.valid_from <= today
            for each in mailboxes(visit.adapter, agreement)
            if named in (None, each.name)
        ]
        if named is not None and not any(each.never_collected or each.collected for each in terms):
            raise Unauthorised(f"no agreement in force has a mailbox interaction {str(named)[:60]!r}")
        return terms

    def _found(self, rows: Iterable[DeliveryRow], most: int, visit: Visit, at: datetime) -> _Found:
        """3. and 4. The first that can be sealed, so many at most and together not too large. Raises HubBusy."""
        found, size = _Found(), 0
        for row in rows:
            if len(found.given) == most or len(found.passed) == PASSED_OVER:
                found.more = bool(found.given)
                break
            try:
                item = self._sealed(row, visit, at)
            except HubBusy:
                raise
            except GatewayError as fault:
                _log.error("not-collectable", delivery=row.id, agency=row.agency, code=fault.code)
                found.passed.append((StoredDelivery.of(row), fault))
                continue
            size += len(item.spoken.call.body)
            if found.given and size > MAX_ITEM_BYTES:
                found.more = True
                break
            found.given.append(item)
        return found

    def _told(self, passed: Sequence[tuple[StoredDelivery, GatewayError]], at: datetime) -> Iterator[Plan]:
        """Staff read at the delivery why it was passed over."""
        for lies, fault in passed:
            if lies.cause != fault.text:
                key, stands = {"id": lies.id}, {"state": lies.state, "fence": lies.fence}
                why = {"cause": fault.text}
                told = sealed(self._casework.vault, DeliveryRow, key, why, case_id=lies.case_id, at=at)
                yield told.plan + Plan.of(Update(DeliveryRow, key, stands, told.values))

    def _sealed(self, row: DeliveryRow, visit: Visit, at: datetime) -> Collected:
        lies = StoredDelivery.of(row)
        terms, payload = self._preparing.said(lies, at, visit.entry)
        speech = Speech(
            terms=terms,
            payload=self._preparing.whole(lies, terms, payload),
            message_id=row.message_id,
            url=address(row.agency, row.interaction),
            party=visit.entry.party,
            at=at,
        )
        spoken = self._preparing.speaker(terms).speak(speech)
        sent = replace(
            lies,
            state=Delivery.COLLECTED.value,
            attempts=row.attempts + 1,
            last_attempt=row.last_attempt + 1,
            payload=written(payload),
            agreement=terms.agreement.id,
            agreement_version=terms.agreement.version,
            fence=row.fence + 1,  # nobody claims what lies here: who collects it moves it on
            cause=None,
            outcome=None,
        )
        key = self._casework.vault.case_key(row.case_id)
        again_at = at + timedelta(seconds=terms.agreed.visible_again_s or 0)
        plan = key.plan + leaving(
            self._casework.leaves,
            lies,
            sent,
            speech,
            spoken,
            key.key,
            due_at=again_at,
            taken_by=f"taken by {visit.actor} in exchange {visit.exchange}",
        )
        ends = (attempt_lapsed(lies, at),) if row.state == Delivery.COLLECTED else ()
        return Collected(
            sent=sent, made_at=row.made_at, again_at=again_at, terms=terms, spoken=spoken, plan=plan + Plan(ends)
        )


def _may_repeat(entry: Entry, agreement: Agreement, on: date) -> bool:
    """Whether what was collected under a version may be given again on that day."""
    try:
        entry.check_may_repeat(agreement, on)
    except Unauthorised:
        return False
    return True


def _patience(visit: Visit, at: datetime) -> float:
    """For how many seconds more the agency would wait."""
    wait_s = visit.payload.get("waitS", 0)
    assert isinstance(wait_s, int)  # noqa: S101 - its schema says so
    return wait_s - (at - visit.received_at).total_seconds() if visit.patient else 0.0


def address(agency: str, interaction: str) -> str:
    """Whom an item is for, where a message has an address: a name, since nothing listens there."""
    return f"urn:simojo:mailbox:{agency}:{interaction}"


def attempt_lapsed(row: StoredDelivery, at: datetime) -> Change:
    """The end of a collected item's last attempt, of which no acknowledgement came in time; who took it stays."""
    ended = {"ended_at": at, "outcome": NOT_ACKNOWLEDGED}
    return Update(AttemptRow, {"delivery": row.id, "number": row.last_attempt}, {"outcome": None}, ended)


def _item(collected: Collected) -> dict[str, Json]:
    """How an item is told. `signature` is the detached JWS over the body as it was before any encryption."""
    call, sent = collected.spoken.call, collected.sent
    said: dict[str, Json] = {
        "messageId": sent.message_id,
        "interaction": sent.interaction,
        "agreement": collected.terms.reference,
        "madeAt": moment(collected.made_at),
        "collected": sent.last_attempt,
        "visibleAgainAt": moment(collected.again_at),
        "mediaType": call.headers["Content-Type"],
    }
    if HEADER in call.headers:
        said["signature"] = call.headers[HEADER]
    said["body"] = base64.b64encode(call.body).decode()
    return said
