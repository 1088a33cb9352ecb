"""What is still to be said to agencies, and each try of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, union_all
from sqlmodel import col, exists, func, select

from gateway.store.outgoing import StoredDelivery
from gateway.store.reads.base import Reads
from gateway.store.sealed_rows import open_delivery
from gateway.store.tables import AttemptRow, CircuitRow, DeliveryRow, EndpointRow, LaneRow
from gateway.store.tables.outbox import FINISHED, IN_MAILBOX, OWED, SENDABLE, words
from gateway.store.types import UtcDateTime

LOOKED_THROUGH = 200
"""So many deliveries are opened at a time to look for a cause."""


@dataclass(frozen=True, kw_only=True)
class Sought:
    """Which deliveries are meant; what is None does not matter. `cause` is any part of it; times are half-open."""

    states: tuple[str, ...] | None = None
    agency: str | None = None
    interaction: str | None = None
    outcome: str | None = None
    cause: str | None = None
    made_from: datetime | None = None
    made_before: datetime | None = None


@dataclass(frozen=True)
class Unserved:
    """So many deliveries of an interaction are tried and not taken: since when, and why one of them is not."""

    agency: str
    interaction: str
    count: int
    oldest_at: datetime
    cause: str | None


_OWED = col(DeliveryRow.state).in_(words(OWED))


class OutboxReads(Reads):
    """Deliveries, and what they wait for."""

    def delivery(self, delivery: str) -> DeliveryRow | None:
        """The delivery with this id."""
        return self._get(DeliveryRow, delivery)

    def opened(self, row: StoredDelivery) -> StoredDelivery:
        """A delivery that was claimed, which comes sealed, opened."""
        return open_delivery(row, self._keys_once())

    def delivery_by_message(self, agency: str, message_id: str) -> DeliveryRow | None:
        """The delivery that goes out, or went out, to this agency under this message id."""
        wanted = select(DeliveryRow).where(col(DeliveryRow.message_id) == message_id, col(DeliveryRow.agency) == agency)
        found: DeliveryRow | None = self._first(wanted)
        return found

    def deliveries(
        self, states: Collection[str] | None = None, limit: int = 100, *, case_id: str | None = None
    ) -> list[DeliveryRow]:
        """Deliveries in these states (None: in any), of one case where named, newest first."""
        wanted = select(DeliveryRow).where(*_in(states))
        if case_id is not None:
            wanted = wanted.where(col(DeliveryRow.case_id) == case_id)
        return self._all(wanted.order_by(col(DeliveryRow.made_at).desc(), col(DeliveryRow.id).desc()).limit(limit))

    def sought(
        self, sought: Sought, limit: int, after: tuple[datetime, str] | None = None, *, newest_first: bool = False
    ) -> list[DeliveryRow]:
        """Deliveries that are meant, in the order in which they were made. `after`: the last one seen, not included.

        A cause is sealed where it is stored, so it is looked for in what the other conditions leave, a page at a time.
        """
        if sought.cause is None:
            return self._page(sought, limit, after, newest_first=newest_first)
        found: list[DeliveryRow] = []
        while rows := self._page(sought, LOOKED_THROUGH, after, newest_first=newest_first):
            found += [row for row in rows if sought.cause.lower() in (row.cause or "").lower()]
            after = rows[-1].made_at, rows[-1].id
            if len(found) >= limit or len(rows) < LOOKED_THROUGH:
                break
        return found[:limit]

    def _page(
        self, sought: Sought, limit: int, after: tuple[datetime, str] | None, *, newest_first: bool
    ) -> list[DeliveryRow]:
        made, number = col(DeliveryRow.made_at), col(DeliveryRow.id)
        wanted = select(DeliveryRow).where(*_meant(sought))
        if after is not None:
            at, last = after
            beyond = made < at if newest_first else made > at
            next_of_same = number < last if newest_first else number > last
            wanted = wanted.where(beyond | ((made == at) & next_of_same))
        order = (made.desc(), number.desc()) if newest_first else (made, number)
        return self._all(wanted.order_by(*order).limit(limit))

    def sought_counts(self, sought: Sought) -> dict[tuple[str, str, str], int]:
        """How many deliveries are meant, by agency, interaction and outcome ("" for none)."""
        if sought.cause is not None:
            return self._counts_by_cause(sought)
        by = (col(DeliveryRow.agency), col(DeliveryRow.interaction), func.coalesce(col(DeliveryRow.outcome), ""))
        counted = select(*by, func.count()).where(*_meant(sought)).group_by(*by).order_by(*by)
        return {(agency, interaction, outcome): count for agency, interaction, outcome, count in self._all(counted)}

    def _counts_by_cause(self, sought: Sought) -> dict[tuple[str, str, str], int]:
        counts: Counter[tuple[str, str, str]] = Counter()
        after: tuple[datetime, str] | None = None
        while rows := self.sought(sought, LOOKED_THROUGH, after):
            counts.update((row.agency, row.interaction, row.outcome or "") for row in rows)
            after = rows[-1].made_at, rows[-1].id
        return dict(sorted(counts.items()))

    def delivery_counts(self) -> dict[str, int]:
        """How many deliveries are in each state, those left out with which nothing more happens."""
        unfinished = col(DeliveryRow.state).not_in(words(FINISHED))
        counted = select(DeliveryRow.state, func.count()).where(unfinished).group_by(col(DeliveryRow.state))
        return dict(self._all(counted))

    def long_unserved(self, made_before: datetime) -> list[Unserved]:
        """What its agency does not take though it was tried, made before that moment, by agency and interaction."""
        by = (col(DeliveryRow.agency), col(DeliveryRow.interaction))
        figures: tuple[Any, ...] = (func.count(), func.min(DeliveryRow.made_at))
        to_send = col(DeliveryRow.state).in_(words(SENDABLE))  # which has an index of its own
        long_since = (to_send, col(DeliveryRow.state) == "not-sent", col(DeliveryRow.made_at) < made_before)
        counted = select(*by, *figures).where(*long_since).group_by(*by).order_by(*by)
        return [
            Unserved(agency, interaction, count, oldest, self._a_cause(agency, interaction, *long_since))
            for agency, interaction, count, oldest in self._all(counted)
        ]

    def _a_cause(self, agency: str, interaction: str, *long_since: Any) -> str | None:
        """Why one of these is not taken: the one that was made last."""
        mine = (col(DeliveryRow.agency) == agency, col(DeliveryRow.interaction) == interaction)
        wanted = select(DeliveryRow).where(*mine, *long_since, col(DeliveryRow.cause).is_not(None))
        row = self._first(wanted.order_by(col(DeliveryRow.made_at).desc(), col(DeliveryRow.id).desc()).limit(1))
        return None if row is None else row.cause

    def waiting_for(self, agency: str, at_most: int) -> int:
        """How many deliveries wait to be sent to an agency or lie in its mailbox; counts no further than `at_most`."""
        # one question for each of the two: each has its own partial index
        to_send, lying = (
            select(DeliveryRow.agency).where(
                col(DeliveryRow.state).in_(words(states)), col(DeliveryRow.agency) == agency
            )
            for states in (SENDABLE, IN_MAILBOX)
        )
        found = union_all(to_send, lying).limit(at_most).subquery()
        return int(self._first(select(func.count()).select_from(found)))

    def due_lanes(self, now: datetime) -> list[tuple[str, str]]:
        """Lanes, as (agency, interaction), for which something is due, behind a dead letter or not."""
        return [(agency, interaction) for agency, interaction in self._plain(_DUE_LANES, now=now)]

    def next_due(self, now: datetime) -> datetime | None:
        """When the next delivery falls due; None when none waits for its time."""
        found: datetime | None = self._plain(_NEXT_DUE, now=now)[0][0]
        return found

    def expired_leases(self, now: datetime, limit: int = 100, skip: int = 0) -> list[DeliveryRow]:
        """Deliveries that a worker began to send and did not finish within its lease, longest first but for `skip`."""
        wanted = select(DeliveryRow).where(col(DeliveryRow.state) == "sending", col(DeliveryRow.lease_until) <= now)
        ordered = wanted.order_by(col(DeliveryRow.lease_until), col(DeliveryRow.id))
        return self._all(ordered.offset(skip).limit(limit))

    def attempts(self, delivery: str) -> list[AttemptRow]:
        """All tries of a delivery, in their order."""
        wanted = select(AttemptRow).where(col(AttemptRow.delivery) == delivery)
        return self._all(wanted.order_by(col(AttemptRow.number)))

    # --- answers that are awaited -------------------------------------------------------------------------------------

    def due_reminders(self, now: datetime, limit: int = 100, skip: int = 0) -> list[DeliveryRow]:
        """Deliveries whose awaited answer a timer has to look at, longest due first, without the first `skip`."""
        wanted = select(DeliveryRow).where(_OWED, col(DeliveryRow.remind_at) <= now)
        ordered = wanted.order_by(col(DeliveryRow.remind_at), col(DeliveryRow.id))
        return self._all(ordered.offset(skip).limit(limit))

    def overdue(self, now: datetime, limit: int = 100) -> list[DeliveryRow]:
        """Deliveries whose answer did not come within the agreed time, longest over it first."""
        wanted = select(DeliveryRow).where(*_overdue(now))
        return self._all(wanted.order_by(col(DeliveryRow.answer_due_at), col(DeliveryRow.id)).limit(limit))

    def overdue_count(self, now: datetime) -> int:
        """How many those are."""
        return int(self._first(select(func.count()).select_from(DeliveryRow).where(*_overdue(now))))

    # --- lanes and circuits -------------------------------------------------------------------------------------------

    def lanes(self) -> list[LaneRow]:
        """All lanes, by agency and interaction."""
        return self._all(select(LaneRow).order_by(col(LaneRow.agency), col(LaneRow.interaction)))

    def all_endpoints(self) -> list[EndpointRow]:
        """The addresses of all agencies, by agency and interaction."""
        return self._all(select(EndpointRow).order_by(col(EndpointRow.agency), col(EndpointRow.interaction)))

    def circuits(self) -> list[CircuitRow]:
        """Everything noted about endpoints that failed, by agency and interaction."""
        return self._all(select(CircuitRow).order_by(col(CircuitRow.agency), col(CircuitRow.interaction)))

    def circuit(self, agency: str, interaction: str) -> CircuitRow | None:
        """What is noted about an endpoint, by the interaction that staff set it for (`*`: all of them)."""
        return self._get(CircuitRow, (agency, interaction))

    def lane_loads(self, now: datetime) -> dict[tuple[str, str], tuple[int, int]]:
        """How many deliveries wait in each lane, and how many a worker has in hand; lanes without any are missing."""
        mine = (col(DeliveryRow.agency), col(DeliveryRow.interaction))
        waiting = select(*mine, func.count()).where(col(DeliveryRow.state).in_(words(SENDABLE))).group_by(*mine)
        in_hand = select(*mine, func.count()).where(col(DeliveryRow.lease_until) > now).group_by(*mine)
        found: dict[tuple[str, str], tuple[int, int]] = {(a, i): (count, 0) for a, i, count in self._all(waiting)}
        for agency, interaction, count in self._all(in_hand):
            found[agency, interaction] = (found.get((agency, interaction), (0, 0))[0], count)
        return found


_NOW = bindparam("now", type_=UtcDateTime)
_DUE_LANES = select(LaneRow.agency, LaneRow.interaction).where(
    exists().where(
        col(DeliveryRow.state).in_(words(SENDABLE)),
        col(DeliveryRow.due_at) <= _NOW,
        col(DeliveryRow.agency) == col(LaneRow.agency),
        col(DeliveryRow.interaction) == col(LaneRow.interaction),
    )
)
_NEXT_DUE = select(func.min(DeliveryRow.due_at)).where(
    col(DeliveryRow.state).in_(words(SENDABLE)), col(DeliveryRow.due_at) > _NOW
)


def _overdue(now: datetime) -> tuple[Any, ...]:
    return (_OWED, col(DeliveryRow.answer_due_at) <= now)


def _in(states: Collection[str] | None) -> tuple[Any, ...]:
    """The condition that names the states; it also says that they are unfinished, where they are: there is an index."""
    if states is None:
        return ()
    named = col(DeliveryRow.state).in_(states)
    if set(states).isdisjoint(FINISHED):
        return (named, col(DeliveryRow.state).not_in(words(FINISHED)))
    return (named,)


def _meant(sought: Sought) -> tuple[Any, ...]:
    equal = (
        (DeliveryRow.agency, sought.agency),
        (DeliveryRow.interaction, sought.interaction),
        (DeliveryRow.outcome, sought.outcome),
    )
    found = [*_in(sought.states), *(col(column) == value for column, value in equal if value is not None)]
    if sought.cause is not None:
        found.append(col(DeliveryRow.cause).is_not(None))
    if sought.made_from is not None:
        found.append(col(DeliveryRow.made_at) >= sought.made_from)
    if sought.made_before is not None:
        found.append(col(DeliveryRow.made_at) < sought.made_before)
    return tuple(found)
