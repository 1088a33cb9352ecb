"""The tree of RFC 9162 from its leaves, with code of our own: what a published checkpoint must still be the root of."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable


def roots(leaf_hashes: Iterable[bytes], sizes: Collection[int]) -> dict[int, bytes]:
    """The root over the first n leaves for each wanted size n that is reached."""
    found: dict[int, bytes] = {}
    peaks: list[tuple[int, bytes]] = []  # whole subtrees from left to right: (leaves, hash)
    for size, leaf in enumerate(leaf_hashes, 1):
        peaks.append((1, leaf))
        while len(peaks) > 1 and peaks[-1][0] == peaks[-2][0]:
            (width, right), (_, left) = peaks.pop(), peaks.pop()
            peaks.append((2 * width, _node(left, right)))
        if size in sizes:
            root = peaks[-1][1]
            for _, left in reversed(peaks[:-1]):
                root = _node(left, root)
            found[size] = root
    return found


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()
