"""Claims of batches: which process works on which, for how long. A claim is a fence and a lease, as of deliveries.

Whoever dies with a batch in hand has written nothing that its fence does not guard; when its lease is over, another
takes the batch up where the last plan left it. A lease that lies further ahead than any that is given now, by more
than clocks may differ, was written before a clock was set back, and does not count.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, or_, select, update

from gateway.store.plan import table_of
from gateway.store.tables import BatchRow
from gateway.store.tables.outbox import words

LEASE = timedelta(seconds=30)
"""How long a claim holds; each portion of work draws it out."""

CALL = timedelta(seconds=60)
"""The longest call to an agency that a claim of the office's own file is drawn out for, beside LEASE."""

APART = timedelta(seconds=30)

_BATCH = table_of(BatchRow)


def claim(connection: Connection, now: datetime, limit: int, states: Sequence[str]) -> list[str]:
    """Claim up to `limit` batches in one of these states, the longest due first; gives their ids."""
    free = or_(_BATCH.c.lease_until.is_(None), _BATCH.c.lease_until <= now, beyond_any_lease(now))
    wanted = select(_BATCH.c.id).where(_BATCH.c.state.in_(words(states)), _BATCH.c.due_at <= now, free)
    wanted = wanted.order_by(_BATCH.c.due_at, _BATCH.c.id)
    found = [row.id for row in connection.execute(wanted.limit(limit).with_for_update(skip_locked=True))]
    if found:
        taken = update(_BATCH).where(_BATCH.c.id.in_(found))
        connection.execute(taken.values(fence=_BATCH.c.fence + 1, lease_until=now + LEASE))
    return found


def beyond_any_lease(now: datetime) -> ColumnElement[bool]:
    """A lease that ends later than any that is given now."""
    return _BATCH.c.lease_until > now + LEASE + CALL + APART


def release(connection: Connection, batch: str, fence: int) -> None:
    """Give a batch back: another may claim it at once."""
    mine = (_BATCH.c.id == batch, _BATCH.c.fence == fence)
    connection.execute(update(_BATCH).where(*mine).values(lease_until=None))


def release_all(connection: Connection) -> None:
    """Take back every claim. For the only process on a store, as it begins."""
    connection.execute(update(_BATCH).where(_BATCH.c.lease_until.is_not(None)).values(lease_until=None))
