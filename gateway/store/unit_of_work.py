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
from collections.abc import Hashable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Protocol

from sqlalchemy import ColumnElement, Connection, Engine, Select, Table, and_, bindparam, insert, literal, select
from sqlalchemy import delete as sql_delete
from sqlalchemy import update as sql_update
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import SQLModel

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
    distinct,
    standing_on,
    table_of,
)


class UnitOfWork(Protocol):
    """Commits plans, from any thread."""

    def commit(self, plan: Plan) -> Outcome:
        """Write `plan` whole, durably, or not at all. Raises HubBusy when the store cannot write now."""
        ...

    def close(self) -> None:
        """Finish what waits and stop."""
        ...


@dataclass(frozen=True)
class _Work:
    """A plan that waits: its changes, the rows it stands on, and where its outcome is told."""

    changes: tuple[Change, ...]
    on: frozenset[Hashable]
    outcome: Future[Outcome] = field(default_factory=Future)


class SingleWriter:
    """The unit of work of an engine with one writer (SQLite)."""

    def __init__(self, engine: Engine, *, batch: int = 128, queue: int = 4096) -> None:
        self._engine = engine
        self._batch = batch
        self._limit = queue
        self._waiting: deque[_Work] = deque()
        self._wake = threading.Condition()
        self._closed = False
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
        work = _Work(distinct(plan), standing_on(plan))
        with self._wake:
            if self._closed:
                raise HubBusy("the store is closing; send again in a moment", after_s=5)
            if len(self._waiting) >= self._limit:
                raise HubBusy("more changes wait for the store than it can take; send again in a moment", after_s=1)
            self._waiting.append(work)
            self._wake.notify()
        return work.outcome

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

    def _take(self) -> list[_Work]:
        """The next plans, up to the first that stands on a row that an earlier one of them stands on."""
        taken: list[_Work] = []
        standing: set[Hashable] = set()
        while self._waiting and len(taken) < self._batch:
            if not standing.isdisjoint(self._waiting[0].on):
                break
            standing |= self._waiting[0].on
            taken.append(self._waiting.popleft())
        return taken

    def _write(self, taken: Sequence[_Work]) -> None:
        outcomes: list[Outcome] = []
        try:
            with whole(self._engine) as connection:
                held: list[Change] = []
                for work in taken:
                    broken = next((change for change in work.changes if not _holds(connection, change)), None)
                    outcomes.append(Committed() if broken is None else Conflict(broken))
                    if broken is None:
                        held.extend(work.changes)
                _execute(connection, held)
        except (SQLAlchemyError, OSError) as error:
            for work in taken:
                work.outcome.set_exception(_busy(error))
            return
        except BaseException as error:  # noqa: BLE001 - every waiting caller must learn of it, or it would wait for ever
            for work in taken:
                work.outcome.set_exception(error)
            return
        for work, outcome in zip(taken, outcomes, strict=True):
            work.outcome.set_result(outcome)


@contextmanager
def whole(engine: Engine) -> Iterator[Connection]:
    """One writing transaction: committed when the block ends, undone whole when it raises."""
    with engine.connect() as connection:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        try:
            yield connection
            connection.exec_driver_sql("COMMIT")
        except BaseException:
            # A full disk has undone the transaction already; then this has nothing left to undo.
            with suppress(SQLAlchemyError):
                connection.exec_driver_sql("ROLLBACK")
            raise


def _busy(error: Exception) -> HubBusy:
    fault = HubBusy(f"the store cannot write now ({type(error).__name__}); nothing was kept, send again", after_s=5)
    fault.__cause__ = error
    return fault


def _holds(connection: Connection, change: Change) -> bool:
    """Whether a guard still holds; a change that is no guard always does."""
    match change:
        case Claim(model=model, key=key, values=values):
            return not _exists(connection, model, {name: values[name] for name in key})
        case Update(model=model, key=key, expected=expected):
            return _exists(connection, model, {**key, **expected})
        case Delete(model=model, key=key, expected=expected) if expected is not None:
            return _exists(connection, model, {**key, **expected})
        case _:
            return True


def _exists(connection: Connection, model: type[SQLModel], row: Row) -> bool:
    # A comparison with null is another statement (IS NULL) than one with a value.
    shape = tuple((name, value is None) for name, value in row.items())
    return connection.execute(_probe(table_of(model), shape), row).first() is not None


@cache
def _probe(table: Table, shape: tuple[tuple[str, bool], ...]) -> Select[Any]:
    """The statement of a guard, built once for each set of columns: building costs more than running it."""
    terms = (table.c[name].is_(None) if null else table.c[name] == bindparam(name) for name, null in shape)
    return select(literal(1)).where(and_(*terms)).limit(1)


def _execute(connection: Connection, changes: Sequence[Change]) -> None:
    """Write all changes. New rows for one table go in one statement, and so do changes of rows with the same columns.

    They wait for each other's end only where order shows: before rows of their table go or are counted.
    """
    rows: dict[tuple[Table, tuple[str, ...]], list[Row]] = {}
    updates: dict[tuple[Table, tuple[str, ...], tuple[str, ...]], list[Update]] = {}
    for change in changes:
        table = table_of(change.model)
        match change:
            case Insert(values=values) | Claim(values=values):
                rows.setdefault((table, tuple(values)), []).append(values)
            case Update(values=values) if not values:
                pass  # a guard alone
            case Update(key=key, values=values):
                updates.setdefault((table, tuple(key), tuple(values)), []).append(change)
            case Delete(key=key):
                _flush(connection, rows, updates)
                connection.execute(sql_delete(table).where(_match(table, key)))
            case Add():
                _flush(connection, rows, updates)
                _add(connection, table, change)
    _flush(connection, rows, updates)


def _flush(
    connection: Connection,
    rows: dict[tuple[Table, tuple[str, ...]], list[Row]],
    updates: dict[tuple[Table, tuple[str, ...], tuple[str, ...]], list[Update]],
) -> None:
    for (table, key, columns), same in updates.items():
        where = and_(*(table.c[name] == bindparam(f"key_{name}") for name in key))
        statement = sql_update(table).where(where).values({name: bindparam(f"new_{name}") for name in columns})
        connection.execute(statement, [_bound("key", each.key) | _bound("new", each.values) for each in same])
    for (table, _), many in rows.items():
        connection.execute(insert(table), [dict(row) for row in many])
    updates.clear()
    rows.clear()


def _bound(side: str, row: Row) -> dict[str, Any]:
    return {f"{side}_{name}": value for name, value in row.items()}


def _add(connection: Connection, table: Table, change: Add) -> None:
    column = table.c[change.column]
    more = sql_update(table).where(_match(table, change.key)).values({column: column + change.amount})
    if connection.execute(more).rowcount == 0:
        connection.execute(insert(table), [{**change.key, change.column: change.amount}])


def _match(table: Table, row: Row) -> ColumnElement[bool]:
    return and_(*(table.c[name] == value for name, value in row.items()))
