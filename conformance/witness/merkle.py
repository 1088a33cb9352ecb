"""Whether one tree is the beginning of another, by the recursive definition of RFC 6962 section 2.1.2."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

EMPTY = hashlib.sha256().digest()


class NotConsistent(ValueError):
    """The proof does not show that the larger tree begins with the smaller one."""


def check_consistency(old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]) -> None:
    """See that the tree of `new` leaves begins with that of `old` leaves. Raises NotConsistent."""
    if old > new:
        raise NotConsistent(f"a ledger of {new} leaves cannot continue one of {old}")
    if old in {0, new}:
        if proof:
            raise NotConsistent("there is nothing to prove, and yet a proof")
        if old_root != (EMPTY if old == 0 else new_root):
            raise NotConsistent("the same size with another root")
        return
    rest = iter(proof)
    reached = _roots(old, new, old_root, rest, whole=True)
    if next(rest, None) is not None:
        raise NotConsistent("the proof has more hashes than it needs")
    for name, claimed, found in (("older", old_root, reached[0]), ("newer", new_root, reached[1])):
        if claimed != found:
            raise NotConsistent(f"the proof leads to another root of the {name} tree")


def _roots(old: int, new: int, old_root: bytes, proof: Iterator[bytes], *, whole: bool) -> tuple[bytes, bytes]:
    """SUBPROOF(old, D[new], whole) read upwards: the roots of both trees at this node."""
    if old == new:
        found = old_root if whole else _next(proof)
        return found, found
    split = 1 << (new - 1).bit_length() - 1
    if old <= split:
        below = _roots(old, split, old_root, proof, whole=whole)
        return below[0], _node(below[1], _next(proof))
    below = _roots(old - split, new - split, old_root, proof, whole=False)
    left = _next(proof)
    return _node(left, below[0]), _node(left, below[1])


def _next(proof: Iterator[bytes]) -> bytes:
    found = next(proof, None)
    if found is None:
        raise NotConsistent("the proof has fewer hashes than it needs")
    return found


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()
