"""The ledger as anybody may read it: checkpoints with their co-signatures, tiles, bundles of leaves, proofs.

The layout is that of C2SP tlog-tiles. Hashes once published never change, so a tile of a given width never does.
Of bundles: who may read them is the edge's to say (decision 0094).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from gateway.domain.errors import Malformed, Refused
from gateway.ledger.encoding import encode_base64
from gateway.ledger.merkle import HASH_SIZE
from gateway.ledger.tree import TILE_HEIGHT, TILE_WIDTH, TileId, consistency_proof, inclusion_proof, tree_root
from gateway.operations.integrator import StoredTiles
from gateway.store.reading import Reader
from gateway.store.tables import CheckpointRow

_ENTRIES = "tile/entries/"
_LONGEST_PATH = 64
"""Characters of a path that is looked at; the tiles of 2**64 leaves need no more."""

_LONGEST_ENTRY = 0xFFFF


@dataclass(frozen=True)
class Root:
    """A tree by its size, and its root (32 bytes)."""

    size: int
    root: bytes


@dataclass(frozen=True)
class Consistency:
    """The proof that the tree `old` is the beginning of the tree `new` (RFC 6962 section 2.1.2)."""

    old: Root
    new: Root
    proof: tuple[bytes, ...]


@dataclass(frozen=True)
class PublicInclusion:
    """The proof that the leaf hash `leaf` is at `index` of `tree`, lowest first (RFC 6962 section 2.1.1)."""

    index: int
    leaf: bytes
    tree: Root
    proof: tuple[bytes, ...]


@dataclass(frozen=True)
class Stamped:
    """A checkpoint's note as it was signed, and the token (DER) that an authority gave for its SHA-256 at `at`."""

    size: int
    note: str
    token: bytes
    at: datetime


class Published:
    """Reads what is published. Every answer costs a few reads by key, however long the ledger."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def checkpoint(self, *, witnessed: bool = False) -> str:
        """The newest checkpoint with the lines of its witnesses; `witnessed`: the newest that has one at least.

        Raises Refused `checkpoint-unknown` while there is none.
        """
        row = self._reader.witnessed_checkpoint() if witnessed else self._reader.last_checkpoint()
        if row is None:
            kind = "no checkpoint is co-signed" if witnessed else "the ledger is empty"
            raise Refused(f"{kind} yet: ask again later", code="checkpoint-unknown")
        return self._cosigned(row)

    def tile(self, path: str) -> bytes:
        """The tile at a path such as `tile/0/x001/234.p/17`: exactly the hashes that the path asks for.

        Raises Malformed for a path that is none, Refused `tile-unknown` for a tile that the tree does not have.
        """
        tile, width = self._asked(path)
        hashes = self._reader.tile(tile.level, tile.index) or b""
        if len(hashes) < width * HASH_SIZE:
            raise _unknown(path)
        return hashes[: width * HASH_SIZE]

    def entries(self, path: str) -> bytes:
        """The bundle at a path such as `tile/entries/x001/234.p/17`: each leaf's bytes after their length (16 bits).

        Raises Malformed, Refused `tile-unknown`, and `entry-too-large` for a leaf that no bundle can hold.
        """
        if not path.startswith(_ENTRIES):
            raise Malformed(f"{path[:_LONGEST_PATH]!r} is not the path of a bundle: write it as tile/entries/x001/234")
        tile, width = self._asked(f"tile/0/{path.removeprefix(_ENTRIES)}")
        rows = self._reader.leaves(tile.index * TILE_WIDTH, width)
        if len(rows) < width or rows[-1].tree_index != tile.index * TILE_WIDTH + width - 1:
            raise _unknown(path)
        for row in rows:
            if len(row.canonical) > _LONGEST_ENTRY:
                raise Refused(f"leaf {row.tree_index} is longer than a bundle can hold", code="entry-too-large")
        return b"".join(len(row.canonical).to_bytes(2) + row.canonical for row in rows)

    def consistency(self, old: int, new: int | None) -> Consistency:
        """Prove that the ledger of `new` leaves (None: the newest checkpoint) only grew since it had `old`.

        Raises Malformed for sizes that the tree does not have.
        """
        size = self._size(new)
        read = StoredTiles(self._reader)
        proof = consistency_proof(old, size, read)
        return Consistency(Root(old, tree_root(old, read)), Root(size, tree_root(size, read)), proof)

    def inclusion(self, index: int, size: int | None) -> PublicInclusion:
        """Prove the leaf at `index` in the tree of `size` leaves (None: the newest checkpoint). Raises Malformed."""
        grown = self._size(size)
        read = StoredTiles(self._reader)
        proof = inclusion_proof(index, grown, read)
        number, at = divmod(index, TILE_WIDTH)
        leaf = read(TileId(0, number))[at * HASH_SIZE : (at + 1) * HASH_SIZE]
        return PublicInclusion(index, leaf, Root(grown, tree_root(grown, read)), proof)

    def timestamp(self, covering: int | None) -> Stamped:
        """The newest timestamp; or the earliest of a ledger with `covering` leaves or more.

        Raises Refused `checkpoint-unknown` where there is none.
        """
        row = self._reader.last_timestamp() if covering is None else self._reader.first_timestamp(covering)
        checkpoint = None if row is None else self._reader.checkpoint(row.size)
        if row is None or checkpoint is None:
            raise Refused("no such checkpoint has a timestamp (yet)", code="checkpoint-unknown")
        return Stamped(row.size, checkpoint.note, row.token, row.at)

    def _cosigned(self, row: CheckpointRow) -> str:
        return row.note + "".join(each.line for each in self._reader.cosignatures(row.size))

    def _asked(self, path: str) -> tuple[TileId, int]:
        if len(path) > _LONGEST_PATH:
            raise Malformed(f"no path of a tile is longer than {_LONGEST_PATH} characters")
        tile, width = TileId.parse_path(path)
        # looked up by numbers that the tree has, and by no other
        if tile.index * TILE_WIDTH + width > self._reader.tree_size() >> (TILE_HEIGHT * tile.level):
            raise _unknown(path)
        return tile, width

    def _size(self, asked: int | None) -> int:
        size = self._reader.tree_size()
        if asked is not None and asked > size:
            raise Malformed(f"the ledger has {size} leaves, not {asked}")
        return size if asked is None else asked


def proof_text(proof: tuple[bytes, ...]) -> list[str]:
    """The hashes of a proof in base64, as they are written in JSON."""
    return [encode_base64(each) for each in proof]


def _unknown(path: str) -> Refused:
    return Refused(
        f"the ledger has no {path[:_LONGEST_PATH]} yet: ask for what the last checkpoint covers", code="tile-unknown"
    )
