"""Settling plans where there is one writer: nobody else can change a row between the check and the write."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

from sqlalchemy import Connection, Table
from sqlalchemy.dialects.sqlite import insert

from gateway.store.plan import Change, Claim, Committed, Conflict, Delete, Insert, Outcome, Update, table_of
from gateway.store.unit_of_work.statements import are_there
from gateway.store.unit_of_work.writing import write

Question: TypeAlias = tuple[bool, Table, tuple[str, ...]]
"""What guards ask alike: whether the row must be there or must not, of which table, by which columns."""


def settle(connection: Connection, plans: Sequence[Sequence[Change]]) -> list[Outcome]:
    """Write the plans whose guards hold; gives the outcome of each."""
    broken = _broken(connection, plans)
    held = [change for number, changes in enumerate(plans) if number not in broken for change in changes]
    write(connection, held, insert)
    return [Conflict(broken[number][1]) if number in broken else Committed() for number in range(len(plans))]


def _broken(connection: Connection, plans: Sequence[Sequence[Change]]) -> dict[int, tuple[int, Change]]:
    """The first guard of each plan that does not hold, and its place there. All guards that ask alike ask at once."""
    asked: dict[Question, dict[tuple[Any, ...], list[tuple[int, int, Change]]]] = {}
    for number, changes in enumerate(plans):
        for place, change in enumerate(changes):
            if (guard := _guard(change)) is not None:
                question, row = guard
                asked.setdefault(question, {}).setdefault(row, []).append((number, place, change))
    broken: dict[int, tuple[int, Change]] = {}
    for (wanted, table, columns), rows in asked.items():
        for guards, found in zip(rows.values(), are_there(connection, table, columns, list(rows)), strict=True):
            if found is wanted:
                continue
            for number, place, change in guards:
                if number not in broken or place < broken[number][0]:
                    broken[number] = (place, change)
    return broken


def _guard(change: Change) -> tuple[Question, tuple[Any, ...]] | None:
    """What a change asks, and of which row; None for one that is no guard."""
    match change:
        case Insert():
            return None  # most changes are
        case Claim(model=model, key=key, values=values):
            return (False, table_of(model), key), tuple([values[name] for name in key])
        case Update(model=model, key=key, expected=expected) | Delete(model=model, key=key, expected=expected):
            if expected is None:
                return None
            row = {**key, **expected}
            return (True, table_of(model), tuple(row)), tuple(row.values())
        case _:
            return None
