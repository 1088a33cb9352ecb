"""The ledger as it is stored: leaves, tiles, checkpoints, keys."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Integer, bindparam
from sqlalchemy.orm import aliased
from sqlmodel import col, func, select

from gateway.store.outgoing import WrappedKey
from gateway.store.reads.base import Reads
from gateway.store.tables import CheckpointRow, DataKeyRow, DossierRow, LeafRow, LedgerKeyRow, TileRow, TreeHeadRow
from gateway.store.types import as_bytes

HEAD = 1
"""The id of the single row of `tree_head`."""

_Outer = aliased(DataKeyRow, name="outer_key")
_WRAPPED: Any = select(DataKeyRow.scope, DataKeyRow.wrapped, DataKeyRow.under, col(_Outer.wrapped).label("outer")).join(
    _Outer, col(_Outer.scope) == col(DataKeyRow.under), isouter=True
)
_DATA_KEYS = _WRAPPED.where(col(DataKeyRow.scope).in_(bindparam("scopes", expanding=True)))
_DATA_KEY = _WRAPPED.where(col(DataKeyRow.scope) == bindparam("scope"))
_DOSSIER = select(DossierRow.scope).where(col(DossierRow.digest) == bindparam("digest"))


@dataclass(frozen=True)
class Extent:
    """How far the ledger reaches, by each thing that tells; read at one instant. In a whole ledger all are equal.

    `head` is the size in the tree head, `checkpoint` that of the last checkpoint, `placed` the number of leaves from
    the first to the last that has a place.
    """

    head: int
    checkpoint: int
    placed: int


class WaitingLeaf(NamedTuple):
    """A leaf that has no place in the tree yet, as far as the integrator needs it."""

    serial: int
    id: str
    exchange: str | None
    canonical: bytes
    hash: bytes


_WAITING = (
    select(*(col(each) for each in (LeafRow.serial, LeafRow.id, LeafRow.exchange, LeafRow.canonical, LeafRow.hash)))
    .where(col(LeafRow.tree_index).is_(None))
    .order_by(col(LeafRow.serial))
    .limit(bindparam("at_most", type_=Integer))
)


_PLACED = (
    select(col(LeafRow.tree_index), col(LeafRow.canonical), col(LeafRow.hash))
    .where(col(LeafRow.tree_index) >= bindparam("from_index", type_=Integer))
    .order_by(col(LeafRow.tree_index))
    .limit(bindparam("at_most", type_=Integer))
)


class LedgerReads(Reads):
    """Stored leaves and tree, as bytes: nothing here is judged."""

    def pending_leaves(self, limit: int = 4096, after: int = 0) -> list[LeafRow]:
        """Leaves that have no place in the tree yet, in the order of their commits; those behind serial `after`."""
        wanted = select(LeafRow).where(col(LeafRow.tree_index).is_(None), col(LeafRow.serial) > after)
        return self._all(wanted.order_by(col(LeafRow.serial)).limit(limit))

    def waiting_leaves(self, limit: int = 4096) -> list[WaitingLeaf]:
        """The same, without the class of a row: there are thousands of them in a second."""
        rows = self._rows(_WAITING, at_most=limit)
        return [WaitingLeaf(at, leaf, of, as_bytes(said), as_bytes(hashed)) for at, leaf, of, said, hashed in rows]

    def pending_count(self) -> int:
        """How many leaves have no place in the tree yet."""
        counted: int = self._first(select(func.count()).where(col(LeafRow.tree_index).is_(None)))
        return counted

    def leaves(self, from_index: int, limit: int = 1000) -> list[LeafRow]:
        """Placed leaves from this index on, in the order of the tree."""
        wanted = select(LeafRow).where(col(LeafRow.tree_index) >= from_index)
        return self._all(wanted.order_by(col(LeafRow.tree_index)).limit(limit))

    def leaf_bytes(self, from_index: int, limit: int) -> list[tuple[int, bytes, bytes]]:
        """Index, text and stored hash of placed leaves from this index on, without the class of a row."""
        rows = self._rows(_PLACED, from_index=from_index, at_most=limit)
        return [(index, as_bytes(said), as_bytes(hashed)) for index, said, hashed in rows]

    def leaf_hashes(self, from_index: int, limit: int = 10_000) -> list[bytes]:
        """The stored hashes of placed leaves from this index on, in the order of the tree."""
        wanted = select(LeafRow.hash).where(col(LeafRow.tree_index) >= from_index)
        return self._all(wanted.order_by(col(LeafRow.tree_index)).limit(limit))

    def leaf(self, leaf: str) -> LeafRow | None:
        """The leaf with this id."""
        found: LeafRow | None = self._first(select(LeafRow).where(col(LeafRow.id) == leaf))
        return found

    def leaves_of_exchange(self, exchange: str) -> list[LeafRow]:
        """All leaves of an exchange, in the order of their commits."""
        return self.leaves_of_exchanges((exchange,))

    def leaves_of_exchanges(self, exchanges: Collection[str]) -> list[LeafRow]:
        """All leaves of these exchanges, in the order of their commits."""
        wanted = select(LeafRow).where(col(LeafRow.exchange).in_(exchanges))
        return self._all(wanted.order_by(col(LeafRow.serial)))

    def leaves_of_case(self, case_id: str) -> list[LeafRow]:
        """All leaves of a case, in the order of their commits."""
        return self._all(select(LeafRow).where(col(LeafRow.case_id) == case_id).order_by(col(LeafRow.serial)))

    def ledger_keys(self) -> list[LedgerKeyRow]:
        """The keys that sign or signed checkpoints, the first that began first."""
        return self._all(select(LedgerKeyRow).order_by(col(LedgerKeyRow.began_at), col(LedgerKeyRow.verifier)))

    def first_checkpoint(self) -> CheckpointRow | None:
        """The checkpoint over the fewest leaves."""
        found: CheckpointRow | None = self._first(select(CheckpointRow).order_by(col(CheckpointRow.size)).limit(1))
        return found

    def tile(self, level: int, number: int) -> bytes | None:
        """The hashes of a tile, as many as there are."""
        row = self._get(TileRow, (level, number))
        return row.hashes if row else None

    def tile_count(self) -> int:
        """How many tiles are stored."""
        counted: int = self._first(select(func.count()).select_from(TileRow))
        return counted

    def tree_size(self) -> int:
        """The number of leaves in the tree, as its head says."""
        row = self._get(TreeHeadRow, HEAD)
        return row.size if row else 0

    def extent(self) -> Extent:
        """How far the ledger reaches, told three ways at one instant."""
        head = select(TreeHeadRow.size).where(col(TreeHeadRow.id) == HEAD).scalar_subquery()
        checkpoint = select(func.max(CheckpointRow.size)).scalar_subquery()
        placed = select(func.max(LeafRow.tree_index)).scalar_subquery()
        size, signed, last = self._first(select(head, checkpoint, placed))
        return Extent(size or 0, signed or 0, 0 if last is None else last + 1)

    def last_checkpoint(self) -> CheckpointRow | None:
        """The signed checkpoint over most leaves."""
        found: CheckpointRow | None = self._first(
            select(CheckpointRow).order_by(col(CheckpointRow.size).desc()).limit(1)
        )
        return found

    def checkpoint(self, size: int) -> CheckpointRow | None:
        """The signed checkpoint over exactly this many leaves."""
        return self._get(CheckpointRow, size)

    def checkpoints(self, above: int = 0, up_to: int | None = None, limit: int = 1000) -> list[CheckpointRow]:
        """Checkpoints over more than `above` leaves and at most `up_to`, smallest first."""
        wanted = select(CheckpointRow).where(col(CheckpointRow.size) > above)
        if up_to is not None:
            wanted = wanted.where(col(CheckpointRow.size) <= up_to)
        return self._all(wanted.order_by(col(CheckpointRow.size)).limit(limit))

    def data_keys(self, scopes: Collection[str]) -> dict[str, WrappedKey]:
        """The wrapped data keys of these scopes, by scope; those that have none are missing."""
        return {row[0]: _wrapped(row) for row in self._plain(_DATA_KEYS, scopes=list(scopes))}

    def some_data_keys(self) -> list[tuple[str, bytes]]:
        """The first and the last data key by scope that the master key wraps, with their scopes: none, one or two."""
        scope = col(DataKeyRow.scope)
        own = select(DataKeyRow).where(col(DataKeyRow.under).is_(None), col(DataKeyRow.wrapped) != b"")
        ends = [self._first(own.order_by(order).limit(1)) for order in (scope, scope.desc())]
        return list({row.scope: row.wrapped for row in ends if row is not None}.items())

    def data_key(self, scope: str) -> WrappedKey | None:
        """The wrapped data key of `case/<id>`, `day/<YYYY-MM-DD>` or `dossier/<id>`; the vault opens it."""
        row = self._one(_DATA_KEY, scope=scope)
        return None if row is None else _wrapped(row)

    def dossier(self, digest: str) -> str | None:
        """The scope of the dossier key of the person with this digest."""
        row = self._one(_DOSSIER, digest=digest)
        return None if row is None else str(row[0])

    def keys_under(self, scope: str) -> list[str]:
        """The scopes of the keys that the key of this scope wraps, in order."""
        wanted = select(DataKeyRow.scope).where(col(DataKeyRow.under) == scope)
        return self._all(wanted.order_by(col(DataKeyRow.scope)))


def _wrapped(row: Any) -> WrappedKey:
    _, wrapped, under, outer = row
    return WrappedKey(bytes(wrapped), under, None if outer is None else bytes(outer))
