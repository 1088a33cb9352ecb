"""What can be wrong with evidence: in Indonesian, then in English."""

from __future__ import annotations


class EvidenceBroken(Exception):
    """The evidence does not hold: something in it is not what was signed or recorded."""

    def __init__(self, indonesian: str, english: str) -> None:
        super().__init__(english)
        self.indonesian = indonesian
        self.english = english


class OtherKey(Exception):
    """The evidence agrees with itself, and another ledger key has signed it than those that were given.

    `where` is the first such receipt, `detail` names both keys.
    """

    def __init__(self, where: str, detail: str) -> None:
        super().__init__(f"{where}: {detail}")
        self.where = where
        self.detail = detail


class NoEvidence(Exception):
    """The file is no evidence bundle, or cannot be read."""
