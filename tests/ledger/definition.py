"""RFC 6962 section 2.1, written as the RFC writes it: the oracle that trees, tiles and proofs are held against."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256


class Definition:
    """The trees over the first leaves of a list of leaf hashes. What was hashed once is remembered."""

    def __init__(self, leaves: Sequence[bytes]) -> None:
        self._leaves = leaves
        self._known: dict[tuple[int, int], bytes] = {}

    def root(self, high: int, low: int = 0) -> bytes:
        """MTH(D[low:high])."""
        if high == low:
            return sha256(b"").digest()
        if high - low == 1:
            return self._leaves[low]
        if (low, high) not in self._known:
            k = low + split(high - low)
            self._known[low, high] = sha256(b"\x01" + self.root(k, low) + self.root(high, k)).digest()
        return self._known[low, high]

    def path(self, m: int, high: int, low: int = 0) -> tuple[bytes, ...]:
        """PATH(m, D[low:high]), section 2.1.1; `m` is counted from `low`."""
        if high - low == 1:
            return ()
        k = split(high - low)
        if m < k:
            return (*self.path(m, low + k, low), self.root(high, low + k))
        return (*self.path(m - k, high, low + k), self.root(low + k, low))

    def proof(self, m: int, high: int) -> tuple[bytes, ...]:
        """PROOF(m, D[high]), section 2.1.2."""
        return self._subproof(m, 0, high, whole=True)

    def _subproof(self, m: int, low: int, high: int, *, whole: bool) -> tuple[bytes, ...]:
        if m == high - low:
            return () if whole else (self.root(high, low),)
        k = split(high - low)
        if m <= k:
            return (*self._subproof(m, low, low + k, whole=whole), self.root(high, low + k))
        return (*self._subproof(m - k, low + k, high, whole=False), self.root(low + k, low))


def split(n: int) -> int:
    """Find the largest power of two below `n`."""
    k = 1
    while k * 2 < n:
        k *= 2
    return k
