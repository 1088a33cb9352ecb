"""Statements for many rows of one table, worded once and handed to the driver as they are.

The hot path of an exchange is mostly rows that are written: SQLAlchemy's own way of a statement to the driver costs
more interpreter time for each row than all else that is done with it. What a column's type does with a value is still
its own (`UtcDateTime` refuses a naive instant).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from itertools import chain, count
from typing import Any, TypeAlias

from sqlalchemy import Connection, Dialect, Table
from sqlalchemy.exc import DBAPIError, StatementError
from sqlalchemy.sql.schema import ScalarElementColumnDefault
from sqlalchemy.types import TypeEngine

from gateway.store.plan import Row
from gateway.store.types import Blob

Bind: TypeAlias = Callable[[Any], Any]

AT_ONCE = 64
"""Rows that one INSERT takes at most. A statement for many rows has few wordings, which the driver and the server
prepare once and keep: there are 20 sizes (1 to 8, then four to each doubling), so that two statements are enough."""

ASKED_AT_ONCE = 1024
"""Rows that one question asks for at most: SQLite takes 32,766 values."""


def execute(connection: Connection, sql: str, values: Sequence[Any] = ()) -> None:
    """Run a statement in the driver's own words (? on SQLite, $1 on PostgreSQL).

    Raises as SQLAlchemy does. A connection that is lost is given up, and no other is taken for it in silence: what was
    begun on it is gone.
    """
    if not connection.in_transaction():
        connection.begin()  # nothing is said to the database: this is what keeps SQLAlchemy from taking another one
    with _told(connection, sql, values):
        _cursor(connection).execute(sql, values)


def ask(connection: Connection, sql: str, values: Sequence[Any]) -> list[Any]:
    """Run such a statement that gives rows, and give all of them. Raises as `execute` does.

    SQLite looks for a row when it is fetched: what its disk does then is told like what happens at the first one.
    """
    if not connection.in_transaction():
        connection.begin()
    with _told(connection, sql, values):
        cursor = _cursor(connection)
        cursor.execute(sql, values)
        rows: list[Any] = cursor.fetchall()
    return rows


def insert_rows(connection: Connection, table: Table, columns: tuple[str, ...], rows: Sequence[Row]) -> None:
    """Insert rows that all have these columns, in their order; a column left out has its default."""
    for each, given in _inserts(connection, table, columns, rows):
        execute(connection, each, given)


def claim_rows(
    connection: Connection, table: Table, key: tuple[str, ...], columns: tuple[str, ...], rows: Sequence[Row]
) -> set[tuple[Any, ...]]:
    """Insert those of such rows whose key is free, in their order; gives the keys of what was inserted."""
    found: set[tuple[Any, ...]] = set()
    for each, given in _inserts(connection, table, columns, rows, key):
        found.update(ask(connection, each, given))
    return found


def update_rows(
    connection: Connection, table: Table, key: tuple[str, ...], columns: tuple[str, ...], rows: Iterable[Iterable[Any]]
) -> None:
    """Set columns of the rows at their keys; each of `rows` has the new values, then those of the key."""
    sql = _updating(connection.dialect, table, key, columns)
    given = list(rows)
    width = len(columns) + len(key)
    flat = _bound(connection, table, columns + key, given, sql)
    values = [flat[at : at + width] for at in range(0, len(flat), width)]
    with _told(connection, sql, values):
        _cursor(connection).executemany(sql, values)


def are_there(
    connection: Connection, table: Table, columns: tuple[str, ...], rows: Sequence[Sequence[Any]]
) -> list[bool]:
    """Whether there is a row with these values, for each of `rows`; a value of None asks for null. SQLite alone."""
    width = len(columns)
    found: list[bool] = []
    for first in range(0, len(rows), ASKED_AT_ONCE):
        portion = rows[first : first + ASKED_AT_ONCE]
        asked = _padded(portion)
        sql = _probing(connection.dialect, table, columns, len(asked))
        given = _bound(connection, table, columns, asked, sql)
        there = set(ask(connection, sql, given))
        found += [tuple(given[at : at + width]) in there for at in range(0, width * len(portion), width)]
    return found


def lock_rows(
    connection: Connection,
    table: Table,
    key: tuple[str, ...],
    shape: tuple[tuple[str, bool], ...],
    rows: Sequence[Sequence[Any]],
    *,
    alone: bool,
) -> set[tuple[Any, ...]]:
    """Lock the rows that have these values, in the order of their keys; gives the keys of those there are.

    `shape` names the columns and says which of them must be null: those have no value in `rows`. Rows that are only
    looked at (`alone`) are shared with others who look. PostgreSQL alone.
    """
    asked = _padded(rows)
    sql = _locking(connection.dialect, table, key, shape, len(asked), alone)
    columns = tuple(name for name, null in shape if not null)
    return set(ask(connection, sql, _bound(connection, table, columns, asked, sql)))


def _inserts(
    connection: Connection,
    table: Table,
    columns: tuple[str, ...],
    rows: Sequence[Row],
    key: tuple[str, ...] = (),
) -> Iterator[tuple[str, list[Any]]]:
    """The statements that insert these rows, each with its values; with a `key`, where it is free."""
    names, values = _defaults(table, columns)
    given = [row.values() for row in rows] if not values else [(*row.values(), *values) for row in rows]
    while given:
        size = _portion(len(given))
        sql = _inserting(connection.dialect, table, columns + names, size, key)
        yield sql, _bound(connection, table, columns + names, given[:size], sql)
        given = given[size:]


def _portion(rows: int) -> int:
    """How many of so many rows go in the next statement."""
    size = min(rows, AT_ONCE)
    return size - size % max(1, (1 << size.bit_length()) >> 3)


def _padded(rows: Sequence[Sequence[Any]]) -> list[Sequence[Any]]:
    """Questions, the last one asked again until they are a power of two: of the words that ask them there are few."""
    return [*rows, *[rows[-1]] * ((1 << (len(rows) - 1).bit_length()) - len(rows))]


def _cursor(connection: Connection) -> Any:
    """A cursor that takes a statement as it is: psycopg's usual one reads each long statement for its placeholders."""
    driver: Any = connection.connection.driver_connection
    library: Any = connection.dialect.dbapi  # psycopg, which SQLAlchemy has loaded
    return driver.cursor() if connection.dialect.paramstyle == "qmark" else library.RawCursor(driver)


def _bound(
    connection: Connection, table: Table, columns: tuple[str, ...], rows: Sequence[Iterable[Any]], sql: str
) -> list[Any]:
    """The values of rows that have these columns, one row after the other, as the driver takes them.

    Raises StatementError for a value that its column does not take, as SQLAlchemy does.
    """
    width = len(columns)
    flat = list(chain.from_iterable(rows))
    try:
        for at, bind in _binds(connection.dialect, table, columns):
            flat[at::width] = [bind(value) for value in flat[at::width]]
    except (ValueError, TypeError, AttributeError) as error:
        raise StatementError(str(error), sql, None, error) from error
    return flat


class _told:  # noqa: N801 - reads as what it does, and a generator would cost more than the statement
    """What the driver raises is told as SQLAlchemy tells it, and a connection that is lost by it is given up."""

    __slots__ = ("_connection", "_sql", "_values")

    def __init__(self, connection: Connection, sql: str, values: Any) -> None:
        self._connection = connection
        self._sql = sql
        self._values = values

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _trace: object) -> None:
        dialect = self._connection.dialect
        base: Any = dialect.dbapi
        if not isinstance(error, base.Error):
            return
        lost = dialect.is_disconnect(error, self._connection.connection.dbapi_connection, None)
        if lost:
            self._connection.invalidate(error)
        raise DBAPIError.instance(
            self._sql, self._values, error, base.Error, connection_invalidated=lost, dialect=dialect
        ) from error


@cache
def _defaults(table: Table, columns: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[Any, ...]]:
    """The columns that have a default of their own and are not given, and those defaults."""
    found = {
        each.name: each.default.arg
        for each in table.columns
        if each.name not in columns and isinstance(each.default, ScalarElementColumnDefault)
    }
    return tuple(found), tuple(found.values())


@cache
def _inserting(dialect: Dialect, table: Table, columns: tuple[str, ...], rows: int, key: tuple[str, ...]) -> str:
    quoted = ", ".join(_quoted(dialect, columns))
    sql = f"INSERT INTO {_name(dialect, table)} ({quoted}) VALUES {_places(dialect, columns, rows)}"  # noqa: S608 - our own names alone
    if not key:
        return sql
    names = ", ".join(_quoted(dialect, key))
    return f"{sql} ON CONFLICT ({names}) DO NOTHING RETURNING {names}"


@cache
def _updating(dialect: Dialect, table: Table, key: tuple[str, ...], columns: tuple[str, ...]) -> str:
    places = (_place(dialect, number) for number in count(1))
    setting = ", ".join(f"{name} = {next(places)}" for name in _quoted(dialect, columns))
    where = " AND ".join(f"{name} = {next(places)}" for name in _quoted(dialect, key))
    return f"UPDATE {_name(dialect, table)} SET {setting} WHERE {where}"  # noqa: S608 - our own names alone


@cache
def _probing(dialect: Dialect, table: Table, columns: tuple[str, ...], rows: int) -> str:
    asked = ", ".join(f"asked.column{number}" for number in range(1, len(columns) + 1))
    places = _places(dialect, columns, rows)
    # CROSS keeps the order: for each that is asked one look into the index. IS finds null as well.
    name = _name(dialect, table)
    same = " AND ".join(f"{name}.{each} IS asked.column{at}" for at, each in enumerate(_quoted(dialect, columns), 1))
    return f"SELECT {asked} FROM (VALUES {places}) AS asked CROSS JOIN {name} ON {same}"  # noqa: S608 - our own names alone


@cache
def _locking(
    dialect: Dialect,
    table: Table,
    key: tuple[str, ...],
    shape: tuple[tuple[str, bool], ...],
    rows: int,
    alone: bool,
) -> str:
    columns = tuple(name for name, null in shape if not null)
    keys = ", ".join(_quoted(dialect, key))
    nulls = "".join(f" AND {name} IS NULL" for name in _quoted(dialect, (name for name, null in shape if null)))
    return (
        f"SELECT {keys} FROM {_name(dialect, table)}"  # noqa: S608 - our own names alone
        f" WHERE ({', '.join(_quoted(dialect, columns))}) IN ({_places(dialect, columns, rows)}){nulls}"
        f" ORDER BY {keys} FOR {'SHARE' if alone else 'UPDATE'}"
    )


@cache
def _binds(dialect: Dialect, table: Table, columns: tuple[str, ...]) -> tuple[tuple[int, Bind], ...]:
    """What is done with values before the driver gets them, by the place of their column; most are taken as is."""
    found = ((at, _bind(table.c[name].type, dialect)) for at, name in enumerate(columns))
    return tuple((at, bind) for at, bind in found if bind is not None)


def _bind(kind: TypeEngine[Any], dialect: Dialect) -> Bind | None:
    other: Bind | None = kind.dialect_impl(dialect).bind_processor(dialect)
    if other is None or not isinstance(kind, Blob):
        return other
    return lambda value: value if type(value) is bytes else other(value)  # both drivers take bytes as bytes


def _places(dialect: Dialect, columns: tuple[str, ...], rows: int) -> str:
    """What stands for the values of so many rows."""
    width = len(columns)
    places = [_place(dialect, number) for number in range(1, width * rows + 1)]
    return ", ".join(f"({', '.join(places[at : at + width])})" for at in range(0, width * rows, width))


def _place(dialect: Dialect, number: int) -> str:
    return "?" if dialect.paramstyle == "qmark" else f"${number}"


def _quoted(dialect: Dialect, columns: Iterable[str]) -> list[str]:
    return [dialect.identifier_preparer.quote(name) for name in columns]


def _name(dialect: Dialect, table: Table) -> str:
    return dialect.identifier_preparer.format_table(table)
