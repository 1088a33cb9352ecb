"""What one step of the check of an agency found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from gateway.transport.sight import Verdict

NEAR_END_DAYS: Final = 30
"""How many days before its end something is near it."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """What one step found. `expected` and `advice` are empty where all is well."""

    step: str
    verdict: Verdict
    found: str
    expected: str = ""
    advice: str = ""


def ok(step: str, found: str) -> Line:
    """All is well."""
    return Line(step=step, verdict=Verdict.OK, found=found)


def warn(step: str, expected: str, found: str, advice: str) -> Line:
    """Something wants looking at, and exchanges go on."""
    return Line(step=step, verdict=Verdict.WARN, found=found, expected=expected, advice=advice)


def fail(step: str, expected: str, found: str, advice: str) -> Line:
    """Exchanges fail, or will."""
    return Line(step=step, verdict=Verdict.FAIL, found=found, expected=expected, advice=advice)
