"""What may be sent now, read and not claimed: for tests that deliver by hand."""

from __future__ import annotations

from datetime import datetime

from gateway.store.reading import Reader
from gateway.store.tables import DeliveryRow
from gateway.store.tables.outbox import PASSED, SENDABLE


def due_deliveries(reader: Reader, now: datetime) -> list[DeliveryRow]:
    """Of each queue its first that is not done, if it is due and nobody has it; oldest due first.

    Limits of lanes and open circuits do not count here.
    """
    heads: dict[str, DeliveryRow] = {}
    for row in sorted(reader.deliveries(limit=100_000), key=lambda each: each.position):
        if row.state not in PASSED:
            heads.setdefault(row.queue, row)
    free = (row for row in heads.values() if row.lease_until is None or row.lease_until <= now)
    due = (row for row in free if row.state in SENDABLE and row.due_at <= now)
    return sorted(due, key=lambda row: (row.due_at, row.id))
