"""The ledger's Merkle tree kept as tiles (C2SP tlog-tiles): growing it, and making proofs from it.

Tile (level, n) holds up to 256 consecutive hashes; hash i of it is the root over the leaves
[(n * 256 + i) * 256**level, (n * 256 + i + 1) * 256**level). Levels between are hashed when needed. A tile at the
right edge is partial and is written again, longer, as the tree grows; hashes once in a tile never change. A reader may
hand out a longer version of a tile than the asked tree size needs: only the first hashes are used.

Every operation reads O(log256 n) tiles and hashes O(256 log256 n) nodes. Errors: `Malformed` for a leaf or size that
the tree does not have, `LedgerBroken` (tree-node) for a tile that is too short or not made of whole hashes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

from gateway.domain.errors import Malformed
from gateway.ledger.damage import Damage, broken
from gateway.ledger.merkle import (
    EMPTY_ROOT,
    HASH_SIZE,
    leaf_hash,
    node_hash,
    root,
    verify_consistency,
    verify_inclusion,
)

__all__ = [
    "TILE_WIDTH",
    "Extension",
    "TileId",
    "TileReader",
    "consistency_proof",
    "extend",
    "inclusion_proof",
    "leaf_hash",
    "node_hash",
    "root",
    "tree_root",
    "verify_consistency",
    "verify_inclusion",
]

TILE_HEIGHT = 8
TILE_WIDTH = 1 << TILE_HEIGHT
LEVELS = 64
"""Levels that tlog-tiles knows: enough for 2**512 leaves."""

_TILE_PATH = re.compile(r"tile/(0|[1-9][0-9]?)/((?:x[0-9]{3}/)*)([0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?", re.ASCII)


@dataclass(frozen=True, order=True, slots=True)
class TileId:
    """Which tile: `level` 0 holds leaf hashes, each level above holds roots of full tiles below; `index` from 0."""

    level: int
    index: int

    def path(self, width: int = TILE_WIDTH) -> str:
        """Give the path at which C2SP clients ask for this tile with `width` hashes, such as `tile/0/x001/234.p/17`."""
        groups = [f"{self.index % 1000:03d}"]
        rest = self.index // 1000
        while rest:
            groups.insert(0, f"x{rest % 1000:03d}")
            rest //= 1000
        suffix = "" if width == TILE_WIDTH else f".p/{width}"
        return f"tile/{self.level}/{'/'.join(groups)}{suffix}"

    @classmethod
    def parse_path(cls, path: str) -> tuple[TileId, int]:
        """Read the tile and width that such a path asks for. Raises Malformed for any but the one spelling."""
        if match := _TILE_PATH.fullmatch(path):
            level, upper, lower, width = match.groups()
            tile = cls(int(level), int(upper.replace("x", "").replace("/", "") + lower))
            wide = int(width or TILE_WIDTH)
            if tile.path(wide) == path and tile.level < LEVELS:
                return tile, wide
        raise Malformed(f"{path!r} is not the path of a tile: write it as tile/0/x001/234 or tile/0/x001/234.p/17")


TileReader: TypeAlias = Callable[[TileId], bytes]
"""Gives a stored tile: concatenated 32-byte hashes, as many as there are or more than the tree at hand needs."""


@dataclass(frozen=True, slots=True)
class Extension:
    """A grown tree: its size, its root, and each tile that changed with its whole new content."""

    size: int
    root: bytes
    tiles: Mapping[TileId, bytes]


def extend(size: int, read: TileReader, leaf_hashes: Sequence[bytes]) -> Extension:
    """Append leaf hashes to the tree of `size` leaves. Reads at most two tiles a level; writes nothing.

    1. complete the partial tile of a level with the new hashes of that level
    2. the root of each tile that became full is a new hash of the level above; no full tile: the levels above stay
    3. the root, from changed and stored tiles together
    """
    for leaf in leaf_hashes:
        if len(leaf) != HASH_SIZE:
            raise ValueError(f"a leaf hash has {HASH_SIZE} bytes, not {len(leaf)}")
    tiles: dict[TileId, bytes] = {}
    fresh, level = list(leaf_hashes), 0
    while fresh:
        # 1
        first, kept = divmod(size >> (TILE_HEIGHT * level), TILE_WIDTH)
        hashes = _hashes(read, TileId(level, first), 0, kept) if kept else []
        hashes += fresh
        # 2
        fresh = []
        for number, start in enumerate(range(0, len(hashes), TILE_WIDTH), first):
            content = hashes[start : start + TILE_WIDTH]
            tiles[TileId(level, number)] = b"".join(content)
            if len(content) == TILE_WIDTH:
                fresh.append(root(content))
        level += 1
    # 3
    grown = size + len(leaf_hashes)
    return Extension(grown, tree_root(grown, lambda tile: tiles[tile] if tile in tiles else read(tile)), tiles)


def tree_root(size: int, read: TileReader) -> bytes:
    """Compute the root of the tree of the first `size` leaves (RFC 6962 section 2.1)."""
    _need(size >= 0, f"a tree cannot have {size} leaves")
    return _range_root(0, size, cache(read)) if size else EMPTY_ROOT


def inclusion_proof(index: int, size: int, read: TileReader) -> tuple[bytes, ...]:
    """Make the audit path of leaf `index` in the tree of `size` leaves, lowest first (RFC 6962 section 2.1.1)."""
    _need(0 <= index < size, f"leaf {index} is not in a tree of {size} leaves: indexes run from 0 to {size - 1}")
    read = cache(read)
    path: list[bytes] = []
    low, high = 0, size
    while high - low > 1:
        middle = low + _split(high - low)
        if index < middle:
            path.append(_range_root(middle, high, read))
            high = middle
        else:
            path.append(_range_root(low, middle, read))
            low = middle
    return tuple(reversed(path))


def consistency_proof(old: int, new: int, read: TileReader) -> tuple[bytes, ...]:
    """Prove that the tree of `new` leaves begins with the tree of `old` leaves (RFC 6962 section 2.1.2).

    Empty for an empty or equal older tree.
    """
    _need(0 <= old <= new, f"a tree of {old} leaves does not come before one of {new}")
    if old in {0, new}:
        return ()
    read = cache(read)
    path: list[bytes] = []
    low, high = 0, new
    while high != old:
        middle = low + _split(high - low)
        if old <= middle:
            path.append(_range_root(middle, high, read))
            high = middle
        else:
            path.append(_range_root(low, middle, read))
            low = middle
    if low:
        # The verifier knows the old root, so the last subtree is told only where it is not that whole root.
        path.append(_range_root(low, high, read))
    return tuple(reversed(path))


def _split(size: int) -> int:
    """Find the largest power of two below `size` (which is 2 or more)."""
    return 1 << ((size - 1).bit_length() - 1)


def _range_root(low: int, high: int, read: TileReader) -> bytes:
    """Compute the root over leaves [low, high), where low is a multiple of the largest power of two in the range."""
    peaks: list[bytes] = []
    while low < high:
        height = (high - low).bit_length() - 1
        peaks.append(_perfect(low, height, read))
        low += 1 << height
    edge = peaks.pop()
    while peaks:
        edge = node_hash(peaks.pop(), edge)
    return edge


def _perfect(start: int, height: int, read: TileReader) -> bytes:
    """Compute the root of the complete subtree of 2**height leaves from `start`, out of one tile."""
    level, inside = divmod(height, TILE_HEIGHT)
    index, offset = divmod(start >> (TILE_HEIGHT * level), TILE_WIDTH)
    return root(_hashes(read, TileId(level, index), offset, 1 << inside))


def _hashes(read: TileReader, tile: TileId, offset: int, count: int) -> list[bytes]:
    content = read(tile)
    have, odd = divmod(len(content), HASH_SIZE)
    if odd or have < offset + count:
        where = f"tile {tile.level}/{tile.index}"
        needed = f"at least {offset + count} hashes of {HASH_SIZE} bytes"
        raise broken(Damage.TREE_NODE, where, expected=needed, found=f"{len(content)} bytes")
    return [content[at * HASH_SIZE : (at + 1) * HASH_SIZE] for at in range(offset, offset + count)]


def _need(holds: bool, text: str) -> None:
    if not holds:
        raise Malformed(text)
