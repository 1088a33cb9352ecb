"""Every size to 1,000: roots, inclusion and consistency proofs are those of the definition, and are accepted.

The suite takes a few proofs of each size; `make test-merkle` takes every leaf and every older tree of each.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from gateway.ledger.merkle import Frontier, leaf_hash, root, verify_consistency, verify_inclusion
from gateway.ledger.tree import TileId, consistency_proof, extend, inclusion_proof
from tests.ledger.definition import Definition

SIZE = 1000
EVERY = os.environ.get("MERKLE_EVERY") == "1"
LEAVES = [leaf_hash(str(each).encode()) for each in range(SIZE)]
DEFINED = Definition(LEAVES)


def some(size: int) -> Iterable[int]:
    """Indexes of a tree of this size: all, or its edges, its middle and two that wander through all sizes."""
    if EVERY:
        return range(size)
    return {0, size // 2, size - 1, size * 7 % size, size * 617 // 1000}


def test_every_size_to_1000_has_the_roots_and_proofs_of_the_definition_rfc_6962_2_1() -> None:
    tiles: dict[TileId, bytes] = {}
    frontier = Frontier()
    for size in range(1, SIZE + 1):
        grown = extend(size - 1, tiles.__getitem__, LEAVES[size - 1 : size])
        tiles |= grown.tiles
        frontier.append(LEAVES[size - 1])
        tree = DEFINED.root(size)
        assert grown.root == frontier.root() == tree
        if EVERY or size % 37 == 0:
            assert root(LEAVES[:size]) == tree
        for index in some(size):
            proof = inclusion_proof(index, size, tiles.__getitem__)
            assert proof == DEFINED.path(index, size)
            verify_inclusion(LEAVES[index], index, size, proof, tree)
            consistent = consistency_proof(index + 1, size, tiles.__getitem__)
            assert consistent == DEFINED.proof(index + 1, size)
            verify_consistency(index + 1, size, DEFINED.root(index + 1), tree, consistent)
