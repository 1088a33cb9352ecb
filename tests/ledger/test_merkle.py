"""RFC 6962 hashing and RFC 9162 proof checking against the definition itself; published ones are in test_vectors.py."""

from __future__ import annotations

import random
from collections.abc import Sequence
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.domain.errors import LedgerBroken
from gateway.ledger.merkle import Frontier, leaf_hash, node_hash, verify_consistency, verify_inclusion

# --- the definition, written as the RFC writes it ------------------------------------------------------------------


def mth(leaves: Sequence[bytes]) -> bytes:
    """RFC 6962 section 2.1, over leaf hashes."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = split(len(leaves))
    return sha256(b"\x01" + mth(leaves[:k]) + mth(leaves[k:])).digest()


def path(m: int, leaves: Sequence[bytes]) -> list[bytes]:
    """RFC 6962 section 2.1.1."""
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if m < k:
        return [*path(m, leaves[:k]), mth(leaves[k:])]
    return [*path(m - k, leaves[k:]), mth(leaves[:k])]


def subproof(m: int, leaves: Sequence[bytes], *, whole: bool) -> list[bytes]:
    """RFC 6962 section 2.1.2."""
    if m == len(leaves):
        return [] if whole else [mth(leaves)]
    k = split(len(leaves))
    if m <= k:
        return [*subproof(m, leaves[:k], whole=whole), mth(leaves[k:])]
    return [*subproof(m - k, leaves[k:], whole=False), mth(leaves[:k])]


def split(n: int) -> int:
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def hashes(count: int) -> list[bytes]:
    return [leaf_hash(str(each).encode()) for each in range(count)]


# --- roots ---------------------------------------------------------------------------------------------------------


def test_leaf_and_node_are_hashed_apart_rfc_6962_2_1() -> None:
    left, right = leaf_hash(b"a"), leaf_hash(b"b")
    assert node_hash(left, right) != leaf_hash(left + right)
    assert node_hash(left, right) != node_hash(right, left)


def test_a_copied_frontier_goes_its_own_way() -> None:
    frontier = Frontier()
    for leaf in hashes(5):
        frontier.append(leaf)
    twin = frontier.copy()
    twin.append(leaf_hash(b"other"))
    assert (frontier.size, frontier.root()) == (5, mth(hashes(5)))
    assert (twin.size, twin.root()) == (6, mth([*hashes(5), leaf_hash(b"other")]))


# --- inclusion -----------------------------------------------------------------------------------------------------


def test_every_inclusion_proof_to_size_40_is_accepted_and_for_its_own_index_only() -> None:
    for size in range(1, 41):
        leaves = hashes(size)
        tree = mth(leaves)
        for index in range(size):
            verify_inclusion(leaves[index], index, size, path(index, leaves), tree)
            if size > 1:
                with pytest.raises(LedgerBroken):
                    verify_inclusion(leaves[index], (index + 1) % size, size, path(index, leaves), tree)


@settings(max_examples=150, deadline=None)
@given(data=st.data(), size=st.integers(1, 300))
def test_a_changed_inclusion_proof_is_refused(data: st.DataObject, size: int) -> None:
    leaves = hashes(size)
    index = data.draw(st.integers(0, size - 1))
    tree, proof = mth(leaves), path(index, leaves)
    verify_inclusion(leaves[index], index, size, proof, tree)
    flipped = [leaves[index], tree, *proof]
    at = data.draw(st.integers(0, len(flipped) - 1))
    flipped[at] = bytes([flipped[at][0] ^ 1]) + flipped[at][1:]
    with pytest.raises(LedgerBroken) as caught:
        verify_inclusion(flipped[0], index, size, flipped[2:], flipped[1])
    assert caught.value.code == "inclusion-proof"


@pytest.mark.parametrize("index", [-1, 7, 8])
def test_an_index_outside_the_tree_is_refused(index: int) -> None:
    with pytest.raises(LedgerBroken, match="index inside the tree"):
        verify_inclusion(leaf_hash(b""), index, 7, [], mth(hashes(7)))


def test_an_inclusion_proof_of_wrong_length_is_refused() -> None:
    leaves = hashes(7)
    proof = path(2, leaves)
    for wrong, reason in (([*proof, proof[0]], "steps beyond"), (proof[:-1], "an end below")):
        with pytest.raises(LedgerBroken, match=reason):
            verify_inclusion(leaves[2], 2, 7, wrong, mth(leaves))
    with pytest.raises(LedgerBroken, match="one of 31 bytes"):
        verify_inclusion(leaves[2], 2, 7, [proof[0][:31], *proof[1:]], mth(leaves))


# --- consistency ---------------------------------------------------------------------------------------------------


def test_every_consistency_proof_to_size_40_is_accepted_and_for_its_own_sizes_only() -> None:
    for new in range(1, 41):
        leaves = hashes(new)
        for old in range(1, new + 1):
            proof = subproof(old, leaves, whole=True)
            verify_consistency(old, new, mth(leaves[:old]), mth(leaves), proof)
            with pytest.raises(LedgerBroken):
                verify_consistency(old - 1, new, mth(leaves[:old]), mth(leaves), proof)


@settings(max_examples=150, deadline=None)
@given(data=st.data(), new=st.integers(2, 300))
def test_a_rewritten_history_is_refused(data: st.DataObject, new: int) -> None:
    old = data.draw(st.integers(1, new - 1))
    leaves = hashes(new)
    proof = subproof(old, leaves, whole=True)
    verify_consistency(old, new, mth(leaves[:old]), mth(leaves), proof)
    flipped = [mth(leaves[:old]), mth(leaves), *proof]
    at = data.draw(st.integers(0, len(flipped) - 1))
    flipped[at] = bytes([flipped[at][0] ^ 1]) + flipped[at][1:]
    with pytest.raises(LedgerBroken) as caught:
        verify_consistency(old, new, flipped[0], flipped[1], flipped[2:])
    assert caught.value.code == "consistency-proof"


def test_the_empty_tree_is_a_prefix_of_every_tree() -> None:
    empty, tree = mth([]), mth(hashes(5))
    verify_consistency(0, 5, empty, tree, [])
    verify_consistency(0, 0, empty, empty, [])
    verify_consistency(5, 5, tree, tree, [])
    for old, new, old_root, new_root, proof in (
        (0, 5, tree, tree, []),
        (0, 5, empty, tree, [empty]),
        (0, 0, empty, tree, []),
        (5, 5, tree, mth(hashes(6)), []),
        (5, 5, tree, tree, [tree]),
        (6, 5, tree, tree, []),
        (-1, 5, tree, tree, []),
    ):
        with pytest.raises(LedgerBroken):
            verify_consistency(old, new, old_root, new_root, proof)


@pytest.mark.parametrize("old", [3, 4])
def test_a_consistency_proof_of_wrong_length_is_refused(old: int) -> None:
    leaves = hashes(7)
    proof = subproof(old, leaves, whole=True)
    old_root, new_root = mth(leaves[:old]), mth(leaves)
    extra = random.Random(old).randbytes(32)  # noqa: S311 - test data, not a secret
    for wrong, reason in (([*proof, extra], "steps beyond"), (proof[:-1], "an end below"), ([], "an end below")):
        with pytest.raises(LedgerBroken, match=reason):
            verify_consistency(old, 7, old_root, new_root, wrong)
