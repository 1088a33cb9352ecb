"""Stored tiles against the leaves: every hash of every tile, from the bottom up, in constant memory."""

from __future__ import annotations

from gateway.ledger.damage import Damage, broken
from gateway.ledger.merkle import root
from gateway.ledger.tree import TILE_WIDTH
from gateway.store.reading import Reader

BATCH = 10_000


def check_tiles(reader: Reader, size: int) -> int:
    """Compare all tiles of the tree of `size` leaves with the stored leaf hashes; gives the number of tiles.

    A tile at the right edge may be longer, as the tree grows meanwhile. Raises LedgerBroken (tree-node) naming the
    first tile that differs or is missing, or a tile that no leaf stands under.
    """
    check = _Check(reader)
    at = 0
    while at < size:
        hashes = reader.leaf_hashes(at, min(BATCH, size - at))
        if not hashes:
            raise broken(Damage.TREE_SIZE, f"leaf {at}", expected=f"{size} leaves", found=f"{at} leaves")
        for each in hashes:
            check.push(0, each)
        at += len(hashes)
    check.finish()
    # Tiles and head move together: a count taken while the head stood still is that of this tree.
    stored = reader.tile_count()
    if stored != check.tiles and reader.tree_size() == size:
        expected, found = f"{check.tiles} tiles over {size} leaves", f"{stored}"
        raise broken(Damage.TREE_NODE, "stored tiles", expected=expected, found=found)
    return check.tiles


class _Check:
    """The tiles at the right edge, one of each level, as the leaves come."""

    def __init__(self, reader: Reader) -> None:
        self.tiles = 0
        self._reader = reader
        self._edge: list[list[bytes]] = []
        self._done: list[int] = []

    def push(self, level: int, each: bytes) -> None:
        """Add one hash to its level; a tile that is full is compared, and its root goes one level up."""
        if level == len(self._edge):
            self._edge.append([])
            self._done.append(0)
        hashes = self._edge[level]
        hashes.append(each)
        if len(hashes) == TILE_WIDTH:
            self._compare(level, hashes)
            above = root(hashes)
            hashes.clear()
            self._done[level] += 1
            self.push(level + 1, above)

    def finish(self) -> None:
        """Compare the tiles that are not full."""
        for level, hashes in enumerate(self._edge):
            if hashes:
                self._compare(level, hashes)

    def _compare(self, level: int, hashes: list[bytes]) -> None:
        number = self._done[level]
        expected = b"".join(hashes)
        stored = self._reader.tile(level, number) or b""
        if stored[: len(expected)] != expected:
            where = f"tile {level}/{number}"
            first = next(at for at, each in enumerate(hashes) if stored[at * len(each) :][: len(each)] != each)
            under = number * TILE_WIDTH + first
            what = f"the hash of leaf {under}" if level == 0 else f"the root of tile {level - 1}/{under}"
            raise broken(Damage.TREE_NODE, where, expected=f"{what} at {first}", found="another or none")
        self.tiles += 1
