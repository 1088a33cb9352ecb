"""Collecting: what lies in an agency's mailbox leaves with the answer to its message.

    1. terms     the versions of its agreements that have mailboxes, and the interaction that it names if it names one
    2. choose    the oldest first, at most as many as asked for, and so many bytes that any client takes the answer
    3. seal      each as it would have been sent (`gateway.exchange.attempt`), now: what was never collected leaves
                 under the version in force, mapped anew if that is another one by now; what was collected is given
                 again as it was, while that may be
    4. plan      each an attempt of its delivery, guarded by its fence; committed with the exchange or not at all

An item whose time ran out is given again under the same message id: its last attempt ends as not acknowledged. One
that was collected as often as agreed is not given any more; `lapsing` makes a dead letter of it.

Where nothing lies there and the agency would wait, nothing is kept: it is heard again when something may be there, and
at the latest when its time is over (`gateway.store.pending.Waiting`).
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
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
from gateway.store.tables import AttemptRow, DeliveryRow

AT_MOST = 10
"""Items of an answer where the message does not say."""

MAX_ITEM_BYTES = 4 * 2**20
"""So many bytes of items leave together at most, or one item: as text they are a third more."""

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
        rows = self._rows(visit, at, most + 1)
        if not rows and (left := _patience(visit, at)) > 0:
            return Nothing(left)
        items = list(self._collected(rows[:most], visit.entry, at))
        given = _within(items)
        payload: dict[str, Json] = {"agency": visit.agency, "at": moment(at)}
        payload["item"] = list[Json](_item(each) for each in given)
        payload["more"] = len(rows) > most or len(given) < len(items)
        return Handed(payload=payload, plan=Plan.merge(each.plan for each in given))

    # --- within ---------------------------------------------------------------------------------------------------

    def _rows(self, visit: Visit, at: datetime, limit: int) -> list[DeliveryRow]:
        """1. and 2. What may be collected now."""
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
        return self._casework.reader.in_mailbox(visit.agency, terms, at, limit)

    def _collected(self, rows: list[DeliveryRow], entry: Entry, at: datetime) -> Iterator[Collected]:
        """3. and 4. One that cannot be sealed keeps no other from leaving, and is told where it stands alone."""
        found = False
        fault: GatewayError | None = None
        for row in rows:
            try:
                item = self._sealed(row, entry, at)
            except HubBusy:
                raise
            except GatewayError as error:
                _log.error("not-collectable", delivery=row.id, agency=row.agency, code=error.code)
                fault = fault or error
            else:
                found = True
                yield item
        if fault is not None and not found:
            raise fault

    def _sealed(self, row: DeliveryRow, entry: Entry, at: datetime) -> Collected:
        lies = StoredDelivery.of(row)
        terms, payload = self._preparing.said(lies, at, entry)
        speech = Speech(
            terms=terms,
            payload=self._preparing.whole(lies, terms, payload),
            message_id=row.message_id,
            url=address(row.agency, row.interaction),
            party=entry.party,
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
        plan = key.plan + leaving(self._casework.leaves, lies, sent, speech, spoken, key.key, due_at=again_at)
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
    """The end of a collected item's last attempt, of which no acknowledgement came in time."""
    ended = {"ended_at": at, "outcome": NOT_ACKNOWLEDGED, "detail": "collected, and not acknowledged in time"}
    return Update(AttemptRow, {"delivery": row.id, "number": row.last_attempt}, {"outcome": None}, ended)


def _within(items: list[Collected]) -> list[Collected]:
    """The first of them, and as many more as are together not too large."""
    size = 0
    given: list[Collected] = []
    for each in items:
        size += len(each.spoken.call.body)
        if given and size > MAX_ITEM_BYTES:
            break
        given.append(each)
    return given


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
