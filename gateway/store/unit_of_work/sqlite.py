"""Settling plans where there is one writer: nobody else can change a row between the check and the write."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from sqlalchemy import Connection
from sqlalchemy.dialects.sqlite import insert

from gateway.store.plan import Change, Claim, Committed, Conflict, Delete, Outcome, Update, table_of
from gateway.store.unit_of_work.statements import row_exists
from gateway.store.unit_of_work.writing import write


def settle(connection: Connection, plans: Sequence[Sequence[Change]]) -> list[Outcome]:
    """Write the plans whose guards hold; gives the outcome of each."""
    outcomes: list[Outcome] = []
    held: list[Change] = []
    looked: dict[Hashable, bool] = {}
    for changes in plans:
        broken = next((change for change in changes if not _holds(connection, change, looked)), None)
        outcomes.append(Committed() if broken is None else Conflict(broken))
        if broken is None:
            held.extend(changes)
    write(connection, held, insert)
    return outcomes


def _holds(connection: Connection, change: Change, looked: dict[Hashable, bool]) -> bool:
    """Whether a guard still holds; a change that is no guard always does.

    `looked` are the answers of guards alone in this batch: many plans may stand on the same row.
    """
    match change:
        case Claim(model=model, key=key, values=values):
            return not row_exists(connection, table_of(model), {name: values[name] for name in key})
        case Update(model=model, key=key, expected=expected, values=values):
            row = {**key, **expected}
            if values:
                return row_exists(connection, table_of(model), row)
            asked = (model, *row.items())
            if asked not in looked:
                looked[asked] = row_exists(connection, table_of(model), row)
            return looked[asked]
        case Delete(model=model, key=key, expected=expected) if expected is not None:
            return row_exists(connection, table_of(model), {**key, **expected})
        case _:
            return True
