"""What holds once a plan is durable, without a thread that waits for the COMMIT.

A thread prepares, hands the plan to the unit of work, and is free for other work. Whoever wants the value asks the
outcome to tell it (`gateway.edge.crew` does so for exchanges).
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

from gateway.store.plan import Committed, Outcome, Plan

T = TypeVar("T")


def _nothing() -> None:
    return


@dataclass(frozen=True)
class Prepared(Generic[T]):
    """A plan that is ready, and the value that holds once it is durable.

    `durable` is called then, before the value is told, by the thread that committed: it neither waits nor raises.
    """

    plan: Plan
    value: T
    durable: Callable[[], None] = _nothing


@dataclass(frozen=True)
class Pending(Generic[T]):
    """What was `prepared` is on its way to the disk, and `outcome` tells how that ended.

    `otherwise` goes on when it was not committed: it reads and prepares again, so it belongs in a thread that may
    wait. It gives the value or what is pending in its turn, and raises as whoever began it says.
    """

    prepared: Prepared[T]
    outcome: Future[Outcome]
    otherwise: Callable[[], Going[T]]

    @property
    def is_durable(self) -> bool:
        """Whether the plan was committed. To be asked once the outcome is there."""
        return self.outcome.exception() is None and isinstance(self.outcome.result(), Committed)

    def take(self) -> T:
        """The value of what is durable."""
        self.prepared.durable()
        return self.prepared.value


def once_told(outcome: Future[Outcome], step: Callable[[], object]) -> None:
    """Have `step` called when the outcome is there, by the thread that commits, or here and now; `step` does not raise.

    The outcome lets go of it then. It keeps its callbacks for ever, and a step that holds the outcome in its turn would
    keep both, with all that was prepared, until the collector finds them.
    """
    held = [step]
    outcome.add_done_callback(lambda _outcome: held.pop()())


@dataclass(frozen=True)
class Waiting(Generic[T]):
    """There is nothing to tell yet and nothing to write: to be taken up `again` once something may be there for `whom`.

    It is waited for `seconds` at most, by whoever can wait without a thread. `again(last)` goes on as
    `Pending.otherwise` does; `last`: it is not waited for any more, and there is a value whatever is there.
    """

    whom: str
    seconds: float
    again: Callable[[bool], Going[T]]


Going: TypeAlias = T | Pending[T] | Waiting[T]
"""A value, what is on its way to become one, or what is waited for."""

Judged: TypeAlias = T | Prepared[T] | Waiting[T]
"""What a preparation comes to."""
