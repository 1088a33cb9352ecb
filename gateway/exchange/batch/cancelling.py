"""Staff end a batch: what was done stands, what was put aside is given up, the rest is unread."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from gateway.casework.leaves import Leaves
from gateway.domain.errors import Refused
from gateway.exchange.batch.documents import ENDED, BatchState
from gateway.ledger.leaf import LeafKind
from gateway.store.conflicts import commit, prepared_again
from gateway.store.plan import Plan, Update
from gateway.store.reading import Reader
from gateway.store.tables import BatchRow
from gateway.store.unit_of_work import UnitOfWork


class Cancelling:
    """Cancels batches. Safe to use from many threads."""

    def __init__(self, reader: Reader, unit_of_work: UnitOfWork, leaves: Leaves, clock: Callable[[], datetime]) -> None:
        self._reader = reader
        self._unit_of_work = unit_of_work
        self._leaves = leaves
        self._clock = clock

    def cancel(self, batch: str, reason: str, actor: str) -> None:
        """Cancel a batch that has not ended; whoever works on it loses its claim.

        Raises Refused `batch-unknown`, `batch-state`.
        """
        prepared_again(lambda: self._cancel(batch, reason, actor))

    def _cancel(self, batch: str, reason: str, actor: str) -> None:
        row = self._reader.batch(batch)
        if row is None:
            raise unknown_batch(batch)
        if row.state in ENDED or row.ends_as == BatchState.CANCELLED:
            raise Refused(f"batch {row.id} is {row.ends_as or row.state} already", code="batch-state")
        now = self._clock()
        values: dict[str, object] = {
            "state": BatchState.CLOSING.value,
            "ends_as": BatchState.CANCELLED.value,
            "cause": reason,
            "due_at": now,
            "lease_until": None,
            "fence": row.fence + 1,
        }
        expected = {"state": row.state, "fence": row.fence, "read": row.read, "received": row.received}
        said = {"step": "batch-cancelled"}
        leaf = self._leaves.make(LeafKind.STAFF, at=now, actor=actor, exchange=row.id, extra=said)
        commit(self._unit_of_work, Plan.of(Update(BatchRow, {"id": row.id}, expected, values), leaf.row))


def unknown_batch(batch: str) -> Refused:
    """The refusal of an id that no batch has."""
    return Refused(f"no batch {batch[:64]!r} is known: see `simojo batch list`", code="batch-unknown")
