"""The Merkle tree of RFC 6962 section 2.1 over SHA-256, and the checking of its proofs.

    leaf    SHA-256(0x00 || data)
    node    SHA-256(0x01 || left || right)
    empty   SHA-256 of nothing

A tree of n leaves splits at the largest power of two below n. Proof checking follows RFC 9162 sections 2.1.3.2 and
2.1.4.2, which state the algorithm for the same tree. All hashes are 32 bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import sha256

from gateway.ledger.damage import Damage, broken

HASH_SIZE = 32
EMPTY_ROOT = sha256(b"").digest()


def leaf_hash(data: bytes) -> bytes:
    """Hash one leaf's exact bytes."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash an inner node."""
    return sha256(b"\x01" + left + right).digest()


def root(leaf_hashes: Sequence[bytes]) -> bytes:
    """Compute the root of a tree given whole. Level by level, an odd last hash moves up unchanged: the same tree."""
    if not leaf_hashes:
        return EMPTY_ROOT
    level = list(leaf_hashes)
    while len(level) > 1:
        pairs = [sha256(b"\x01" + level[at] + level[at + 1]).digest() for at in range(0, len(level) - 1, 2)]
        level = pairs + level[len(level) & ~1 :]
    return level[0]


class Frontier:
    """The roots of the complete subtrees at the right edge: enough to append and to know the root, in O(log n)."""

    __slots__ = ("_peaks", "size")

    def __init__(self) -> None:
        self.size = 0
        self._peaks: list[bytes] = []

    def append(self, leaf: bytes) -> None:
        """Add one leaf hash at the right."""
        edge = self.size
        while edge & 1:
            leaf = sha256(b"\x01" + self._peaks.pop() + leaf).digest()
            edge >>= 1
        self._peaks.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        """Compute the root over all leaves so far."""
        if not self._peaks:
            return EMPTY_ROOT
        *left, edge = self._peaks
        for peak in reversed(left):
            edge = node_hash(peak, edge)
        return edge

    def copy(self) -> Frontier:
        """Make an independent frontier over the same leaves."""
        twin = Frontier()
        twin.size = self.size
        twin._peaks = self._peaks.copy()
        return twin


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], tree: bytes) -> None:
    """Check that `leaf` (a leaf hash) is at `index` of the tree of `size` leaves with root `tree`.

    Raises LedgerBroken (inclusion-proof). RFC 9162 section 2.1.3.2.
    """
    where = f"inclusion of leaf {index} in a tree of {size}"
    if not 0 <= index < size:
        raise broken(Damage.INCLUSION_PROOF, where, expected="an index inside the tree", found=str(index))
    _whole_hashes(Damage.INCLUSION_PROOF, where, (leaf, tree, *proof))
    reached = leaf
    for sibling, is_left in _climb(Damage.INCLUSION_PROOF, where, index, size - 1, proof):
        reached = node_hash(sibling, reached) if is_left else node_hash(reached, sibling)
    if reached != tree:
        raise broken(Damage.INCLUSION_PROOF, where, expected=f"root {tree.hex()}", found=f"root {reached.hex()}")


def verify_consistency(old_size: int, new_size: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Check that the tree of `new_size` leaves begins with exactly the `old_size` leaves of the older one.

    Raises LedgerBroken (consistency-proof). RFC 9162 section 2.1.4.2; the empty tree is a prefix of every tree.
    """
    where = f"consistency of a tree of {old_size} with one of {new_size}"
    _whole_hashes(Damage.CONSISTENCY_PROOF, where, (old_root, new_root, *proof))
    if not 0 <= old_size <= new_size:
        raise broken(Damage.CONSISTENCY_PROOF, where, expected="a tree that only grows", found="a smaller one")
    if old_size in {0, new_size}:
        _verify_trivial(where, old_root, EMPTY_ROOT if old_size == 0 else new_root, proof)
        if new_size == 0:
            _verify_trivial(where, new_root, EMPTY_ROOT, proof)
        return
    # The lowest subtree of the old edge is not in the proof when it is the whole old tree, whose root is known.
    seed, *steps = (old_root, *proof) if old_size & (old_size - 1) == 0 else proof or (b"",)
    node, last = old_size - 1, new_size - 1
    while node & 1:
        node >>= 1
        last >>= 1
    old = new = seed
    for sibling, is_left in _climb(Damage.CONSISTENCY_PROOF, where, node, last, steps):
        if is_left:
            old = node_hash(sibling, old)
        new = node_hash(sibling, new) if is_left else node_hash(new, sibling)
    for name, claimed, reached in (("old", old_root, old), ("new", new_root, new)):
        if claimed != reached:
            found = f"{name} root {reached.hex()}"
            raise broken(Damage.CONSISTENCY_PROOF, where, expected=f"{name} root {claimed.hex()}", found=found)


def _climb(damage: Damage, where: str, node: int, last: int, proof: Sequence[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Yield each step of a proof with its side: True where the sibling is on the left. Refuses a wrong length.

    `node` is the index at its level of the subtree climbed from, `last` that of the rightmost subtree.
    """
    for sibling in proof:
        if last == 0:
            raise broken(damage, where, expected="a proof that ends at the root", found="steps beyond it")
        is_left = bool(node & 1) or node == last
        if is_left:
            # At the right edge a subtree without a sibling moves up unchanged: such levels have no step.
            while node and not node & 1:
                node >>= 1
                last >>= 1
        yield sibling, is_left
        node >>= 1
        last >>= 1
    if last != 0:
        raise broken(damage, where, expected="a proof that ends at the root", found="an end below it")


def _verify_trivial(where: str, claimed: bytes, must_be: bytes, proof: Sequence[bytes]) -> None:
    if proof:
        raise broken(Damage.CONSISTENCY_PROOF, where, expected="an empty proof", found=f"{len(proof)} hashes")
    if claimed != must_be:
        raise broken(Damage.CONSISTENCY_PROOF, where, expected=f"root {must_be.hex()}", found=f"root {claimed.hex()}")


def _whole_hashes(damage: Damage, where: str, hashes: Sequence[bytes]) -> None:
    for each in hashes:
        if len(each) != HASH_SIZE:
            raise broken(damage, where, expected=f"hashes of {HASH_SIZE} bytes", found=f"one of {len(each)} bytes")
