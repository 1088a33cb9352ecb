"""The sender's time beside ours: how far off, in which direction, and whether whole hours say why."""

from __future__ import annotations

from datetime import datetime

from gateway.domain.errors import Unauthenticated
from gateway.trust.diagnosis.finding import Finding, Step, bad, good
from gateway.trust.diagnosis.mistakes import Mistake, sentence
from gateway.trust.freshness import SKEW_S, WINDOW_S, check_fresh, zone_mistake


def about_clock(created: datetime, expires: datetime, at: datetime) -> Finding:
    """Hold a message's times against the hub's clock, and name a zone mistake."""
    off_s = (created - at).total_seconds()
    found = f"created {created.isoformat()}, {_ahead(off_s)} the hub's clock"
    expected = (
        f"created at most {WINDOW_S} s before and {SKEW_S} s after the hub's time {at.isoformat()}, and not expired"
    )
    try:
        check_fresh(created, expires, at)
    except Unauthenticated:
        which = zone_mistake(off_s)
        if which is not None:
            return bad(
                Step.CLOCK,
                expected=expected,
                found=f"{found}: {which}; {sentence(Mistake.LOCAL_TIME)}",
                mistake=Mistake.LOCAL_TIME,
            )
        return bad(
            Step.CLOCK, expected=expected, found=f"{found}, expires {expires.isoformat()}", mistake=Mistake.CLOCK_WRONG
        )
    return good(Step.CLOCK, found, expected)


def _ahead(off_s: float) -> str:
    return f"{off_s:+.0f} s ({'ahead of' if off_s > 0 else 'behind' if off_s < 0 else 'equal to'})"
