"""Bodies that were stored before bodies were sealed, for who seals them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import LargeBinary, func, literal, not_, or_, tuple_
from sqlmodel import SQLModel, col, select

from gateway.store.plan import table_of
from gateway.store.reads.base import Reads
from gateway.store.sealed_rows import KEYS, SEALED
from gateway.store.sealing import MARK, TEXT_MARK
from gateway.store.tables import BatchPieceRow, DeliveryRow, DocumentRow, PartRow, ReconciliationPieceRow, ToSealRow

BLOBS = (DocumentRow, PartRow)
"""Tables whose bodies are exact bytes; the others hold text."""

ROWS = 32
"""Rows that are read at once: a body may have a megabyte."""


PIECES = 4
"""The same of pieces of files, which have a megabyte each."""

SMALL = 200
"""The same of rows that have no body."""


class UnsealedReads(Reads):
    """What is stored in clear."""

    def to_seal(self) -> list[str]:
        """The names of the tables in which there may be some, by name; in nearly every store none."""
        return self._all(select(ToSealRow.name).order_by(ToSealRow.name))

    def unsealed(self, model: type[SQLModel], behind: tuple[Any, ...] | None) -> list[Any]:
        """Rows of a table whose `body` is in clear, as they are stored, by key and behind that one; ROWS at most."""
        keys = tuple(table_of(model).primary_key.columns)
        wanted = select(model).where(_in_clear(table_of(model).c.body, are_bytes=model in BLOBS))
        if behind is not None:
            wanted = wanted.where(tuple_(*keys) > tuple_(*behind))
        return self._all(wanted.order_by(*keys).limit(ROWS))

    def unsealed_rows(self, model: type[SQLModel], behind: tuple[Any, ...] | None) -> list[dict[str, Any]]:
        """Rows of a table of `sealed_rows` that have something in clear, as they are stored, by key and behind that."""
        table = table_of(model)
        keys = tuple(table.c[name] for name in KEYS[model])
        are_bytes = model in (BatchPieceRow, ReconciliationPieceRow)
        columns = (table.c[name] for name in SEALED[model])
        clear = ((each != (b"" if are_bytes else "")) & _in_clear(each, are_bytes=are_bytes) for each in columns)
        wanted = table.select().where(or_(*clear))
        if behind is not None:
            wanted = wanted.where(tuple_(*keys) > tuple_(*behind))
        found = self._plain(wanted.order_by(*keys).limit(PIECES if are_bytes else SMALL))
        return [dict(row._mapping) for row in found]

    def cases_of_deliveries(self, deliveries: Collection[str]) -> dict[str, str]:
        """The case of each of these deliveries."""
        wanted = select(DeliveryRow.id, DeliveryRow.case_id).where(col(DeliveryRow.id).in_(deliveries))
        return dict(self._all(wanted))


def _in_clear(column: Any, *, are_bytes: bool) -> Any:
    mark = literal(MARK, LargeBinary) if are_bytes else literal(TEXT_MARK)
    return not_(func.substr(column, 1, len(MARK) if are_bytes else len(TEXT_MARK)) == mark)
