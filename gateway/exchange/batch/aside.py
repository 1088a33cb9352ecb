"""What staff decide about records that are put aside: try them again now, or give them up.

No record fails by itself, since the fault is the hub's. Those of an adapter that cannot take them wait until it is
mended; the batch does not end before. Whoever works on the batch loses its claim, as when it is cancelled: what it
prepared by the records as they stood is not committed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from gateway.casework.leaves import Leaves
from gateway.domain.errors import Refused
from gateway.exchange.batch.cancelling import unknown_batch
from gateway.exchange.batch.documents import BatchState
from gateway.exchange.batch.portions import GIVEN_UP
from gateway.ledger.leaf import LeafKind
from gateway.store.conflicts import commit, prepared_again
from gateway.store.plan import Plan, Update
from gateway.store.reading import Reader
from gateway.store.sealed_rows import sealed
from gateway.store.tables import BatchHeldRow, BatchRow
from gateway.store.unit_of_work import UnitOfWork
from gateway.store.vault import Vault

MOST = 10_000
"""Records that one deed decides about; more are never put aside."""


class PutAside:
    """Decides about records that are put aside. Each deed is a leaf that names who did it, by pseudonym."""

    def __init__(
        self, reader: Reader, unit_of_work: UnitOfWork, leaves: Leaves, vault: Vault, clock: Callable[[], datetime]
    ) -> None:
        self._reader = reader
        self._vault = vault
        self._unit_of_work = unit_of_work
        self._leaves = leaves
        self._clock = clock

    def redrive(self, batch: str, actor: str) -> int:
        """Have all records that are put aside tried again now, with all their pauses anew; how many there are.

        Raises Refused `batch-unknown`, `nothing-put-aside`.
        """
        return prepared_again(lambda: self._decide(batch, actor, "batch-redriven", {"tries": 1}))

    def give_up(self, batch: str, reason: str, actor: str) -> int:
        """Let all records that are put aside fail; their agency reads the reason in the result. How many there are.

        Raises as `redrive` does.
        """
        values = {"tries": GIVEN_UP, "cause": reason}
        return prepared_again(lambda: self._decide(batch, actor, "batch-records-given-up", values))

    def _decide(self, batch: str, actor: str, step: str, values: Mapping[str, object]) -> int:
        row = self._reader.batch(batch)
        if row is None:
            raise unknown_batch(batch)
        if row.state == BatchState.MAKING:
            why = "is being made: cases that cannot be mapped are left out by themselves"
            raise Refused(f"batch {row.id} {why}", code="nothing-put-aside")
        held = [each for each in self._reader.held_records(batch, MOST) if each.tries != GIVEN_UP]
        if not held:
            raise Refused(f"no record of batch {row.id} is put aside", code="nothing-put-aside")
        now = self._clock()
        freed = Update(
            BatchRow,
            {"id": row.id},
            {"state": row.state, "fence": row.fence},
            {"due_at": now, "lease_until": None, "fence": row.fence + 1},
        )
        decided = Plan.merge(self._decided(row, each, {"due_at": now, **values}) for each in held)
        said: dict[str, str | int] = {"step": step, "records": len(held)}
        leaf = self._leaves.make(LeafKind.STAFF, at=now, actor=actor, exchange=row.id, extra=said)
        commit(self._unit_of_work, Plan.of(freed) + decided + Plan.of(leaf.row))
        return len(held)

    def _decided(self, batch: BatchRow, held: BatchHeldRow, values: Mapping[str, object]) -> Plan:
        key = {"batch": batch.id, "number": held.number}
        told = sealed(self._vault, BatchHeldRow, key, values, at=batch.made_at)
        return told.plan + Plan.of(Update(BatchHeldRow, key, {"tries": held.tries}, told.values))
