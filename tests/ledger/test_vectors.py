"""The tree, its proofs and their checking equal the vectors of transparency-dev/merkle, for good and for bad."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from gateway.domain.errors import LedgerBroken
from gateway.ledger.merkle import Frontier, leaf_hash, root, verify_consistency, verify_inclusion
from gateway.ledger.tree import consistency_proof, extend, inclusion_proof
from tests.ledger.vectors import CONSISTENCY, EMPTY_ROOT, INCLUSION, LEAVES, ROOTS, SOME_HASH

HASHES = [leaf_hash(bytes.fromhex(each)) for each in LEAVES]
WHOLE = [bytes.fromhex(each) for each in ROOTS]
TILE = b"".join(HASHES)


@pytest.mark.parametrize("size", range(9))
def test_roots_are_those_of_the_vectors_rfc_6962_2_1(size: int) -> None:
    frontier = Frontier()
    for each in HASHES[:size]:
        frontier.append(each)
    assert root(HASHES[:size]) == frontier.root() == extend(0, lambda _: b"", HASHES[:size]).root == WHOLE[size]


@pytest.mark.parametrize(("index", "size", "texts"), INCLUSION)
def test_inclusion_proofs_are_those_of_the_vectors_rfc_6962_2_1_1(index: int, size: int, texts: Sequence[str]) -> None:
    proof = tuple(bytes.fromhex(each) for each in texts)
    assert inclusion_proof(index, size, lambda _: TILE) == proof
    verify_inclusion(HASHES[index], index, size, proof, WHOLE[size])
    for wrong in _wrong_inclusions(index, size, proof):
        with pytest.raises(LedgerBroken) as caught:
            verify_inclusion(*wrong)
        assert caught.value.code == "inclusion-proof"


@pytest.mark.parametrize(("old", "new", "texts"), CONSISTENCY)
def test_consistency_proofs_are_those_of_the_vectors_rfc_6962_2_1_2(old: int, new: int, texts: Sequence[str]) -> None:
    proof = tuple(bytes.fromhex(each) for each in texts)
    assert consistency_proof(old, new, lambda _: TILE) == proof
    verify_consistency(old, new, WHOLE[old], WHOLE[new], proof)
    for wrong in _wrong_consistencies(old, new, proof) if proof else ():
        with pytest.raises(LedgerBroken) as caught:
            verify_consistency(*wrong)
        assert caught.value.code == "consistency-proof"


@pytest.mark.parametrize(("index", "size"), [(0, 0), (0, 1), (1, 0), (2, 1)])
def test_what_is_in_no_tree_is_never_included(index: int, size: int) -> None:
    some, empty = bytes.fromhex(SOME_HASH), bytes.fromhex(EMPTY_ROOT)
    for leaf, tree in ((some, b""), (b"", empty), (some, empty)):
        with pytest.raises(LedgerBroken):
            verify_inclusion(leaf, index, size, [], tree)


def _flipped(proof: Sequence[bytes], bit: int) -> Iterator[tuple[bytes, ...]]:
    for at, each in enumerate(proof):
        yield (*proof[:at], bytes([each[0] ^ bit]) + each[1:], *proof[at + 1 :])


def _wrong_inclusions(
    index: int, size: int, proof: tuple[bytes, ...]
) -> Iterator[tuple[bytes, int, int, tuple[bytes, ...], bytes]]:
    """What the vectors say must be refused: the same proof for another place, size, leaf or root, or another proof."""
    leaf, tree, some = HASHES[index], WHOLE[size], bytes.fromhex(SOME_HASH)
    for other in (index - 1, index + 1, index ^ 2):
        yield leaf, other, size, proof, tree
    for other in (size * 2, size // 2):
        yield leaf, index, other, proof, tree
    yield b"WrongLeaf", index, size, proof, tree
    for wrong in (WHOLE[0], some):
        yield leaf, index, size, proof, wrong
    others = [(*proof, b""), (*proof, tree), (b"", *proof), (tree, *proof), *_flipped(proof, 8)]
    others += [proof[:-1]] if proof else []
    others += [(proof[0], some, *proof[1:])] if len(proof) > 1 else []
    for each in others:
        yield leaf, index, size, each, tree


def _wrong_consistencies(
    old: int, new: int, proof: tuple[bytes, ...]
) -> Iterator[tuple[int, int, bytes, bytes, tuple[bytes, ...]]]:
    first, last = WHOLE[old], WHOLE[new]
    for other in (old - 1, old + 1, old ^ 2):
        yield other, new, first, last, proof
    for other in (new * 2, new // 2):
        yield old, other, first, last, proof
    for before, after in ((b"WrongRoot", last), (first, b"WrongRoot"), (last, first)):
        yield old, new, before, after, proof
    others = [(*proof, extra) for extra in (b"", first, last)]
    others += [(extra, *proof) for extra in (b"", first, last, proof[0])]
    for each in ((), proof[:-1], *others, *_flipped(proof, 16)):
        yield old, new, first, last, each
