"""Leaves of the ledger as rows of a plan: what is committed, under which salts."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from gateway.ledger.leaf import Extra, Leaf, LeafKind, commitment, part_salt, pseudonym
from gateway.ledger.merkle import leaf_hash
from gateway.store.plan import Insert
from gateway.store.tables import LeafRow
from gateway.trust.secrets import Derives


@dataclass(frozen=True)
class MadeLeaf:
    """A leaf ready to be committed: its row, and its hash in hex, which a sealed answer carries."""

    row: Insert
    hash: str


class Leaves:
    """Makes leaves. Holds the key of the actors' pseudonyms; the data keys come with each call."""

    def __init__(self, master: Derives, new_id: Callable[[], str]) -> None:
        pseudonyms = master.derive("actor-pseudonym")
        self._pseudonym = lru_cache(maxsize=1024)(lambda actor: pseudonym(pseudonyms, actor))
        self._new_id = new_id

    def make(
        self,
        kind: LeafKind,
        *,
        at: datetime,
        actor: str = "",
        exchange: str = "",
        case_id: str | None = None,
        agreement: str = "",
        key: bytes | None = None,
        parts: Mapping[str, bytes] | None = None,
        extra: Mapping[str, Extra] | None = None,
    ) -> MadeLeaf:
        """Make a leaf; `parts` are exact bytes, committed to under salts derived from the data key `key`."""
        commitments = {}
        for name, data in (parts or {}).items():
            if key is None:
                raise ValueError("a leaf that commits to bytes needs the data key of its scope")
            commitments[name] = commitment(part_salt(key, exchange, name), hashlib.sha256(data).digest()).hex()
        leaf = Leaf(
            id=self._new_id(),
            kind=kind,
            at=at.astimezone(UTC),
            exchange=exchange,
            actor=self._pseudonym(actor) if actor else "",
            agreement=agreement,
            commitments=commitments,
            extra=extra or {},
        )
        canonical = leaf.canonical()
        hashed = leaf_hash(canonical)
        row = Insert(
            LeafRow,
            {
                "id": leaf.id,
                "exchange": exchange or None,
                "case_id": case_id,
                "canonical": canonical,
                "hash": hashed,
            },
        )
        return MadeLeaf(row=row, hash=hashed.hex())
