"""Sealed values in the rows that an audit has read, opened: the one place that knows how.

The audit reads rows by questions of its own, and takes from the store's Reader nothing but the plain form of values
that it has seen to be sealed: which rows there are, and all that stands in clear, it finds out by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlmodel import SQLModel

from gateway.domain.errors import Tampered
from gateway.store.reading import Reader
from gateway.store.sealing import DAMAGED, ERASED, is_sealed
from gateway.store.tables import AttemptRow, CaseEventRow, CaseRow, DeliveryRow, PartRow

READ: Mapping[type[SQLModel], Callable[[Reader, Mapping[str, Any]], list[Any]]] = {
    PartRow: lambda reader, row: [reader.part(row["exchange"], row["name"])],
    CaseRow: lambda reader, row: [reader.case(row["id"])],
    CaseEventRow: lambda reader, row: [fact for fact in reader.case_events(row["case_id"]) if fact.seq == row["seq"]],
    DeliveryRow: lambda reader, row: [reader.delivery(row["id"])],
    AttemptRow: lambda reader, row: [
        attempt for attempt in reader.attempts(row["delivery"]) if attempt.number == row["number"]
    ],
}
"""How the Reader gives the row that is meant, opened."""


def opened(reader: Reader, model: type[SQLModel], row: Mapping[str, Any]) -> dict[str, Any]:
    """A row as it was read, with its sealed values in clear.

    Raises Tampered for one that does not open: nothing is erased in a town, so nothing may be shut.
    """
    sealed = [name for name, value in row.items() if isinstance(value, str | bytes) and is_sealed(value)]
    if not sealed:
        return dict(row)
    (plain,) = READ[model](reader, row)
    found = dict(row)
    for name in sealed:
        value = getattr(plain, name)
        if value in (DAMAGED, ERASED) or is_sealed(value):
            raise Tampered(f"{model.__name__}.{name} does not open: {row}", code="sealed-damaged")
        found[name] = value
    return found
