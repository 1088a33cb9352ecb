"""Bodies that were stored before bodies were sealed, for who seals them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import LargeBinary, func, literal, not_, tuple_
from sqlmodel import SQLModel, select

from gateway.store.plan import table_of
from gateway.store.reads.base import Reads
from gateway.store.sealing import MARK, TEXT_MARK
from gateway.store.tables import DocumentRow, PartRow, ToSealRow

BLOBS = (DocumentRow, PartRow)
"""Tables whose bodies are exact bytes; the others hold text."""

ROWS = 32
"""Rows that are read at once: a body may have a megabyte."""


class UnsealedReads(Reads):
    """What is stored in clear."""

    def to_seal(self) -> list[str]:
        """The names of the tables in which there may be some, by name; in nearly every store none."""
        return self._all(select(ToSealRow.name).order_by(ToSealRow.name))

    def unsealed(self, model: type[SQLModel], behind: tuple[Any, ...] | None) -> list[Any]:
        """Rows of a table whose `body` is in clear, as they are stored, by key and behind that one; ROWS at most."""
        body = table_of(model).c.body
        keys = tuple(table_of(model).primary_key.columns)
        are_bytes = model in BLOBS
        mark = literal(MARK, LargeBinary) if are_bytes else literal(TEXT_MARK)
        length = len(MARK) if are_bytes else len(TEXT_MARK)
        wanted = select(model).where(not_(func.substr(body, 1, length) == mark))
        if behind is not None:
            wanted = wanted.where(tuple_(*keys) > tuple_(*behind))
        return self._all(wanted.order_by(*keys).limit(ROWS))
