"""What an `erased` leaf covers: how many leaves, and a digest over them; and what an export claims to be covered.

    sum      of SHAKE-256("simojo-erased-v1" 0x00 leaf hash) at 256 bytes, over all leaves covered, modulo 2^2048
    digest   SHA-256 of the sum in 256 bytes, in hex; beside it stands the number of leaves

Covered is each leaf of the scope that commits to something and was there before: it is lost with all that it commits
to. The sum is the same in whichever order leaves come, so no list is kept and none is sorted. Leaf hashes are in the
signed tree, each at one place, and nobody chooses them afterwards. Who takes the place of an erased leaf by another has
to bring the erased bytes back, for theirs are missing whatever is claimed: the number alone holds against everybody
who cannot. Against who kept a copy of key and bytes the sum holds: two sets of leaves with one sum are a subset sum
modulo 2^2048, for which the generalized birthday (Wagner, CRYPTO 2002) takes some 2^90 steps. Exclusive-or, or sums
modulo 2^256, would take none worth the name.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256, shake_256

from gateway.domain.errors import LedgerBroken
from gateway.ledger.damage import Damage, broken
from gateway.ledger.leaf import Leaf

SUM_SIZE = 256
_MODULUS = 1 << (8 * SUM_SIZE)
_DOMAIN = b"simojo-erased-v1\x00"


class Covered:
    """A set of leaves, in constant size. No leaf may be added twice."""

    __slots__ = ("_sum", "first", "leaves")

    def __init__(self, first: str = "") -> None:
        self.first = first  # where the first was found, for who has to name it
        self.leaves = 0
        self._sum = 0

    def add(self, leaf_hash: bytes) -> None:
        """Add a leaf by its hash."""
        drawn = shake_256(_DOMAIN + leaf_hash).digest(SUM_SIZE)
        self._sum = (self._sum + int.from_bytes(drawn)) % _MODULUS
        self.leaves += 1

    def told(self) -> Mapping[str, str | int]:
        """What an `erased` leaf says of the set: `leaves` and `digest`."""
        return {"leaves": self.leaves, "digest": sha256(self._sum.to_bytes(SUM_SIZE)).hexdigest()}


class Claims:
    """What is said to be erased, by the id of the leaf that is to say so. It grows by the leaves that are yet to come.

    A leaf of which nothing is claimed is as it may be: it excuses nothing.
    """

    def __init__(self) -> None:
        self._claimed: dict[str, tuple[str, Covered]] = {}

    def add(self, scope: str, by: str, leaf_hash: bytes, where: str) -> LedgerBroken | None:
        """Claim that the missing parts of a leaf are erased, as leaf `by` says of the scope; gives what is wrong."""
        claimed = self._claimed.setdefault(by, (scope, Covered(where)))
        if claimed[0] != scope:
            return broken(
                Damage.PART_MISSING, where, expected=f"{claimed[0]}, of which leaf {by!r} speaks", found=scope
            )
        claimed[1].add(leaf_hash)
        return None

    def judge(self, leaf: Leaf, where: str) -> LedgerBroken | None:
        """Hold an `erased` leaf against all that was claimed of it before; gives what is wrong."""
        scope, covered = self._claimed.pop(leaf.id, ("", None))
        if covered is None:
            return None
        said = {name: leaf.extra.get(name) for name in ("scope", "leaves", "digest")}
        found = {"scope": scope, **covered.told()}
        if said == found:
            return None
        expected = f"{said['leaves']} leaves of {said['scope']} without their parts, with digest {said['digest']}"
        says = f"{found['leaves']} of {scope} with {found['digest']}, the first: {covered.first}"
        return broken(Damage.PART_MISSING, f"{where}, which says that {scope} is erased", expected=expected, found=says)

    def finish(self) -> None:
        """Raise LedgerBroken where something is claimed of a leaf that did not come after it."""
        for by, (scope, covered) in self._claimed.items():
            expected = f"a leaf {by!r} behind it that says that {scope} is erased, in this ledger"
            found = "none that has its place: where it was written just now, export again"
            raise broken(Damage.PART_MISSING, covered.first, expected=expected, found=found)
