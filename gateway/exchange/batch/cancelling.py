"""A batch is ended before its end: what was done stands, what was put aside is given up, the rest is unread.

Staff end any batch. The hub ends an upload to which no byte was added for `ABANDONED_AFTER`: it counts against the
number of files that may be awaited, and would shut its agency out.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from gateway.casework.leaves import Leaves
from gateway.domain.errors import Refused
from gateway.exchange.batch.documents import ENDED, OUT, BatchState
from gateway.exchange.batch.moves import changed
from gateway.ledger.leaf import LeafKind
from gateway.store.conflicts import commit, prepared_again
from gateway.store.plan import Conflict, Delete, Plan
from gateway.store.reading import Reader
from gateway.store.tables import BatchHeldRow, BatchRow
from gateway.store.unit_of_work import UnitOfWork
from gateway.store.vault import Vault

ABANDONED_AFTER = timedelta(days=7)
AT_ONCE = 20
"""Uploads that one look gives up, at most."""


class Cancelling:
    """Cancels batches. Safe to use from many threads."""

    def __init__(
        self, reader: Reader, unit_of_work: UnitOfWork, leaves: Leaves, vault: Vault, clock: Callable[[], datetime]
    ) -> None:
        self._reader = reader
        self._vault = vault
        self._unit_of_work = unit_of_work
        self._leaves = leaves
        self._clock = clock

    def cancel(self, batch: str, reason: str, actor: str) -> None:
        """Cancel a batch that has not ended; whoever works on it loses its claim.

        An agency that has begun to take the office's file is not told: that is for staff to do.
        Raises Refused `batch-unknown`, `batch-state`.
        """
        prepared_again(lambda: self._cancel(batch, reason, actor))

    def _cancel(self, batch: str, reason: str, actor: str) -> None:
        row = self._reader.batch(batch)
        if row is None:
            raise unknown_batch(batch)
        if row.state in ENDED or row.ends_as == BatchState.CANCELLED:
            raise Refused(f"batch {row.id} is {row.ends_as or row.state} already", code="batch-state")
        commit(self._unit_of_work, self._plan(row, reason, actor))

    def give_up_abandoned(self) -> bool:
        """End uploads that nobody goes on with; whether there may be more. Raises HubBusy.

        A byte that comes meanwhile wins: that upload goes on.
        """
        rows = self._reader.abandoned_uploads(self._clock() - ABANDONED_AFTER, AT_ONCE)
        reason = f"no byte came for {ABANDONED_AFTER.days} days: announce the file anew under another name"
        ended = [self._unit_of_work.commit(self._plan(each, reason, "hub", received=each.received)) for each in rows]
        return len(ended) == AT_ONCE and not any(isinstance(each, Conflict) for each in ended)

    def _plan(self, row: BatchRow, reason: str, actor: str, **expected: object) -> Plan:
        """Guarded by claim and state alone: whoever works on it may commit as many portions as they like."""
        now = self._clock()
        values: dict[str, object] = {
            "state": (BatchState.ENDING if row.direction == OUT else BatchState.CLOSING).value,
            "ends_as": BatchState.CANCELLED.value,
            "cause": reason,
            "due_at": now,
            "lease_until": None,
            "fence": row.fence + 1,
        }
        expected |= {"state": row.state, "fence": row.fence}
        said = {"step": "batch-cancelled"}
        leaf = self._leaves.make(LeafKind.STAFF, at=now, actor=actor, exchange=row.id, extra=said)
        plan = Plan.of(leaf.row)
        if BatchState.MAKING in (row.state, row.stopped_in):  # cases that were to be tried again: nothing of them left
            values["held"] = 0
            plan += Plan.of(Delete(BatchHeldRow, {"batch": row.id}))
        return changed(self._vault, row, expected, values) + plan


def unknown_batch(batch: str) -> Refused:
    """The refusal of an id that no batch has."""
    return Refused(f"no batch {batch[:64]!r} is known: see `simojo batch list`", code="batch-unknown")
