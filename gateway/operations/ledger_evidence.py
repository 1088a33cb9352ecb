"""What the commitments of stored leaves stand for: the digest of the stored bytes as they are now, and the salt.

leaf of an exchange   each commitment is named as a part (`request`, `answer`, `sent-1`): its `exchange_part` row
leaf of a case step   its exchange is the case, its commitment `fact-<seq>`: the record of that `case_event` row
salt                  `gateway.ledger.leaf.part_salt` of the data key; which key, `gateway.store.vault` says
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256

from gateway.casework.history import fact_record
from gateway.casework.names import fact_part
from gateway.domain.errors import LedgerBroken, Tampered
from gateway.ledger.damage import Damage, broken
from gateway.ledger.leaf import Leaf, LeafKind, part_salt
from gateway.ledger.merkle import leaf_hash
from gateway.operations.erased import erased_scope
from gateway.store.reading import Reader
from gateway.store.reads.erasures import ErasedLeaf
from gateway.store.tables import CaseEventRow, ExchangeRow, LeafRow
from gateway.store.vault import Vault, scope_of


@dataclass(frozen=True)
class StoredPart:
    """SHA-256 of the stored bytes of one part, and its salt."""

    name: str
    digest: bytes
    salt: bytes


class Evidence:
    """The stored parts of a batch of leaves. Bodies are read one at a time; only their digests are kept."""

    def __init__(self, reader: Reader, vault: Vault, rows: Sequence[LeafRow]) -> None:
        self._reader = reader
        self._vault = vault
        self._erasures: dict[tuple[str, str | None], ErasedLeaf | None] = {}
        self._keys: dict[str, bytes | None] = {}
        self._leaves = {row.serial: leaf for row in rows if (leaf := read_leaf(row)) is not None}
        steps = {leaf.exchange for leaf in self._leaves.values() if leaf.kind is LeafKind.CASE_STEP}
        others = {leaf.exchange for leaf in self._leaves.values() if leaf.commitments} - steps
        self._exchanges: dict[str, ExchangeRow] = reader.exchanges_by_id(others)
        self._digests = reader.part_digests(others)
        self._digests |= {(row.case_id, fact_part(row.seq)): _fact_digest(row) for row in reader.facts_of(steps)}

    def leaf(self, row: LeafRow) -> Leaf | None:
        """What a leaf of the batch says; None when its bytes are not those of a leaf with its stored hash."""
        return self._leaves.get(row.serial)

    def parts(self, row: LeafRow) -> Iterator[StoredPart]:
        """The stored parts that a leaf commits to, by name. One that is not stored is left out.

        Raises LedgerBroken where the row contradicts its own leaf, or where its exchange or its data key is gone and no
        leaf says that it was erased; an unreadable leaf has no parts.
        """
        leaf = self.leaf(row)
        if leaf is None:
            return
        where = f"leaf {row.tree_index if row.tree_index is not None else row.id} of exchange {leaf.exchange!r}"
        if (row.id, row.exchange or "") != (leaf.id, leaf.exchange):
            expected, found = f"id {leaf.id!r} and this exchange beside it", f"{row.id!r} and {row.exchange!r}"
            raise broken(Damage.LEAF_CHANGED, where, expected=expected, found=found)
        if not leaf.commitments:
            return
        key = self._key(row, leaf, where)
        if key is None:
            return
        for name in sorted(leaf.commitments):
            digest = self._digests.get((leaf.exchange, name))
            if digest is not None:
                yield StoredPart(name, digest, part_salt(key, leaf.exchange, name))

    def erasure(self, row: LeafRow) -> ErasedLeaf | None:
        """The leaf that says that the parts of this one are erased; None where none does."""
        leaf = self.leaf(row)
        exchange = None if leaf is None else self._exchanges.get(leaf.exchange)
        if leaf is None or (exchange is None and leaf.kind is not LeafKind.CASE_STEP):
            return None
        case_id = leaf.exchange if leaf.kind is LeafKind.CASE_STEP else row.case_id
        scope = scope_of(case_id, exchange.at if exchange else leaf.at)
        asked = scope, exchange.gone_by if exchange else None
        if asked not in self._erasures:
            by = asked[1]
            found = erased_scope(self._reader, scope) if by is None else self._reader.erased_by(by)
            self._erasures[asked] = found
        return self._erasures[asked]

    def _key(self, row: LeafRow, leaf: Leaf, where: str) -> bytes | None:
        exchange = self._exchanges.get(leaf.exchange)
        if exchange is None and leaf.kind is not LeafKind.CASE_STEP:
            raise broken(Damage.PART_MISSING, where, expected="the exchange in the store", found="none")
        scope = scope_of(row.case_id, exchange.at if exchange else leaf.at)
        if scope not in self._keys:
            self._keys[scope] = self._open(scope)
        key = self._keys[scope]
        if key is None and self.erasure(row) is None:
            expected = f"the data key {scope!r} in the store, as it was sealed under this master key"
            raise broken(Damage.PART_MISSING, where, expected=expected, found="none that opens")
        return key

    def _open(self, scope: str) -> bytes | None:
        try:
            return self._vault.stored_key(scope)
        except Tampered:
            return None


def _fact_digest(row: CaseEventRow) -> bytes:
    try:
        record = fact_record(
            kind=row.kind,
            body=row.body,
            occurred_at=row.occurred_at,
            entered_at=row.entered_at,
            actor=row.actor,
            exchange=row.exchange,
        )
    except TypeError:  # a blob where text belongs, which SQLite lets in: no leaf commits to it
        return bytes(32)
    return sha256(record).digest()


def read_leaf(row: LeafRow) -> Leaf | None:
    """What a stored leaf says; None when its bytes are not those of a leaf, or not those of its stored hash."""
    if leaf_hash(row.canonical) != row.hash:
        return None
    try:
        return Leaf.parse(row.canonical)
    except LedgerBroken:
        return None
