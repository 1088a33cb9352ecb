"""Statements for many rows of one table, worded once and handed to the driver as they are.

The hot path of an exchange is mostly rows that are written: SQLAlchemy's own way of a statement to the driver costs
more interpreter time for each row than all else that is done with it. What a column's type does with a value is still
its own (`UtcDateTime` refuses a naive instant).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any, TypeAlias

from sqlalchemy import Connection, Dialect, Table
from sqlalchemy.exc import DBAPIError, StatementError
from sqlalchemy.sql.schema import ScalarElementColumnDefault

from gateway.store.plan import Row

Bind: TypeAlias = Callable[[Any], Any] | None


def insert_rows(connection: Connection, table: Table, columns: tuple[str, ...], rows: Iterable[Row]) -> None:
    """Insert rows that all have these columns, in their order; a column left out has its default."""
    dialect = connection.dialect
    names, values = _defaults(table, columns)
    given = (row.values() for row in rows) if not values else ((*row.values(), *values) for row in rows)
    execute_many(connection, _inserting(dialect, table, columns + names), table, columns + names, given)


def update_rows(
    connection: Connection, table: Table, key: tuple[str, ...], columns: tuple[str, ...], rows: Iterable[Iterable[Any]]
) -> None:
    """Set columns of the rows at their keys; each of `rows` has the new values, then those of the key."""
    execute_many(connection, _updating(connection.dialect, table, key, columns), table, columns + key, rows)


def row_exists(connection: Connection, table: Table, row: Row) -> bool:
    """Whether a row has these values; a value of None asks for null."""
    dialect = connection.dialect
    # A comparison with null is another statement (IS NULL) than one with a value.
    sql = _probing(dialect, table, tuple((name, value is None) for name, value in row.items()))
    given = {name: value for name, value in row.items() if value is not None}
    values = bound(_binds(dialect, table, tuple(given)), given.values(), sql)
    with _told(connection, sql, values):
        cursor = connection.connection.cursor()
        cursor.execute(sql, values)
        return cursor.fetchone() is not None


def execute_many(
    connection: Connection, sql: str, table: Table, columns: tuple[str, ...], rows: Iterable[Iterable[Any]]
) -> None:
    """Hand the driver a statement with the values of these columns for each row.

    Raises StatementError for a value that its column does not take, as SQLAlchemy does.
    """
    binds = _binds(connection.dialect, table, columns)
    values = [bound(binds, row, sql) for row in rows]
    with _told(connection, sql, values):
        connection.connection.cursor().executemany(sql, values)


def bound(binds: Sequence[Bind], row: Iterable[Any], sql: str) -> tuple[Any, ...]:
    """The values of a row as the driver takes them."""
    try:
        return tuple([value if bind is None else bind(value) for bind, value in zip(binds, row, strict=True)])
    except (ValueError, TypeError, AttributeError) as error:
        raise StatementError(str(error), sql, None, error) from error


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


def placeholder(dialect: Dialect) -> str:
    """What stands for a value in a statement."""
    return "?" if dialect.paramstyle == "qmark" else "%s"


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
def _inserting(dialect: Dialect, table: Table, columns: tuple[str, ...]) -> str:
    quoted = ", ".join(_quoted(dialect, columns))
    places = ", ".join([placeholder(dialect)] * len(columns))
    return f"INSERT INTO {_name(dialect, table)} ({quoted}) VALUES ({places})"  # noqa: S608 - our own names alone


@cache
def _updating(dialect: Dialect, table: Table, key: tuple[str, ...], columns: tuple[str, ...]) -> str:
    place = placeholder(dialect)
    setting = ", ".join(f"{name} = {place}" for name in _quoted(dialect, columns))
    where = " AND ".join(f"{name} = {place}" for name in _quoted(dialect, key))
    return f"UPDATE {_name(dialect, table)} SET {setting} WHERE {where}"  # noqa: S608 - our own names alone


@cache
def _probing(dialect: Dialect, table: Table, shape: tuple[tuple[str, bool], ...]) -> str:
    place = placeholder(dialect)
    names = _quoted(dialect, (name for name, _ in shape))
    terms = (f"{name} IS NULL" if null else f"{name} = {place}" for name, (_, null) in zip(names, shape, strict=True))
    return f"SELECT 1 FROM {_name(dialect, table)} WHERE {' AND '.join(terms)} LIMIT 1"  # noqa: S608 - our own names alone


@cache
def _binds(dialect: Dialect, table: Table, columns: tuple[str, ...]) -> tuple[Bind, ...]:
    return tuple(table.c[name].type.dialect_impl(dialect).bind_processor(dialect) for name in columns)


def _quoted(dialect: Dialect, columns: Iterable[str]) -> list[str]:
    return [dialect.identifier_preparer.quote(name) for name in columns]


def _name(dialect: Dialect, table: Table) -> str:
    return dialect.identifier_preparer.format_table(table)
