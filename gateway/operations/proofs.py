"""Proofs from the stored tree: that a leaf is in it, that it only grew, and the receipt of an exchange.

A leaf that is committed and not yet placed is no error of anybody: `Retriable` says after which time to ask again,
since the merge delay promised in each answer is 60 s. Proofs are checked before they are handed out, so that damage
in the store shows here as LedgerBroken and not at an agency.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from gateway.domain.errors import LedgerBroken, Malformed, Refused, Retriable
from gateway.ledger.checkpoint import NoteVerifier, open_note
from gateway.ledger.cosignature import WitnessVerifier
from gateway.ledger.merkle import HASH_SIZE
from gateway.ledger.receipt import build_receipt
from gateway.ledger.tree import TileId, consistency_proof, inclusion_proof, leaf_hash, verify_inclusion
from gateway.operations.integrator import StoredTiles
from gateway.store.reading import Reader
from gateway.store.tables import CheckpointRow, LeafRow

MERGE_DELAY_S = 60
"""Seconds within which a committed leaf is in the signed tree: the promise in each answer."""


@dataclass(frozen=True)
class Inclusion:
    """`proof` leads from the leaf hash of `leaf` at `index` to the root in `checkpoint` (a C2SP note)."""

    index: int
    leaf: bytes
    proof: tuple[bytes, ...]
    checkpoint: str


class Proofs:
    """Makes proofs for the ledger whose checkpoints `verifier` judges; `earlier` are its keys before a roll-over."""

    def __init__(self, reader: Reader, verifier: NoteVerifier, earlier: Sequence[NoteVerifier] = ()) -> None:
        self._reader = reader
        self._verifiers = (verifier, *earlier)

    def inclusion(self, leaf: str) -> Inclusion:
        """Prove that the leaf with this id is in the tree of the last checkpoint.

        Raises Refused `leaf-unknown`, Retriable `not-yet-in-ledger`, LedgerBroken.
        """
        row = self._reader.leaf(leaf)
        if row is None:
            raise Refused(f"no leaf {leaf[:64]!r} is known: check the id", code="leaf-unknown")
        (index,), checkpoint = self._placed([row])
        signed = open_note(checkpoint.note, self._verifiers)
        proof = inclusion_proof(index, signed.size, StoredTiles(self._reader))
        verify_inclusion(leaf_hash(row.canonical), index, signed.size, proof, signed.root)
        return Inclusion(index, row.canonical, proof, checkpoint.note)

    def consistency(self, old: int, new: int) -> tuple[bytes, ...]:
        """Prove that the tree of `new` leaves begins with that of `old` leaves (RFC 6962 section 2.1.2).

        Raises Malformed for sizes that the tree does not have.
        """
        size = self._reader.tree_size()
        if new > size:
            raise Malformed(f"the ledger has {size} leaves, not {new}")
        return consistency_proof(old, new, StoredTiles(self._reader))

    def tile(self, path: str) -> bytes:
        """Give the tile at a C2SP path such as `tile/0/x001/234.p/17`: exactly the hashes that the path asks for.

        Raises Malformed for a path that is none, Refused `tile-unknown` for a tile that the tree does not have.
        """
        tile, width = TileId.parse_path(path)
        wanted = width * HASH_SIZE
        hashes = self._reader.tile(tile.level, tile.index) or b""
        if len(hashes) < wanted:
            raise Refused(f"the ledger has no {path} yet: ask for what the last checkpoint covers", code="tile-unknown")
        return hashes[:wanted]

    def receipt(self, exchange: str, salts: Mapping[str, bytes], certificate: str) -> bytes:
        """Make the receipt of an exchange: all its leaves, proven in the tree of a checkpoint that covers them.

        Of these it is the one that others vouch for most (`best_checkpoint`), with the lines of the witnesses and the
        timestamp that it has by now. Whoever wants more of them asks again later.
        `salts` are those of the receiving party's own parts, and no others; `certificate` is the hub's, in PEM.
        Raises Refused `exchange-unknown`, Retriable `not-yet-in-ledger`, LedgerBroken.
        """
        rows = self._reader.leaves_of_exchange(exchange)
        if not rows:
            raise Refused(f"no exchange {exchange[:64]!r} is known: check the id", code="exchange-unknown")
        indexes, last = self._placed(rows)
        checkpoint = self._reader.best_checkpoint(max(indexes) + 1) or last
        stamped = self._reader.timestamp(checkpoint.size)
        return build_receipt(
            leaves=dict(zip(indexes, (row.canonical for row in rows), strict=True)),
            read=StoredTiles(self._reader),
            checkpoint=checkpoint.note + self._cosignatures(checkpoint),
            verifier=self._signer(checkpoint.note),
            certificate=certificate,
            salts=salts,
            timestamp=b"" if stamped is None else stamped.token,
        )

    def _cosignatures(self, checkpoint: CheckpointRow) -> str:
        """The lines of witnesses under a checkpoint, each verified: damage is found here and not at an agency."""
        lines = ""
        for row in self._reader.cosignatures(checkpoint.size):
            witness = self._reader.witness(row.witness)
            if witness is not None:
                found = WitnessVerifier.parse(witness.verifier).cosignature_on(checkpoint.note + row.line)
                lines += found.line if found is not None else ""
        return lines

    def _placed(self, rows: Sequence[LeafRow]) -> tuple[list[int], CheckpointRow]:
        """The places of these leaves, and the last checkpoint, which covers them all."""
        checkpoint = self._reader.last_checkpoint()
        indexes = [row.tree_index for row in rows if row.tree_index is not None]
        if checkpoint is None or len(indexes) < len(rows) or max(indexes) >= checkpoint.size:
            raise Retriable(
                f"not all leaves are in the ledger yet: ask again {MERGE_DELAY_S} s after the answer, by then they are",
                code="not-yet-in-ledger",
                after_s=MERGE_DELAY_S,
            )
        return indexes, checkpoint

    def _signer(self, note: str) -> NoteVerifier:
        """The key that signed a checkpoint; the newest where none did, so that opening the note says what is wrong."""
        for verifier in self._verifiers:
            with suppress(LedgerBroken):
                open_note(note, [verifier])
                return verifier
        return self._verifiers[0]
