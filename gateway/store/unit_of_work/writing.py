"""The statements that write a batch of plans: as few as there are tables and sets of columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Table, and_, bindparam, literal, select
from sqlalchemy import delete as sql_delete
from sqlalchemy import update as sql_update
from sqlmodel import SQLModel

from gateway.store.plan import Add, Change, Claim, Delete, Insert, Row, Update, table_of


def exists(connection: Connection, model: type[SQLModel], row: Row) -> bool:
    """Whether a row has these values."""
    # A comparison with null is another statement (IS NULL) than one with a value.
    shape = tuple((name, value is None) for name, value in row.items())
    return connection.execute(_probe(table_of(model), shape), row).first() is not None


def write(
    connection: Connection,
    changes: Sequence[Change],
    *,
    insert: Callable[[Table], Any],
    upsert: Callable[[Table], Any],
) -> None:
    """Write all changes. New rows for one table go in one statement, and so do changes of rows with the same columns.

    They wait for each other's end only where order shows: before rows of their table go or are counted. `upsert` is
    the engine's own insert, which knows what to do where the row is there already.
    """
    rows: dict[tuple[Table, tuple[str, ...]], list[Row]] = {}
    updates: dict[tuple[Table, tuple[str, ...], tuple[str, ...]], list[Update]] = {}

    def flush() -> None:
        for (table, key, columns), same in updates.items():
            bound = [_bound("key", each.key) | _bound("new", each.values) for each in same]
            connection.execute(_updating(table, key, columns), bound)
        for (table, _), many in rows.items():
            connection.execute(insert(table), [dict(row) for row in many])
        updates.clear()
        rows.clear()

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
                flush()
                connection.execute(sql_delete(table).where(_match(table, key)))
            case Add():
                flush()
                _add(connection, table, change, upsert)
    flush()


@cache
def _probe(table: Table, shape: tuple[tuple[str, bool], ...]) -> Select[Any]:
    """The statement of a guard, built once for each set of columns: building costs more than running it."""
    terms = (table.c[name].is_(None) if null else table.c[name] == bindparam(name) for name, null in shape)
    return select(literal(1)).where(and_(*terms)).limit(1)


@cache
def _updating(table: Table, key: tuple[str, ...], columns: tuple[str, ...]) -> Any:
    where = and_(*(table.c[name] == bindparam(f"key_{name}") for name in key))
    return sql_update(table).where(where).values({name: bindparam(f"new_{name}") for name in columns})


def _bound(side: str, row: Row) -> dict[str, Any]:
    return {f"{side}_{name}": value for name, value in row.items()}


def _add(connection: Connection, table: Table, change: Add, upsert: Callable[[Table], Any]) -> None:
    more = {change.column: table.c[change.column] + change.amount}
    row = {**change.key, change.column: change.amount}
    connection.execute(upsert(table).values(row).on_conflict_do_update(index_elements=list(change.key), set_=more))


def _match(table: Table, row: Row) -> ColumnElement[bool]:
    return and_(*(table.c[name] == value for name, value in row.items()))
