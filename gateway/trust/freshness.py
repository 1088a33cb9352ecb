"""Is a signed time inside the window? Kept apart from verification: replay is decided before freshness."""

from __future__ import annotations

from datetime import datetime, timedelta

from gateway.domain.errors import Unauthenticated

WINDOW_S = 300
"""Seconds after its creation that a message is fresh, whatever longer life it claims."""
SKEW_S = 60
"""Seconds by which the clocks of two honest systems may differ."""


def check_fresh(
    created: datetime, expires: datetime, at: datetime, *, window_s: int = WINDOW_S, skew_s: int = SKEW_S
) -> None:
    """Let a message pass that was created by `at`, at most `window_s` seconds before, and has not expired.

    Raises Unauthenticated: `timestamp-future`, `timestamp-stale`.
    """
    skew = timedelta(seconds=skew_s)
    if created - skew > at:
        raise Unauthenticated(
            f"the message was created at {created.isoformat()}, and it is only {at.isoformat()}; set your clock by NTP",
            code="timestamp-future",
        )
    end = min(expires, created + timedelta(seconds=window_s))
    if at > end + skew:
        raise Unauthenticated(
            f"the message was good until {end.isoformat()}, and it is {at.isoformat()}; sign it anew when sending",
            code="timestamp-stale",
        )
