"""What the unit of work does for everybody else."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Protocol, TypeVar

from sqlalchemy import Connection

from gateway.store.plan import Outcome, Plan

T = TypeVar("T")


class UnitOfWork(Protocol):
    """Commits plans, from any thread."""

    def commit(self, plan: Plan) -> Outcome:
        """Write `plan` whole, durably, or not at all.

        Raises HubBusy when the store cannot write now; with the code `commit-unknown` when the database went away
        during the COMMIT itself, so that only reading tells whether the plan was kept.
        """
        ...

    def close(self) -> None:
        """Finish what waits and stop."""
        ...


class Submissions(Protocol):
    """Takes plans from threads that do not wait for the COMMIT."""

    def submit(self, plan: Plan) -> Future[Outcome]:
        """Hand `plan` over and do not wait: the outcome is told after COMMIT, with HubBusy as `commit` raises it.

        Raises HubBusy at once when too many plans wait. Callbacks of the outcome run in the thread that commits.
        """
        ...


class Transactions(Protocol):
    """Runs writing transactions, from any thread: for what no plan can say."""

    def within(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in a writing transaction that commits when it returns, and give what it gave.

        For rows that are chosen while they are locked (claims of deliveries). `work` may be run again when the
        database could not serialize it with others: it must change nothing but the database. Raises HubBusy as
        `commit` does, and whatever `work` raises, after which nothing is kept.
        """
        ...


class Writing(UnitOfWork, Transactions, Protocol):
    """Both, and how they fare."""

    def trouble(self) -> str:
        """Why the store, which may take small writes still, could not take the last plans that add rows: a sentence.

        "" once it has taken such plans, and when some seconds have passed since (`trouble.STANDS_S`).
        """
        ...
