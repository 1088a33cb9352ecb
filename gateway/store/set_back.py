"""Deliveries whose time was set by a clock that has been set back since: they are due by what that clock was ahead."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, select, update

from gateway.store.plan import table_of
from gateway.store.tables import DeliveryRow
from gateway.store.tables.outbox import SENDABLE, words

TIMED = (*SENDABLE, "collected")
"""States in which a delivery waits for its time: to be sent, or to be there for its agency again."""

_DELIVERY = table_of(DeliveryRow)
_AHEAD = select(_DELIVERY.c.id, _DELIVERY.c.due_at).where(_DELIVERY.c.state.in_(words(TIMED)))
_DRAWN_IN = (
    update(_DELIVERY)
    .where(
        _DELIVERY.c.id == bindparam("delivery"),
        _DELIVERY.c.due_at == bindparam("was", type_=_DELIVERY.c.due_at.type),
        _DELIVERY.c.state.in_(words(TIMED)),
    )
    .values(due_at=bindparam("becomes", type_=_DELIVERY.c.due_at.type))
)


def draw_in(connection: Connection, now: datetime, by: timedelta) -> int:
    """Let what is due later than now be due earlier by `by`, now at the earliest; gives how many deliveries.

    One that a right clock gave its time comes sooner than it need: that is a retry before its time, no more. What an
    agency itself asked for ("not before") stands in its lane and stays.
    """
    rows = connection.execute(_AHEAD.where(_DELIVERY.c.due_at > now)).all()
    changes = [{"delivery": row.id, "was": row.due_at, "becomes": max(now, row.due_at - by)} for row in rows]
    if changes:
        connection.execute(_DRAWN_IN, changes)
    return len(changes)
