"""The one place that commits.

On SQLite one thread writes. It takes the plans that wait, checks each plan's guards by reading, leaves out those
that no longer hold, writes the rest in one transaction, and answers all of them only after COMMIT. So one disk
flush serves many exchanges, and an answer never leaves before its own plan is durable. Two plans that stand on the
same row never share a transaction: the later one waits for the next, where its guards see the first one's effect.

Any exception fails the whole batch and keeps nothing: the callers get `HubBusy` and may send again. (No savepoint
for each plan: a full disk inside one rolls the whole transaction back anyway.)
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Hashable, Sequence
from concurrent.futures import Future
from typing import Protocol

from sqlalchemy import Connection, Engine, and_, insert, literal, select, update
from sqlalchemy import delete as sql_delete
from sqlalchemy.exc import SQLAlchemyError

from gateway.domain.errors import HubBusy
from gateway.store.plan import (
    Add,
    Change,
    Claim,
    Committed,
    Conflict,
    Delete,
    Insert,
    Outcome,
    Plan,
    Row,
    Update,
    table_of,
    touched,
)


class UnitOfWork(Protocol):
    """Commits plans, from any thread."""

    def commit(self, plan: Plan) -> Outcome:
        """Write `plan` whole, durably, or not at all. Raises HubBusy when the store cannot write now."""
        ...

    def close(self) -> None:
        """Finish what waits and stop."""
        ...


class SingleWriter:
    """The unit of work of an engine with one writer (SQLite)."""

    def __init__(self, engine: Engine, *, batch: int = 128, queue: int = 4096) -> None:
        self._engine = engine
        self._batch = batch
        self._limit = queue
        self._waiting: deque[tuple[Plan, Future[Outcome]]] = deque()
        self._wake = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
        self._thread.start()

    def commit(self, plan: Plan) -> Outcome:
        """Hand `plan` to the writer and wait for its COMMIT."""
        future: Future[Outcome] = Future()
        with self._wake:
            if self._closed:
                raise HubBusy("the store is closing; send again in a moment", after_s=5)
            if len(self._waiting) >= self._limit:
                raise HubBusy("more changes wait for the store than it can take; send again in a moment", after_s=1)
            self._waiting.append((plan, future))
            self._wake.notify()
        return future.result()

    def close(self) -> None:
        """Write what waits, then end the writer."""
        with self._wake:
            self._closed = True
            self._wake.notify()
        self._thread.join()

    def _run(self) -> None:
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self._waiting or self._closed)
                if not self._waiting:
                    return
                taken = self._take()
            self._write(taken)

    def _take(self) -> list[tuple[Plan, Future[Outcome]]]:
        """The next plans, up to the first that stands on a row that an earlier one of them stands on."""
        taken: list[tuple[Plan, Future[Outcome]]] = []
        standing: set[Hashable] = set()
        while self._waiting and len(taken) < self._batch:
            on = {key for change in self._waiting[0][0].changes if (key := touched(change)) is not None}
            if on & standing:
                break
            standing |= on
            taken.append(self._waiting.popleft())
        return taken

    def _write(self, taken: Sequence[tuple[Plan, Future[Outcome]]]) -> None:
        outcomes: list[Outcome] = []
        try:
            with self._engine.connect() as connection:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
                try:
                    held: list[Change] = []
                    for plan, _ in taken:
                        broken = next((change for change in plan.changes if not _holds(connection, change)), None)
                        outcomes.append(Committed() if broken is None else Conflict(broken))
                        if broken is None:
                            held.extend(plan.changes)
                    _execute(connection, held)
                    connection.exec_driver_sql("COMMIT")
                except BaseException:
                    connection.exec_driver_sql("ROLLBACK")
                    raise
        except (SQLAlchemyError, OSError) as error:
            fault = HubBusy(
                f"the store cannot write now ({type(error).__name__}); nothing was kept, send again", after_s=5
            )
            fault.__cause__ = error
            for _, future in taken:
                future.set_exception(fault)
            return
        except BaseException as error:  # noqa: BLE001 - every waiting caller must learn of it, or it would wait for ever
            for _, future in taken:
                future.set_exception(error)
            return
        for (_, future), outcome in zip(taken, outcomes, strict=True):
            future.set_result(outcome)


def _match(change: Change, row: Row) -> object:
    columns = table_of(change.model).c
    return and_(*(columns[name] == value for name, value in row.items()))


def _holds(connection: Connection, change: Change) -> bool:
    """Whether a guard still holds; a change that is no guard always does."""
    match change:
        case Claim(key=key, values=values):
            where = _match(change, {name: values[name] for name in key})
            return connection.execute(select(literal(1)).where(where)).first() is None  # type: ignore[arg-type]  # and_() of columns
        case Update(key=key, expected=expected):
            where = _match(change, {**key, **expected})
            return connection.execute(select(literal(1)).where(where)).first() is not None  # type: ignore[arg-type]  # and_() of columns
        case _:
            return True


def _execute(connection: Connection, changes: Sequence[Change]) -> None:
    """Write all changes; rows for one table go in one statement."""
    rows: dict[tuple[type, tuple[str, ...]], list[Row]] = {}
    for change in changes:
        match change:
            case Insert(model=model, values=values) | Claim(model=model, values=values):
                rows.setdefault((model, tuple(values)), []).append(values)
            case Update(model=model, key=key, values=values):
                connection.execute(update(table_of(model)).where(_match(change, key)).values(**values))  # type: ignore[arg-type]  # and_() of columns
            case Delete(model=model, key=key):
                connection.execute(sql_delete(table_of(model)).where(_match(change, key)))  # type: ignore[arg-type]  # and_() of columns
            case Add():
                _add(connection, change)
    for (model, _), many in rows.items():
        connection.execute(insert(table_of(model)), [dict(row) for row in many])


def _add(connection: Connection, change: Add) -> None:
    table = table_of(change.model)
    column = table.c[change.column]
    where = _match(change, change.key)
    done = connection.execute(update(table).where(where).values({column: column + change.amount}))  # type: ignore[arg-type]  # and_() of columns
    if done.rowcount == 0:
        connection.execute(insert(table), [{**change.key, change.column: change.amount}])
