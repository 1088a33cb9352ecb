"""The statements that write a batch of plans: as few as there are tables and sets of columns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, and_
from sqlalchemy import delete as sql_delete

from gateway.store.plan import Add, Change, Claim, Delete, Insert, Row, Update, table_of
from gateway.store.unit_of_work.statements import insert_rows, update_rows


def write(connection: Connection, changes: Sequence[Change], upsert: Callable[[Table], Any]) -> None:
    """Write all changes. New rows for one table go in one statement, and so do changes of rows with the same columns.

    They wait for each other's end only where order shows: before rows of their table go. What is counted comes last,
    once for each number that many count, and in one order for everybody: two batches that count the same rows then wait
    for each other and never in a circle.
    `upsert` is the engine's own insert, which knows what to do where the row is there already.
    """
    rows: dict[tuple[Table, tuple[str, ...]], list[Row]] = {}
    updates: dict[tuple[Table, tuple[str, ...], tuple[str, ...]], list[Update]] = {}

    def flush() -> None:
        for (table, key, columns), same in updates.items():
            update_rows(connection, table, key, columns, ((*each.values.values(), *each.key.values()) for each in same))
        for (table, columns), many in rows.items():
            insert_rows(connection, table, columns, many)
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
    flush()
    for add in _summed(each for each in changes if isinstance(each, Add)):
        _add(connection, add, upsert)


def _summed(adds: Iterable[Add]) -> list[Add]:
    """One Add for each number, of what all of them add to it; in the order of their places."""
    sums: dict[tuple[str, str, str], Add] = {}
    for each in adds:
        place = table_of(each.model).name, repr(sorted(each.key.items())), each.column
        before = sums.get(place)
        sums[place] = each if before is None else replace(each, amount=before.amount + each.amount)
    return [sums[place] for place in sorted(sums)]


def _add(connection: Connection, change: Add, upsert: Callable[[Table], Any]) -> None:
    table = table_of(change.model)
    more = {change.column: table.c[change.column] + change.amount}
    row = {**change.key, change.column: change.amount}
    connection.execute(upsert(table).values(row).on_conflict_do_update(index_elements=list(change.key), set_=more))


def _match(table: Table, row: Row) -> ColumnElement[bool]:
    return and_(*(table.c[name] == value for name, value in row.items()))
