"""How a claimed batch moves on: plans that hold only while the claim does."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from gateway.domain.errors import HubBusy
from gateway.exchange.batch.hands import Hand
from gateway.store.plan import Conflict, Outcome, Plan, Update
from gateway.store.reading import Reader
from gateway.store.sealed_rows import sealed
from gateway.store.tables import BatchRow
from gateway.store.unit_of_work import UnitOfWork
from gateway.store.unit_of_work.transaction import is_fault_of_a_plan
from gateway.store.vault import Vault

_NOTHING = Plan()


def changed(vault: Vault, row: BatchRow, expected: Mapping[str, object], values: Mapping[str, object]) -> Plan:
    """New values for the row of a batch that still has the `expected` ones."""
    key = {"id": row.id}
    told = sealed(vault, BatchRow, key, values, at=row.made_at)
    return told.plan + Plan.of(Update(BatchRow, key, expected, told.values))


class Lost(Exception):
    """Somebody else has the batch now: staff who cancelled it, or a process that thought this one dead."""


class Unwritable(Exception):
    """The store does not take a value of the plan, and never will."""


class Moves:
    """Commits what one process decides about its batches."""

    def __init__(self, reader: Reader, vault: Vault, unit_of_work: UnitOfWork) -> None:
        self._reader = reader
        self._vault = vault
        self._unit_of_work = unit_of_work

    def guarded(self, hand: Hand, **values: object) -> Plan:
        """New values for the row of a batch, while the claim holds."""
        row = hand.row
        return changed(self._vault, row, {"fence": hand.fence, "state": row.state, "read": row.read}, values)

    def carry_out(self, plan: Plan) -> None:
        """Commit what stands on the claim alone. Raises Lost, HubBusy."""
        if isinstance(self._unit_of_work.commit(plan), Conflict):
            raise Lost

    def try_out(self, plan: Plan) -> Outcome:
        """Commit what others may have been before at. Raises Unwritable, HubBusy."""
        try:
            return self._unit_of_work.commit(plan)
        except HubBusy as busy:
            if busy.__cause__ is not None and is_fault_of_a_plan(busy.__cause__):
                raise Unwritable from busy
            raise

    def reread(self, hand: Hand) -> None:
        """See the batch as it stands now. Raises Lost when the claim does not hold any more."""
        row = self._reader.batch(hand.row.id)
        if row is None or row.fence != hand.fence or row.state != hand.row.state:
            raise Lost
        hand.row = row

    def moved(self, hand: Hand, more: Plan = _NOTHING, **values: object) -> None:
        """Give the batch its next state, for which another digest begins, and do `more`. Raises Lost, HubBusy."""
        self.carry_out(self.guarded(hand, **values) + more)
        hand.digest, hand.digested = hashlib.sha256(), 0
        hand.let_go()
