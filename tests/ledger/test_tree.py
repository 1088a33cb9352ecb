"""The tiled tree against the plain one: every size to 300, and the sizes at the edges of tiles."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.domain.errors import LedgerBroken, Malformed
from gateway.ledger import tree
from gateway.ledger.merkle import leaf_hash, root, verify_consistency, verify_inclusion
from gateway.ledger.tree import TileId, consistency_proof, extend, inclusion_proof, tree_root


class Tiles:
    """A store of tiles that counts reads."""

    def __init__(self) -> None:
        self.content: dict[TileId, bytes] = {}
        self.size = 0
        self.reads: list[TileId] = []

    def read(self, tile: TileId) -> bytes:
        self.reads.append(tile)
        return self.content[tile]

    def add(self, leaves: Sequence[bytes]) -> bytes:
        grown = extend(self.size, self.read, leaves)
        self.content.update(grown.tiles)
        self.size = grown.size
        return grown.root


@cache
def hashes(count: int) -> tuple[bytes, ...]:
    return tuple(leaf_hash(str(each).encode()) for each in range(count))


@pytest.fixture(scope="module")
def large() -> Tiles:
    tiles = Tiles()
    tiles.add(hashes(66_000))
    return tiles


def rfc_root(leaves: Sequence[bytes]) -> bytes:
    """RFC 6962 section 2.1, recursively: the definition."""
    if len(leaves) < 2:
        return leaves[0] if leaves else root([])
    k = 1 << ((len(leaves) - 1).bit_length() - 1)
    return tree.node_hash(rfc_root(leaves[:k]), rfc_root(leaves[k:]))


def rfc_path(m: int, leaves: Sequence[bytes]) -> tuple[bytes, ...]:
    """RFC 6962 section 2.1.1, recursively."""
    if len(leaves) == 1:
        return ()
    k = 1 << ((len(leaves) - 1).bit_length() - 1)
    if m < k:
        return (*rfc_path(m, leaves[:k]), rfc_root(leaves[k:]))
    return (*rfc_path(m - k, leaves[k:]), rfc_root(leaves[:k]))


def rfc_subproof(m: int, leaves: Sequence[bytes], *, whole: bool = True) -> tuple[bytes, ...]:
    """RFC 6962 section 2.1.2, recursively."""
    if m == len(leaves):
        return () if whole else (rfc_root(leaves),)
    k = 1 << ((len(leaves) - 1).bit_length() - 1)
    if m <= k:
        return (*rfc_subproof(m, leaves[:k], whole=whole), rfc_root(leaves[k:]))
    return (*rfc_subproof(m - k, leaves[k:], whole=False), rfc_root(leaves[:k]))


# --- growing -------------------------------------------------------------------------------------------------------


def test_growing_leaf_by_leaf_has_the_root_of_the_definition_at_every_size_to_300() -> None:
    tiles = Tiles()
    assert tiles.add([]) == rfc_root([])
    for size in range(1, 301):
        assert tiles.add([hashes(300)[size - 1]]) == rfc_root(hashes(300)[:size])


def test_a_proof_from_tiles_is_the_proof_of_the_definition() -> None:
    tiles = Tiles()
    for size in (*range(1, 20), 31, 64, 65, 255, 256, 257, 300):
        leaves = hashes(300)[:size]
        tiles.add(leaves[tiles.size :])
        for index in {0, 1, size // 3, size // 2, size - 2, size - 1} & set(range(size)):
            assert inclusion_proof(index, size, tiles.read) == rfc_path(index, leaves)
        for old in {1, 2, size // 3, size // 2, size - 1, size} & set(range(1, size + 1)):
            assert consistency_proof(old, size, tiles.read) == rfc_subproof(old, leaves)


def test_every_size_to_300_proves_its_leaves_and_its_past() -> None:
    leaves, tiles = hashes(300), Tiles()
    roots = [root(leaves[:size]) for size in range(301)]
    for size in range(1, 301):
        tiles.add([leaves[size - 1]])
        for index in {0, size // 2, size - 1, (size * 7) % size}:
            verify_inclusion(leaves[index], index, size, inclusion_proof(index, size, tiles.read), roots[size])
        for old in {0, 1, size // 2, size - 1, size}:
            verify_consistency(old, size, roots[old], roots[size], consistency_proof(old, size, tiles.read))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 300), max_size=6))
def test_any_division_into_batches_makes_the_same_tiles(batches: list[int]) -> None:
    leaves = hashes(1800)[: sum(batches)]
    tiles, at_once = Tiles(), Tiles()
    for batch in batches:
        assert tiles.add(leaves[tiles.size : tiles.size + batch]) == root(leaves[: tiles.size])
    at_once.add(leaves)
    assert tiles.content == at_once.content


@pytest.mark.parametrize("size", [255, 256, 257, 511, 512, 513, 65_535, 65_536, 65_537, 65_792, 66_000])
def test_sizes_at_the_edges_of_tiles(size: int, large: Tiles) -> None:
    leaves = hashes(66_000)[:size]
    expected = rfc_root(leaves)
    assert root(leaves) == expected
    grown = Tiles()
    grown.add(leaves[:-3])
    assert grown.add(leaves[-3:]) == expected
    # Longer tiles than this size needs serve as well.
    assert tree_root(size, large.read) == expected
    for index in (0, 254, size // 2, size - 1):
        verify_inclusion(leaves[index], index, size, inclusion_proof(index, size, large.read), expected)
    for old in (1, 128, 254, size // 2, size - 1):
        proof = consistency_proof(old, size, large.read)
        verify_consistency(old, size, root(leaves[:old]), expected, proof)


def test_tile_widths_for_a_tree_of_66000_leaves_c2sp_tlog_tiles(large: Tiles) -> None:
    widths = {tile: len(content) // 32 for tile, content in large.content.items()}
    assert widths == {
        **{TileId(0, index): 256 for index in range(257)},
        TileId(0, 257): 66_000 % 256,
        TileId(1, 0): 256,
        TileId(1, 1): 66_000 // 256 - 256,
        TileId(2, 0): 1,
    }


def test_a_tile_above_holds_roots_of_full_tiles_below_c2sp_tlog_tiles(large: Tiles) -> None:
    leaves = hashes(66_000)
    assert large.content[TileId(1, 1)][:32] == root(leaves[65_536:65_792])
    assert large.content[TileId(2, 0)] == root(leaves[:65_536])


def test_only_changed_tiles_are_handed_out() -> None:
    tiles = Tiles()
    tiles.add(hashes(600)[:500])
    assert extend(500, tiles.read, hashes(600)[500:510]).tiles.keys() == {TileId(0, 1)}
    assert extend(500, tiles.read, hashes(600)[500:600]).tiles.keys() == {TileId(0, 1), TileId(0, 2), TileId(1, 0)}
    assert extend(500, tiles.read, []).tiles == {}


def test_work_on_a_large_tree_reads_few_tiles(large: Tiles) -> None:
    large.reads.clear()
    extend(large.size, large.read, hashes(66_000)[:200])
    assert len(large.reads) <= 6
    for index in (0, 30_000, 65_999):
        large.reads.clear()
        inclusion_proof(index, 66_000, large.read)
        assert len(large.reads) <= 6
    large.reads.clear()
    consistency_proof(40_001, 66_000, large.read)
    assert len(large.reads) <= 6


# --- refusals ------------------------------------------------------------------------------------------------------


def test_a_leaf_hash_of_wrong_length_is_not_appended() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        extend(0, Tiles().read, [b"short"])


def test_what_the_tree_does_not_have_cannot_be_proven() -> None:
    tiles = Tiles()
    tiles.add(hashes(10))
    for index, size in ((10, 10), (-1, 10), (0, 0)):
        with pytest.raises(Malformed, match="is not in a tree"):
            inclusion_proof(index, size, tiles.read)
    for old, new in ((5, 4), (-1, 4)):
        with pytest.raises(Malformed, match="does not come before"):
            consistency_proof(old, new, tiles.read)
    with pytest.raises(Malformed, match="cannot have -1 leaves"):
        tree_root(-1, tiles.read)


@pytest.mark.parametrize("keep", [9 * 32, 10 * 32 - 1, 10 * 32 + 1, 0])
def test_a_damaged_tile_is_named(keep: int) -> None:
    content = (b"".join(hashes(10)) + b"x")[:keep]
    with pytest.raises(LedgerBroken, match="tile 0/0") as caught:
        tree_root(10, lambda _: content)
    assert caught.value.code == "tree-node"


# --- paths ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tile", "width", "path"),
    [
        (TileId(0, 0), 256, "tile/0/000"),
        (TileId(1, 17), 112, "tile/1/017.p/112"),
        (TileId(0, 1_234_067), 256, "tile/0/x001/x234/067"),
        (TileId(63, 1000), 1, "tile/63/x001/000.p/1"),
    ],
)
def test_tile_paths_c2sp_tlog_tiles(tile: TileId, width: int, path: str) -> None:
    assert tile.path(width) == path
    assert TileId.parse_path(path) == (tile, width)


@given(st.integers(0, 63), st.integers(0, 2**63), st.integers(1, 256))
def test_a_tile_path_reads_back(level: int, index: int, width: int) -> None:
    assert TileId.parse_path(TileId(level, index).path(width)) == (TileId(level, index), width)


@pytest.mark.parametrize(
    "path",
    ["tile/0/0", "tile/00/000", "tile/64/000", "tile/0/x000/001", "tile/0/000.p/0", "tile/0/000.p/256",
     "tile/0/001/002", "tile/0/000.p/01", "tile/0/000/", "/tile/0/000", "tile/0/x1/000", "tile/0/٠٠٠", "tile/0/000\n"],
)  # fmt: skip
def test_a_tile_path_with_another_spelling_is_refused(path: str) -> None:
    with pytest.raises(Malformed, match="not the path of a tile"):
        TileId.parse_path(path)
