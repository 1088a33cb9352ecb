"""Prepare again when the world changed between reading and committing.

`prepared_again` waits for each COMMIT in the thread that prepares, `begun` hands the plan over and goes away.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from tenacity import Retrying, retry_if_exception_type, stop_after_attempt

from gateway.domain.errors import HubBusy
from gateway.store.pending import Going, Judged, Pending, Prepared
from gateway.store.plan import Conflict, Outcome, Plan
from gateway.store.unit_of_work import Submissions, UnitOfWork

T = TypeVar("T")

PREPARATIONS = 32
"""A message that loses its race this often stands in a crowd; its sender is asked to come again."""


class Moved(HubBusy):
    """A guard of the plan did not hold. Leaves this layer as HubBusy, once preparing again has not helped."""

    default_code = "hub-busy"


def commit(unit_of_work: UnitOfWork, plan: Plan) -> None:
    """Commit, or raise Moved."""
    _check(unit_of_work.commit(plan))


def prepared_again(prepare: Callable[[], T]) -> T:
    """Run `prepare`, which reads, plans and commits, until its guards hold: at most PREPARATIONS times."""
    try:
        return prepare()  # nearly always enough
    except Moved:
        pass
    again = stop_after_attempt(PREPARATIONS - 1)
    for attempt in Retrying(retry=retry_if_exception_type(Moved), stop=again, reraise=True):
        with attempt:
            return prepare()
    raise AssertionError("Retrying either returns or raises")


def begun(prepare: Callable[[], Judged[T]], unit_of_work: Submissions) -> Going[T]:
    """Run `prepare` and hand over its plan; again when its guards did not hold, PREPARATIONS times in all.

    A value without a plan is given as it is, and so is what is waited for. Raises whatever `prepare` raises, Moved only
    in the end, and HubBusy when the store cannot write; so does going on (`Pending.otherwise`).
    """
    return _attempt(prepare, unit_of_work, PREPARATIONS)


def _attempt(prepare: Callable[[], Judged[T]], unit_of_work: Submissions, tries: int) -> Going[T]:
    for left in range(tries - 1, -1, -1):
        try:
            prepared = prepare()
        except Moved:
            if not left:
                raise
        else:
            return _handed_over(prepared, prepare, unit_of_work, left)
    raise AssertionError("the last try returns or raises")


def _handed_over(
    prepared: Judged[T], prepare: Callable[[], Judged[T]], unit_of_work: Submissions, left: int
) -> Going[T]:
    if not isinstance(prepared, Prepared):
        return prepared
    outcome = unit_of_work.submit(prepared.plan)
    held = [outcome]  # taken out when it is asked: its fault would hold this frame, and so itself and the message

    def otherwise() -> Going[T]:
        try:
            _check(held.pop().result())
        except Moved:
            if not left:
                raise
        return _attempt(prepare, unit_of_work, left)

    return Pending(prepared, outcome, otherwise)


def _check(outcome: Outcome) -> None:
    if isinstance(outcome, Conflict):
        name = outcome.change.model.__name__
        raise Moved(f"other changes came first ({name}); nothing was kept, send again in a moment", after_s=1)
