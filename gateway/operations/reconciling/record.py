"""What the hub's record says of one exchange: which leaves commit to which of its parts, and under which salts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple

from gateway.dialect.shared_secret import HIDDEN
from gateway.domain.errors import LedgerBroken
from gateway.ledger.damage import Damage, broken
from gateway.ledger.leaf import commitment, part_salt
from gateway.ledger.merkle import leaf_hash
from gateway.store.reading import Reader
from gateway.store.reads.reconciliations import ComparedExchange, StoredLeaf
from gateway.store.vault import Vault, scope_of

KEYS = 4096
"""Data keys that are in memory at a time: exchanges of one case or day stand near one another."""

_MESSAGE = {"in": re.compile(r"request(-plain)?"), "out": re.compile(r"sent-\d+(-plain)?")}
_ANSWER = {"in": re.compile(r"answer(-at-\d+)?(-plain)?"), "out": re.compile(r"reply-\d+(-plain)?")}


class Place(NamedTuple):
    """A leaf that commits to a part: its hash in hex, and its place in the tree (None: not placed yet)."""

    part: str
    commitment: str
    leaf: str
    tree_index: int | None


@dataclass(frozen=True)
class OwnRecord:
    """One exchange on record. `key` is None when the data key is gone, which is what an erasure does."""

    row: ComparedExchange
    places: tuple[Place, ...]
    key: bytes | None

    @property
    def is_erased(self) -> bool:
        """Whether leaves commit to it, and the key that opens their commitments is gone."""
        return self.key is None and bool(self.places)

    def of(self, what: str) -> tuple[Place, ...]:
        """The places of the `message`, or of the `answer` in the same call."""
        pattern = (_MESSAGE if what == "message" else _ANSWER)[self.row.direction]
        return tuple(each for each in self.places if pattern.fullmatch(each.part))

    def opened_part(self, part: str, digest: str) -> Place | None:
        """The place of this part whose commitment this digest (hex) opens."""
        if self.key is None:
            return None
        made = commitment(part_salt(self.key, self.row.id, part), bytes.fromhex(digest)).hex()
        return next((each for each in self.places if (each.part, each.commitment) == (part, made)), None)

    def opened_by(self, what: str, digest: str) -> Place | None:
        """The first place whose commitment this digest (hex) opens."""
        if self.key is None:
            return None
        raw = bytes.fromhex(digest)
        for place in self.of(what):
            if commitment(part_salt(self.key, self.row.id, place.part), raw).hex() == place.commitment:
                return place
        return None


class OwnDigest(NamedTuple):
    """Our own digest of a message or answer as it is stored, in hex, and whether secrets were taken out of it."""

    place: Place
    sha256: str | None
    is_withheld: bool


class Record:
    """Reads the record. For one run: keys of scopes are remembered."""

    def __init__(self, reader: Reader, vault: Vault) -> None:
        self._reader = reader
        self._vault = vault
        self._key = lru_cache(maxsize=KEYS)(vault.stored_key)

    def of(self, rows: Iterable[ComparedExchange]) -> Iterator[OwnRecord]:
        """What is on record of these exchanges, in their order. Raises LedgerBroken for a leaf that was changed."""
        rows = list(rows)
        leaves: dict[str, list[StoredLeaf]] = {}
        for leaf in self._reader.compared_leaves([row.id for row in rows]):
            leaves.setdefault(leaf.exchange, []).append(leaf)
        for row in rows:
            places = tuple(place for leaf in leaves.get(row.id, ()) for place in _places(leaf))
            yield OwnRecord(row, places, self._key(scope_of(row.case_id, row.at)))

    def own_digest(self, own: OwnRecord, what: str) -> OwnDigest | None:
        """Our own digest of it, of the last sending where there were several; None where nothing of it is on record.

        Without a digest where the stored bytes are not there, or not those of the leaf: then the leaf speaks alone.
        """
        places = [each for each in own.of(what) if not each.part.endswith("-plain")]
        if not places:
            return None
        place = places[-1]
        body = stored_bytes(self._reader, self._vault, own.row).get(place.part)
        if body is None or own.key is None:
            return OwnDigest(place, None, is_withheld=False)
        digest = sha256(body)
        stands = commitment(part_salt(own.key, own.row.id, place.part), digest.digest()).hex() == place.commitment
        withheld = own.row.direction == "out" and what == "message" and HIDDEN.encode() in body
        return OwnDigest(place, digest.hexdigest() if stands else None, is_withheld=withheld)


def stored_bytes(reader: Reader, vault: Vault, row: ComparedExchange) -> Mapping[str, bytes]:  # noqa: ARG001 - what is sealed at rest is opened by the vault here
    """The exact bytes of an exchange, by part."""
    return {part.name: part.body for part in reader.parts(row.id)}


def _places(leaf: StoredLeaf) -> Iterator[Place]:
    if leaf_hash(leaf.canonical) != leaf.hash:
        where = f"leaf {leaf.tree_index} of exchange {leaf.exchange!r}"
        raise _changed(where, leaf)
    # read without the checks of `Leaf.parse`, which cost more than all else: the hash holds it
    said = json.loads(leaf.canonical)
    for part, committed in said["commitments"].items():
        yield Place(part, committed, leaf.hash.hex(), leaf.tree_index)


def _changed(where: str, leaf: StoredLeaf) -> LedgerBroken:
    found = f"a text with leaf hash {leaf_hash(leaf.canonical).hex()}"
    return broken(Damage.LEAF_CHANGED, where, expected=f"a text with leaf hash {leaf.hash.hex()}", found=found)
