"""Dead letters: deliveries that were given up and wait for a person, who sends them again or cancels them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from gateway.casework.leaves import Leaves
from gateway.domain.errors import Refused
from gateway.ledger.leaf import LeafKind
from gateway.store.conflicts import commit, prepared_again
from gateway.store.plan import Plan, Update
from gateway.store.reading import Reader
from gateway.store.tables import DeliveryRow
from gateway.store.unit_of_work import UnitOfWork

DEAD, QUEUED, CANCELLED = "dead", "queued", "cancelled"
OPEN = ("queued", "not-sent", "unknown", "dead")
"""States in which a delivery can be cancelled: nobody is sending it at this moment."""


class Letters:
    """Redrive and cancel. Each is a leaf that names who did it, by pseudonym, and why."""

    def __init__(
        self,
        reader: Reader,
        unit_of_work: UnitOfWork,
        leaves: Leaves,
        clock: Callable[[], datetime],
        deliveries_made: Callable[[], None],
    ) -> None:
        self._reader = reader
        self._unit_of_work = unit_of_work
        self._leaves = leaves
        self._clock = clock
        self._deliveries_made = deliveries_made

    def redrive(self, delivery: str, actor: str) -> None:
        """Send a dead letter again, with all its attempts anew. Raises Refused `delivery-unknown`, `not-dead`."""
        self._change(delivery, (DEAD,), {"state": QUEUED, "due_at": self._clock(), "attempts": 0}, actor, "redriven")
        self._deliveries_made()

    def cancel(self, delivery: str, reason: str, actor: str) -> None:
        """Never send it; the next of its queue may go. Raises Refused `delivery-unknown`, `not-open`."""
        self._change(delivery, OPEN, {"state": CANCELLED, "cause": reason}, actor, "cancelled")
        self._deliveries_made()

    def _change(
        self, delivery: str, allowed: tuple[str, ...], values: dict[str, object], actor: str, step: str
    ) -> None:
        def prepare() -> None:
            row = self._reader.delivery(delivery)
            if row is None:
                raise Refused(f"no delivery {delivery[:64]!r} is known: check the id", code="delivery-unknown")
            if row.state not in allowed:
                raise Refused(
                    f"delivery {row.id} is {row.state}; only one that is {' or '.join(allowed)} can be {step}",
                    code="delivery-state",
                )
            leaf = self._leaves.make(
                LeafKind.STAFF,
                at=self._clock(),
                actor=actor,
                exchange=row.id,
                case_id=row.case_id,
                extra={"step": step},
            )
            guard = {"state": row.state, "fence": row.fence}
            commit(self._unit_of_work, Plan.of(Update(DeliveryRow, {"id": row.id}, guard, values), leaf.row))

        prepared_again(prepare)
