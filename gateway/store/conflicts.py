"""Prepare again when the world changed between reading and committing."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from tenacity import Retrying, retry_if_exception_type, stop_after_attempt

from gateway.domain.errors import HubBusy
from gateway.store.plan import Conflict, Plan
from gateway.store.unit_of_work import UnitOfWork

T = TypeVar("T")

PREPARATIONS = 32
"""A message that loses its race this often stands in a crowd; its sender is asked to come again."""


class Moved(HubBusy):
    """A guard of the plan did not hold. Leaves this layer as HubBusy, once preparing again has not helped."""

    default_code = "hub-busy"


def commit(unit_of_work: UnitOfWork, plan: Plan) -> None:
    """Commit, or raise Moved."""
    outcome = unit_of_work.commit(plan)
    if isinstance(outcome, Conflict):
        name = outcome.change.model.__name__
        raise Moved(f"other changes came first ({name}); nothing was kept, send again in a moment", after_s=1)


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
