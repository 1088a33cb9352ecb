"""What can be wrong with evidence: in Indonesian, then in English."""

from __future__ import annotations


class EvidenceBroken(Exception):
    """The evidence does not hold: something in it is not what was signed or recorded."""

    def __init__(self, indonesian: str, english: str) -> None:
        super().__init__(english)
        self.indonesian = indonesian
        self.english = english


class NoEvidence(Exception):
    """The file is no evidence bundle, or cannot be read."""
