"""A whole store written at once, before any hub may use it; and a store held still while it is read.

    begin     the store is marked as an unfinished copy, and whatever an earlier try left in it goes
    load      rows, as many as are given, in the fastest way that the engine has
    finish    numbers go on behind the last row; the mark goes in the same transaction

A store that has the mark is refused by everything else (`gateway.store.schema.prepare`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, Engine, MetaData, Table, Text, func, insert, inspect, select, text
from sqlalchemy import delete as sql_delete
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from gateway.store.types import UtcDateTime
from gateway.store.unit_of_work.transaction import whole

MARK = "unfinished_copy"
"""The table that only an unfinished copy has."""

_mark = Table(MARK, MetaData(), Column("source", Text, primary_key=True), Column("begun_at", UtcDateTime))

_HOLD = {"sqlite": "BEGIN IMMEDIATE", "postgresql": "BEGIN ISOLATION LEVEL REPEATABLE READ"}

_UNHURRIED = ("SET LOCAL statement_timeout = 0", "SET LOCAL idle_in_transaction_session_timeout = 0")


def unfinished(connection: Connection) -> str | None:
    """What this store is an unfinished copy of, as `begin` was told; None when it is none."""
    if not inspect(connection).has_table(MARK):
        return None
    return str(connection.execute(select(_mark.c.source)).scalar_one())


@contextmanager
def held_still(engine: Engine, tables: Sequence[Table]) -> Iterator[Connection]:
    """A connection that reads the store as it is at one instant, while nobody can write to it. Changes nothing.

    SQLite: this is the one who may write, and does not. PostgreSQL: a snapshot, and a lock on every table that lets
    others read. Raises OperationalError when somebody is writing and does not end within the time of a lock.
    """
    with engine.connect() as connection:
        connection.exec_driver_sql(_HOLD[engine.dialect.name])
        try:
            if engine.dialect.name == "postgresql":
                for each in _UNHURRIED:
                    connection.exec_driver_sql(each)
                # before the first question: what it sees is then what it holds
                connection.exec_driver_sql(f"LOCK TABLE {', '.join(map(_named(connection), tables))} IN SHARE MODE")
            yield connection
        finally:
            with suppress(SQLAlchemyError):
                connection.exec_driver_sql("ROLLBACK")


def begin(engine: Engine, tables: Sequence[Table], source: str, at: datetime) -> None:
    """Mark the store as an unfinished copy of `source` and leave no row in `tables`, in one transaction."""
    with whole(engine) as connection:
        _mark.drop(connection, checkfirst=True)
        _mark.create(connection)
        connection.execute(insert(_mark), {"source": source, "begun_at": at})
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql(f"TRUNCATE {', '.join(map(_named(connection), tables))}")
        else:
            for table in tables:
                connection.execute(sql_delete(table))


def load(engine: Engine, table: Table, rows: Sequence[Sequence[Any]]) -> None:
    """Write rows, each a value for every column in the table's order, in one transaction."""
    with whole(engine) as connection:
        if engine.dialect.name == "postgresql":
            _copy_in(connection, table, rows)
        else:
            names = [column.name for column in table.columns]
            connection.execute(insert(table), [dict(zip(names, row, strict=True)) for row in rows])


def finish(engine: Engine, tables: Sequence[Table]) -> None:
    """Let automatic numbers go on behind the last row, and take the mark away, in one transaction."""
    with whole(engine) as connection:
        if engine.dialect.name == "postgresql":
            for each in _UNHURRIED:
                connection.exec_driver_sql(each)
            for table in tables:
                number_on(connection, table)
                connection.exec_driver_sql(f"ANALYZE {_named(connection)(table)}")
        _mark.drop(connection)


def number_on(connection: Connection, table: Table) -> None:
    """Let the automatic numbers of a table on PostgreSQL go on behind its last row. SQLite does so by itself."""
    column = table.autoincrement_column
    if column is None:
        return
    sequence = connection.execute(select(func.pg_get_serial_sequence(table.name, column.name))).scalar()
    if sequence is not None:
        last = connection.execute(select(func.max(column))).scalar()
        connection.execute(
            select(func.setval(text(":sequence").bindparams(sequence=sequence), last or 1, last is not None))
        )


def _copy_in(connection: Connection, table: Table, rows: Sequence[Sequence[Any]]) -> None:
    import psycopg  # only here, so that a store on SQLite does without its 8 MB

    quote = connection.dialect.identifier_preparer.quote
    columns = ", ".join(quote(column.name) for column in table.columns)
    driver: Any = connection.connection.driver_connection
    statement = f"COPY {_named(connection)(table)} ({columns}) FROM STDIN"
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
    except psycopg.Error as error:
        raise OperationalError(statement, None, error) from error


def _named(connection: Connection) -> Any:
    return connection.dialect.identifier_preparer.format_table
