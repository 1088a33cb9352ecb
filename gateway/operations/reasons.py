"""Reasons that staff give for the record: the same rule wherever one outlives what it is about."""

from __future__ import annotations

from gateway.domain.errors import Malformed

SHORTEST, LONGEST = 10, 500
"""Characters of a reason: a word is none."""


def reason_of(text: str, *, clause: str) -> str:
    """The reason, with single spaces. Raises Malformed `reason-missing`."""
    said = " ".join(text.split())
    if not SHORTEST <= len(said) <= LONGEST:
        raise Malformed(
            f"Alasan wajib diisi, {SHORTEST} sampai {LONGEST} huruf (a reason of {SHORTEST} to {LONGEST} characters)",
            code="reason-missing",
            clause=clause,
        )
    return said
