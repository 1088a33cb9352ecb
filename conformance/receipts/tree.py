"""Inclusion in the Merkle tree of RFC 6962 section 2.1, by the recursion that defines it."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from conformance.receipts.damage import INCLUSION, Damaged


def check_inclusion(data: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Check that a leaf of these bytes is at `index` of the tree with `size` leaves and this root.

    Raises Damaged `inclusion-proof`.
    """
    where = f"leaf {index} in a tree of {size}"
    if not 0 <= index < size:
        raise Damaged(INCLUSION, where, "the index is not inside the tree")
    reached = _climb(sha256(b"\x00" + data).digest(), index, size, proof)
    if reached is None:
        raise Damaged(INCLUSION, where, f"a path of {len(proof)} hashes does not lead from this leaf to the root")
    if reached != root:
        raise Damaged(INCLUSION, where, f"the path leads to root {reached.hex()}, signed is {root.hex()}")


def _climb(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes | None:
    """The root that a path leads to; None for a path of the wrong length."""
    if size == 1:
        return leaf if not proof else None
    if not proof:
        return None
    left = 1 << ((size - 1).bit_length() - 1)  # the largest power of two below the size
    *lower, sibling = proof
    inner = _climb(leaf, index, left, lower) if index < left else _climb(leaf, index - left, size - left, lower)
    if inner is None:
        return None
    pair = inner + sibling if index < left else sibling + inner
    return sha256(b"\x01" + pair).digest()
