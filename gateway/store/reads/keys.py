"""What master keys have wrapped: all of it, a portion at a time, and how much by which."""

from __future__ import annotations

from typing import Any

from sqlalchemy import LargeBinary, bindparam, case, func, literal, not_, tuple_
from sqlmodel import SQLModel, col, select

from gateway.store.plan import table_of
from gateway.store.reads.base import Reads
from gateway.store.tables import CredentialRow, DataKeyRow, DerivedKeyRow, HeldSecretRow, KeyHolderRow, MasterKeyRow
from gateway.store.tables.keys import WRAPS
from gateway.trust.key_ring import HEAD_SIZE, MARK, head_of, wrapped_by

WRAPPED: dict[type[SQLModel], str] = {
    DerivedKeyRow: "wrapped",
    DataKeyRow: "wrapped",
    CredentialRow: "sealed",
    HeldSecretRow: "sealed",
}
"""Where the master key has wrapped something, and in which column. A data key under another one is not of these."""

_DERIVED_KEY = select(DerivedKeyRow.wrapped).where(col(DerivedKeyRow.purpose) == bindparam("purpose"))
_WRAPPING = select(MasterKeyRow.id).where(col(MasterKeyRow.state) == WRAPS)


class KeyReads(Reads):
    """Master keys by their ids, and what they have wrapped."""

    def master_keys(self) -> list[MasterKeyRow]:
        """The master keys that the store was wrapped with, the one that wraps last; none before it was opened once."""
        return self._all(select(MasterKeyRow).order_by(col(MasterKeyRow.since), col(MasterKeyRow.id)))

    def wrapping_key(self) -> str | None:
        """The id of the master key that wraps what is new; None before the store was opened once."""
        row = self._one(_WRAPPING)
        return None if row is None else str(row[0])

    def derived_key(self, purpose: str) -> bytes | None:
        """The key of a purpose, wrapped."""
        row = self._one(_DERIVED_KEY, purpose=purpose)
        return None if row is None else bytes(row[0])

    def key_holders(self) -> list[KeyHolderRow]:
        """Processes that were started, with the master keys that they have; some may have ended."""
        return self._all(select(KeyHolderRow).order_by(col(KeyHolderRow.name)))

    def wrapped_counts(self) -> dict[str | None, int]:
        """How many rows each master key has wrapped, by its id; None: those that do not say. Reads all of them."""
        counts: dict[str | None, int] = {}
        for model, name in WRAPPED.items():
            column = table_of(model).c[name]
            named = func.substr(column, 1, len(MARK)) == literal(MARK, LargeBinary)
            said = case((named, func.substr(column, 1, HEAD_SIZE)), else_=literal(b"", LargeBinary)).label("said")
            each = select(said).where(*_own(model)).subquery()
            for head, count in self._plain(select(each.c.said, func.count()).group_by(each.c.said)):
                by = wrapped_by(bytes(head))
                counts[by] = counts.get(by, 0) + count
        return counts

    def wrapped_otherwise(
        self, model: type[SQLModel], key_id: str, behind: tuple[Any, ...] | None, limit: int
    ) -> list[Any]:
        """Rows of one of WRAPPED that another master key than this one has wrapped, by key and behind that one."""
        column = table_of(model).c[WRAPPED[model]]
        keys = tuple(table_of(model).primary_key.columns)
        head = func.substr(column, 1, HEAD_SIZE)
        wanted = select(model).where(*_own(model), not_(head == literal(head_of(key_id), LargeBinary)))
        if behind is not None:
            wanted = wanted.where(tuple_(*keys) > tuple_(*behind))
        return self._all(wanted.order_by(*keys).limit(limit))


def _own(model: type[SQLModel]) -> tuple[Any, ...]:
    """What holds of the rows of a table that the master key has wrapped."""
    if model is not DataKeyRow:
        return ()
    return (col(DataKeyRow.under).is_(None), col(DataKeyRow.wrapped) != b"")
