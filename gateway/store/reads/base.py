"""How every question is asked: a session of its own, closed before the rows are handed out.

What every message asks is asked of the driver itself (`_one`, `_rows`): plain values to and fro.

Bodies are stored sealed (`gateway.store.sealing`) and come back opened, with the keys that a vault gives: no caller
sees a sealed one. A key is asked for anew in each question, so that one that was destroyed opens nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache, lru_cache
from typing import Any, TypeVar

from sqlalchemy import Dialect, Engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnection
from sqlmodel import Session, SQLModel

from gateway.domain.errors import HubBusy
from gateway.store.engine import is_shared
from gateway.store.faults import cause_of
from gateway.store.sealed_rows import SEALED, open_row
from gateway.store.sealing import Keys, Place, open_blob, open_text

UNREADABLE = "store-unreadable"
"""The code of HubBusy where a stored value is not one of its column's type: damage, which no waiting mends."""

IDLE = 64
"""So many connections to a SQLite file wait for a question at most: each holds files open, and pages that it read."""

RowType = TypeVar("RowType", bound=SQLModel)


class Reads:
    """Reads of one engine. Rows come back detached: whole, and tied to no session.

    Every read raises HubBusy when the database does not answer; with the code `store-unreadable`, and naming the
    table, where it answers with bytes that are not text or text that is not an instant.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        dbapi: Any = engine.dialect.dbapi
        self._driver_fault: type[Exception] = dbapi.Error
        self._faults: tuple[type[Exception], ...] = (DBAPIError, NoConnection, self._driver_fault)
        self._idle = None if is_shared(engine) else _Idle(engine)
        self._keys: Keys = _no_keys

    def open_with(self, keys: Keys) -> None:
        """Open bodies with these keys from now on; a vault says so when it is made."""
        self._keys = keys

    def _blob(self, stored: bytes, unit: str, table: str, name: str, keys: Keys | None = None) -> bytes:
        """A stored body, opened. Raises Shut when its key is gone, Tampered `sealed-damaged`."""
        return open_blob(stored, Place(unit, table, name), keys or self._keys)

    def _text(self, stored: str, unit: str, table: str, name: str, keys: Keys | None = None) -> str:
        """The same of a text."""
        return open_text(stored, Place(unit, table, name), keys or self._keys)

    def _keys_once(self) -> Keys:
        """The keys, each asked for once: for one question that has many rows."""
        return cache(self._keys)

    @contextmanager
    def _session(self, asked: Any) -> Iterator[Session]:
        with self._answering(asked), Session(self._engine) as session:
            yield session

    @contextmanager
    def _answering(self, asked: Any) -> Iterator[None]:
        try:
            yield
        except ValueError as error:  # from a column's type: a wrong parameter would be a StatementError
            raise _unreadable(asked) from error
        except self._faults as error:
            if "decode to UTF-8" in str(
                getattr(error, "orig", error)
            ):  # the words of sqlite3; what follows them is the stored value
                raise _unreadable(asked) from None
            raise HubBusy(f"the store cannot be read now ({cause_of(error)}); send again", after_s=5) from error

    def _get(self, model: type[RowType], key: object) -> RowType | None:
        """The row with this primary key (a tuple where the key has several columns)."""
        with self._session(model) as session:
            row = session.get(model, key)
        self._open([row])
        return row

    def _one(self, statement: Any, **values: object) -> Any:
        """The first row of a `select` of plain columns with these bound values, as a tuple, or None."""
        rows = self._rows(statement, **values)
        return rows[0] if rows else None

    def _rows(self, statement: Any, **values: object) -> Sequence[Any]:
        """All rows of such a `select`, which is worded once and handed to the driver as it is."""
        sql, own, order = _worded(statement, self._engine.dialect)
        named = own | values
        given = named if order is None else [named[name] for name in order]
        with self._answering(statement):
            return self._pooled(sql, given) if self._idle is None else self._idle.rows(sql, given)

    def _pooled(self, sql: str, given: Any) -> Sequence[Any]:
        connection = self._engine.raw_connection()
        try:
            cursor = connection.cursor()
            cursor.execute(sql, given)
            return cursor.fetchall()
        except self._driver_fault as error:
            connection.invalidate(error)
            raise
        finally:
            connection.close()

    def _plain(self, statement: Any, **values: object) -> Sequence[Any]:
        """All rows of such a `select` that has instants among its values or its columns."""
        with self._answering(statement), self._engine.connect() as connection:
            return connection.execute(statement, values).all()

    def _first(self, statement: Any) -> Any:
        """The first result of a SQLModel `select`, or None. The caller states the type: it wrote the statement."""
        with self._session(statement) as session:
            found = session.exec(statement).first()
        self._open([found])
        return found

    def _all(self, statement: Any) -> list[Any]:
        """All results of a SQLModel `select`, in its order."""
        with self._session(statement) as session:
            found = list(session.exec(statement).all())
        self._open(found)
        return found

    def _open(self, found: Sequence[Any]) -> None:
        """Open what is sealed of rows, each key asked for once. Where rows are read by columns, their reader does."""
        rows = [each for each in found if type(each) in SEALED]
        if rows:
            keys = self._keys_once()
            for row in rows:
                open_row(row, keys)


def _no_keys(_scope: str) -> bytes | None:
    raise RuntimeError("a sealed body is read without a vault: make one for this reader first")


class _Idle:
    """Connections to a SQLite file that wait for the next question: as many as were asked at once, `IDLE` at most.

    A connection to a file does not die and leaves nothing to be set back, which is what a pool looks after, at twice
    the price of a small question. They are closed with the engine, or by a question that fails.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._idle: deque[Any] = deque()  # its ends are safe to use from many threads
        self._disposals = 0
        event.listen(engine, "engine_disposed", self._disposed)

    def rows(self, sql: str, given: Any) -> Sequence[Any]:
        """The rows of one question. Raises as the driver does."""
        disposals = self._disposals
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = self._new()
        try:
            rows: Sequence[Any] = connection.execute(sql, given).fetchall()
        except Exception:
            connection.close()
            raise
        if len(self._idle) >= IDLE:
            connection.close()
            return rows
        self._idle.append(connection)
        if disposals != self._disposals:
            self._close()  # the engine was disposed of meanwhile, and did not see this one
        return rows

    def _new(self) -> Any:
        pooled = self._engine.raw_connection()
        connection = pooled.dbapi_connection
        pooled.detach()
        return connection

    def _disposed(self, _engine: Engine) -> None:
        self._disposals += 1  # before the closing: who gives a connection back after it sees that it has to close it
        self._close()

    def _close(self) -> None:
        while True:
            try:
                connection = self._idle.pop()
            except IndexError:  # asking whether there is one would be another thread's chance to take it
                return
            connection.close()


@lru_cache(maxsize=64)
def _worded(statement: Any, dialect: Dialect) -> tuple[str, dict[str, Any], Sequence[str] | None]:
    """The text of a statement, the values that it has itself, and their order where they have places and no names."""
    compiled = statement.compile(dialect=dialect)
    own = {name: value for name, value in compiled.params.items() if value is not None}
    return compiled.string, own, compiled.positiontup if compiled.positional else None


def _unreadable(asked: Any) -> HubBusy:
    """The error for a damaged value in what was asked for: a table's class, or a `select`."""
    if isinstance(asked, type):
        names = str(getattr(asked, "__tablename__", asked.__name__))
    else:
        names = ", ".join(str(getattr(each, "name", each)) for each in asked.get_final_froms())
    return HubBusy(f"table {names} holds a value that cannot be read: verify the ledger", code=UNREADABLE)
