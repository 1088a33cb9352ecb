"""Plans that wait share a transaction: one flush of the disk serves many exchanges.

A writer thread takes the plans that wait, checks their guards, leaves out those that no longer hold, writes the rest
in one transaction, and answers all of them only after COMMIT: an answer never leaves before its own plan is durable.
One thread writes, on a connection of its own. On PostgreSQL other processes write beside it; a second thread in one
process only takes turns with the first at the interpreter, and halves the batches (decision 0047).

When the store cannot write, every plan of the batch gets `HubBusy` and nothing is kept. When one plan is at fault (a
broken constraint), the plans of its batch are written one by one, so that it alone is refused. (No savepoint for each
plan: on SQLite a full disk inside one rolls the whole transaction back anyway.)
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import TypeAlias, TypeVar

from sqlalchemy import Connection, Engine

from gateway.store.engine import is_shared
from gateway.store.plan import Change, Committed, Outcome, Plan
from gateway.store.unit_of_work.transaction import Kept, busy, faults_of_the_store, is_fault_of_a_plan, run_whole
from gateway.store.unit_of_work.trouble import Trouble
from gateway.store.unit_of_work.waiting import Waiting, Work

T = TypeVar("T")

Settle: TypeAlias = Callable[[Connection, Sequence[Sequence[Change]]], list[Outcome]]


class GroupCommit:
    """The unit of work, on either engine. `batch` plans share a transaction at most; `queue` may wait.

    `seconds` counts seconds.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        batch: int = 128,
        queue: int = 4096,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settle = _settle_of(engine)
        self._kept = Kept(engine)
        # On SQLite one transaction of this process follows the other; on PostgreSQL they need not wait for each other.
        self._beside: Engine | Kept = engine if is_shared(engine) else self._kept
        self._waiting = Waiting(batch=batch, limit=queue)
        self._trouble = Trouble(seconds)
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
        self._thread.start()

    def commit(self, plan: Plan) -> Outcome:
        """Hand `plan` to the writer and wait for its COMMIT. Raises as `submit` and its future do."""
        return self.submit(plan).result()

    def submit(self, plan: Plan) -> Future[Outcome]:
        """Hand `plan` to the writer; the future is done after COMMIT, with HubBusy when the store could not write.

        Plans are taken in the order in which they were submitted. Raises HubBusy at once when the queue is full or
        the store is closing, and ValueError for a plan that contradicts itself.
        """
        return self._waiting.put(plan)

    def within(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in a transaction of its own; the protocol says more."""
        try:
            return run_whole(self._beside, work)
        except faults_of_the_store() as error:
            raise busy(error) from error

    def trouble(self) -> str:
        """Why the last rows could not be written; the protocol says more."""
        return self._trouble.told()

    def close(self) -> None:
        """Write what waits, then end the writer."""
        self._waiting.close()
        self._thread.join()
        self._kept.close()

    def _run(self) -> None:
        while taken := self._waiting.take():
            self._write(taken)

    def _write(self, taken: Sequence[Work]) -> None:
        plans = [work.changes for work in taken]
        try:
            outcomes = run_whole(self._kept, lambda connection: self._settle(connection, plans))
        except BaseException as error:  # noqa: BLE001 - every waiting caller must learn of it, or it would wait for ever
            if len(taken) > 1 and is_fault_of_a_plan(error):
                for work in taken:
                    self._write([work])
                return
            self._trouble.met(plans, error)
            is_store = isinstance(error, faults_of_the_store())
            for work in taken:
                work.outcome.set_exception(busy(error) if is_store else error)  # each waiter raises one of its own
            return
        written = zip(plans, outcomes, strict=True)
        self._trouble.over(changes for changes, outcome in written if isinstance(outcome, Committed))
        for work, outcome in zip(taken, outcomes, strict=True):
            work.outcome.set_result(outcome)


def _settle_of(engine: Engine) -> Settle:
    """How plans are settled on this engine; of the two dialects a process loads the one that it has."""
    if engine.dialect.name == "sqlite":
        from gateway.store.unit_of_work import sqlite

        return sqlite.settle
    from gateway.store.unit_of_work import postgres

    return postgres.settle
