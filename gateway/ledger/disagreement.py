"""A leaf whose text and stored hash differ: the next signed root tells which of the two was changed."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.domain.errors import LedgerBroken
from gateway.ledger.damage import Damage, broken


@dataclass(frozen=True)
class Disagreement:
    """The first leaf since the last checkpoint whose text does not have the hash stored beside it."""

    index: int
    stored: bytes
    derived: bytes

    def judge(self, stored_root: bytes, derived_root: bytes, signed_root: bytes) -> LedgerBroken:
        """Tell which of the two was changed: the signed root tells."""
        if stored_root == signed_root:
            return self._changed("as the signed tree holds")
        if derived_root == signed_root:
            expected = f"stored leaf hash {self.derived.hex()}, which the text has and the signed tree holds"
            found = self.stored.hex() or "one that is not base64 of 32 bytes"
            return broken(Damage.LEAF_HASH_CHANGED, f"leaf {self.index}", expected=expected, found=found)
        return self._changed("or that hash is wrong: more than this leaf is damaged before the next checkpoint")

    def undecided(self) -> LedgerBroken:
        """Say the same where no checkpoint was reached."""
        return self._changed("or that hash is wrong: the export is broken off before a checkpoint could tell")

    def _changed(self, reason: str) -> LedgerBroken:
        expected = f"a text with leaf hash {self.stored.hex()}, {reason}"
        found = f"a text with leaf hash {self.derived.hex()}"
        return broken(Damage.LEAF_CHANGED, f"leaf {self.index}", expected=expected, found=found)
