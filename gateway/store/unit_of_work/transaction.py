"""Transactions: how one begins and ends on each engine, and what it means when it cannot."""

from __future__ import annotations

import sqlite3
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, OperationalError, SQLAlchemyError, StatementError
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random

from gateway.domain.errors import HubBusy
from gateway.store.engine import keep_pages
from gateway.store.faults import cause_of
from gateway.store.unit_of_work.statements import execute

T = TypeVar("T")

BEGIN = {"sqlite": "BEGIN IMMEDIATE", "postgresql": "BEGIN"}
WRITER_CACHE_KIB = 2000
"""Pages of SQLite's file that the connection keeps which writes: SQLite's own measure, for others see `engine`."""

TRIES = 8
"""How often a transaction is run that the database undoes in favour of another one."""

_UNDONE_FOR_ANOTHER = frozenset({"40001", "40P01"})
"""SQLSTATE serialization_failure and deadlock_detected: the same transaction may succeed when run again."""

_ENDED_BY_THE_SERVER = "57P0"
"""SQLSTATE 57P01 and its like: the server ends the session, whether it has committed by then or not."""


class CommitUnknown(Exception):
    """The database went away during COMMIT: it may have kept the transaction or not."""


def faults_of_the_store() -> tuple[type[BaseException], ...]:
    """What a transaction raises that is told as HubBusy; a driver's own errors too, where its words were used directly.

    psycopg is loaded with an engine for PostgreSQL: where it is not, it has raised nothing.
    """
    psycopg = sys.modules.get("psycopg")
    drivers = (sqlite3.Error,) if psycopg is None else (sqlite3.Error, psycopg.Error)
    return (SQLAlchemyError, *drivers, OSError, CommitUnknown)


class Kept:
    """One connection for one transaction after the other: who is second waits for the turn.

    SQLite keeps the pages that it read for as long as nobody else writes: through this connection it reads hardly any
    again. On PostgreSQL, what the pool does before and after would cost more than a small transaction itself. One on
    which something failed is given up; the pool makes sure of the next. Used after `close`, it keeps none.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._turn = threading.Lock()
        self._connection: Connection | None = None
        self._closed = False

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """The connection, for the length of the block; whoever else asks waits for its end, without polling."""
        with self._turn:
            is_new = self._connection is None
            connection = self._connection = self._connection or self._engine.connect()
            try:
                if is_new:
                    keep_pages(connection, WRITER_CACHE_KIB)
                yield connection
            except BaseException:
                self._give_up()
                raise
            if self._closed:
                self._give_up()

    def close(self) -> None:
        """Give the connection back."""
        with self._turn:
            self._closed = True
            self._give_up()

    def _give_up(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


@contextmanager
def whole(source: Engine | Kept) -> Iterator[Connection]:
    """One writing transaction: committed when the block ends, undone whole when it raises.

    Raises CommitUnknown when the connection was lost while it committed.
    """
    with source.connect() as connection:
        execute(connection, BEGIN[connection.dialect.name])
        try:
            yield connection
            _commit(connection)
        except BaseException:
            # A full disk has undone the transaction already, and a lost connection with it.
            with suppress(SQLAlchemyError):
                execute(connection, "ROLLBACK")
            raise


def run_whole(source: Engine | Kept, work: Callable[[Connection], T]) -> T:
    """Run `work` in one transaction; again, up to `TRIES` times, while the database undoes it for another one.

    Also again when the connection turns out to be dead before the COMMIT: the pool's may be older than the server.
    """
    try:
        with whole(source) as connection:
            return work(connection)  # nearly always enough
    except DBAPIError as error:
        if not _may_succeed_again(error):
            raise
    retry = Retrying(
        retry=retry_if_exception(_may_succeed_again),
        wait=wait_random(0, 0.02),
        stop=stop_after_attempt(TRIES - 1),
        reraise=True,
    )
    for attempt in retry:
        with attempt, whole(source) as connection:
            result = work(connection)
    return result


def is_fault_of_a_plan(error: BaseException) -> bool:
    """Whether what was written is at fault, not the store: a broken constraint, a value of the wrong type."""
    if isinstance(error, IntegrityError | DataError):
        return True
    if isinstance(error, StatementError) and not isinstance(error, DBAPIError):
        return True
    return not isinstance(error, faults_of_the_store())


def busy(error: BaseException) -> HubBusy:
    """What a caller is told when the store could not write."""
    if isinstance(error, CommitUnknown):
        fault = HubBusy(
            "the database went away while it committed: it may have kept this or not; send the same again",
            code="commit-unknown",
            after_s=5,
        )
    else:
        fault = HubBusy(f"the store cannot write now ({cause_of(error)}); nothing was kept, send again", after_s=5)
    fault.__cause__ = error
    return fault


def _may_succeed_again(error: BaseException) -> bool:
    if not isinstance(error, DBAPIError):
        return False
    return error.connection_invalidated or getattr(error.orig, "sqlstate", None) in _UNDONE_FOR_ANOTHER


def _commit(connection: Connection) -> None:
    try:
        execute(connection, "COMMIT")
    except OperationalError as error:
        # SQLite has undone what it could not commit. A server that is gone took the answer with it.
        if connection.dialect.name == "postgresql" and _tells_nothing(error):
            raise CommitUnknown from error
        raise


def _tells_nothing(error: OperationalError) -> bool:
    """Whether an error at COMMIT leaves open if it was done: PostgreSQL did not say, or ends the session."""
    state = getattr(error.orig, "sqlstate", None)
    return error.connection_invalidated or state is None or state.startswith(_ENDED_BY_THE_SERVER)
