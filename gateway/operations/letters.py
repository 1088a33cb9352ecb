"""Dead letters: deliveries that were given up and wait for a person, who sends them again or cancels them.

One by its id, or all that a filter means. Of many, each is a plan of its own: whatever ends the process half-way,
every delivery is either done or as it was, and doing it again does the rest. What has changed since it was found (a
callback answered it, somebody else was quicker) is passed over. A count first shows what would be done.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from gateway.casework.leaves import Leaves
from gateway.domain.errors import Refused
from gateway.ledger.leaf import LeafKind
from gateway.store.conflicts import commit, prepared_again
from gateway.store.plan import Change, Plan, Update
from gateway.store.reading import Reader
from gateway.store.reads.outbox import Sought
from gateway.store.sealed_rows import sealed
from gateway.store.tables import AttemptRow, DeliveryRow
from gateway.store.unit_of_work import UnitOfWork
from gateway.store.vault import Vault

DEAD, QUEUED, CANCELLED = "dead", "queued", "cancelled"
COLLECTED = "collected"
OPEN = ("queued", "not-sent", "unknown", "laid-down", COLLECTED, "dead")
"""States in which a delivery can be cancelled: nobody is sending it at this moment.

An agency that has collected it is told so when it acknowledges it.
"""

PAGE = 100
"""How many deliveries of a filter are in memory at a time."""


@dataclass(frozen=True, kw_only=True)
class Many:
    """What became of the deliveries that a filter means: how many were done, and how many had changed meanwhile.

    `left` are those that the filter still means, because no more than the limit were to be done.
    """

    done: int
    passed_over: int
    left: int


class Letters:
    """Redrive and cancel. Each is a leaf that names who did it, by pseudonym, and why."""

    def __init__(
        self,
        reader: Reader,
        unit_of_work: UnitOfWork,
        leaves: Leaves,
        vault: Vault,
        clock: Callable[[], datetime],
        deliveries_made: Callable[[], None],
    ) -> None:
        self._reader = reader
        self._unit_of_work = unit_of_work
        self._leaves = leaves
        self._vault = vault
        self._clock = clock
        self._deliveries_made = deliveries_made

    def redrive(self, delivery: str, actor: str) -> None:
        """Send a dead letter again, with all its attempts anew. Raises Refused `delivery-unknown`, `not-dead`."""
        self._redrive(delivery, actor)
        self._deliveries_made()

    def cancel(self, delivery: str, reason: str, actor: str) -> None:
        """Never send it; the next of its queue may go. Raises Refused `delivery-unknown`, `not-open`."""
        self._cancel(delivery, reason, actor)
        self._deliveries_made()

    def counts(self, sought: Sought) -> dict[tuple[str, str, str], int]:
        """How many deliveries a filter means, by agency, interaction and outcome: to be shown before anything is done.

        Without states it means dead letters.
        """
        return self._reader.sought_counts(_dead_unless_named(sought, (DEAD,)))

    def redrive_many(self, sought: Sought, actor: str, limit: int) -> Many:
        """Send all dead letters again that the filter means, the oldest first, at most `limit`."""
        meant = _dead_unless_named(sought, (DEAD,))
        return self._each(meant, limit, lambda delivery: self._redrive(delivery, actor))

    def cancel_many(self, sought: Sought, reason: str, actor: str, limit: int) -> Many:
        """Never send what the filter means (dead letters, unless it names states), the oldest first, at most `limit`.

        Raises Refused `delivery-state` for states in which nothing can be cancelled.
        """
        meant = _dead_unless_named(sought, OPEN)
        return self._each(meant, limit, lambda delivery: self._cancel(delivery, reason, actor))

    # --- within ---------------------------------------------------------------------------------------------------

    def _redrive(self, delivery: str, actor: str) -> None:
        values: dict[str, object] = {"state": QUEUED, "due_at": self._clock(), "attempts": 0, "lease_until": None}
        self._change(delivery, (DEAD,), values, actor, "redriven")

    def _cancel(self, delivery: str, reason: str, actor: str) -> None:
        values: dict[str, object] = {"state": CANCELLED, "cause": reason, "lease_until": None}
        self._change(delivery, OPEN, values, actor, "cancelled")

    def _each(self, sought: Sought, limit: int, deed: Callable[[str], None]) -> Many:
        done = passed_over = 0
        for delivery in self._ids(sought, limit):
            try:
                deed(delivery)
            except Refused:  # it was answered, or somebody else was quicker
                passed_over += 1
            else:
                done += 1
        self._deliveries_made()
        return Many(done=done, passed_over=passed_over, left=sum(self._reader.sought_counts(sought).values()))

    def _ids(self, sought: Sought, limit: int) -> Iterator[str]:
        last: tuple[datetime, str] | None = None
        while limit > 0:
            rows = self._reader.sought(sought, min(PAGE, limit), last)
            if not rows:
                return
            limit -= len(rows)
            last = rows[-1].made_at, rows[-1].id
            yield from (row.id for row in rows)

    def _change(
        self, delivery: str, allowed: Collection[str], values: dict[str, object], actor: str, step: str
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
            key = {"id": row.id}
            told = sealed(self._vault, DeliveryRow, key, values, case_id=row.case_id, at=row.made_at)
            changed = Update(DeliveryRow, key, guard, told.values)
            ends = _attempt_ends(row, step, self._clock())
            commit(self._unit_of_work, told.plan + Plan.of(changed, leaf.row, *ends))

        prepared_again(prepare)


def _attempt_ends(row: DeliveryRow, step: str, at: datetime) -> Iterator[Change]:
    """Of what an agency has collected an attempt is under way; who took it stays."""
    if row.state == COLLECTED:
        ended = {"ended_at": at, "outcome": step}
        yield Update(AttemptRow, {"delivery": row.id, "number": row.last_attempt}, {"outcome": None}, ended)


def _dead_unless_named(sought: Sought, allowed: Collection[str]) -> Sought:
    states = sought.states or (DEAD,)
    wrong = set(states) - set(allowed)
    if wrong:
        raise Refused(
            f"deliveries that are {', '.join(sorted(wrong))} cannot be changed so; only {', '.join(allowed)}",
            code="delivery-state",
        )
    return replace(sought, states=tuple(states))
