"""RFC 6962 hashing and RFC 9162 proof checking against published vectors and the definition itself."""

from __future__ import annotations

import random
from collections.abc import Sequence
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.domain.errors import LedgerBroken
from gateway.ledger.merkle import Frontier, leaf_hash, node_hash, root, verify_consistency, verify_inclusion

# The eight leaves and the roots that Certificate Transparency implementations have been tested with since 2012.
STANDARD_LEAVES = [
    bytes.fromhex(each)
    for each in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
STANDARD_ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
STANDARD_INCLUSION_OF_FIRST_IN_EIGHT = [
    "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
    "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
    "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
]
STANDARD_CONSISTENCY_OF_SIX_WITH_EIGHT = [
    "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
    "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
]


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


def unhex(texts: Sequence[str]) -> list[bytes]:
    return [bytes.fromhex(each) for each in texts]


# --- roots ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", range(9))
def test_roots_of_the_standard_leaves_rfc_6962_2_1(size: int) -> None:
    leaves = [leaf_hash(each) for each in STANDARD_LEAVES[:size]]
    assert root(leaves).hex() == STANDARD_ROOTS[size]
    assert mth(leaves).hex() == STANDARD_ROOTS[size]


def test_leaf_and_node_are_hashed_apart_rfc_6962_2_1() -> None:
    left, right = leaf_hash(b"a"), leaf_hash(b"b")
    assert node_hash(left, right) != leaf_hash(left + right)
    assert node_hash(left, right) != node_hash(right, left)


def test_root_and_frontier_equal_the_definition_for_every_size_to_300() -> None:
    leaves = hashes(300)
    frontier = Frontier()
    assert frontier.root() == mth([])
    for size in range(1, 301):
        frontier.append(leaves[size - 1])
        assert frontier.size == size
        assert root(leaves[:size]) == mth(leaves[:size]) == frontier.root()


def test_a_copied_frontier_goes_its_own_way() -> None:
    frontier = Frontier()
    for leaf in hashes(5):
        frontier.append(leaf)
    twin = frontier.copy()
    twin.append(leaf_hash(b"other"))
    assert (frontier.size, frontier.root()) == (5, mth(hashes(5)))
    assert (twin.size, twin.root()) == (6, mth([*hashes(5), leaf_hash(b"other")]))


# --- inclusion -----------------------------------------------------------------------------------------------------


def test_standard_inclusion_proof_is_accepted_rfc_6962_2_1_1() -> None:
    proof = unhex(STANDARD_INCLUSION_OF_FIRST_IN_EIGHT)
    assert path(0, [leaf_hash(each) for each in STANDARD_LEAVES]) == proof
    verify_inclusion(leaf_hash(b""), 0, 8, proof, bytes.fromhex(STANDARD_ROOTS[8]))


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


def test_standard_consistency_proof_is_accepted_rfc_6962_2_1_2() -> None:
    proof = unhex(STANDARD_CONSISTENCY_OF_SIX_WITH_EIGHT)
    assert subproof(6, [leaf_hash(each) for each in STANDARD_LEAVES], whole=True) == proof
    verify_consistency(6, 8, bytes.fromhex(STANDARD_ROOTS[6]), bytes.fromhex(STANDARD_ROOTS[8]), proof)


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
