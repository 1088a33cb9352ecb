"""Is a signed time inside the window? Kept apart from verification: replay is decided before freshness."""

from __future__ import annotations

from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from gateway.domain.errors import Unauthenticated

WINDOW_S = 300
"""Seconds after its creation that a message is fresh, whatever longer life it claims."""
SKEW_S = 60
"""Seconds by which the clocks of two honest systems may differ."""

ZONES: Final = MappingProxyType({7: "WIB", 8: "WITA", 9: "WIT"})
"""The hours that Indonesia's zones are ahead of UTC."""
NEAR_S: Final = 300
"""Seconds by which an offset may differ from whole hours and still be a zone mistake."""


def zone_mistake(off_s: float) -> str | None:
    """Say which zone a time that is `off_s` seconds ahead of ours was taken for, None where no zone fits."""
    hours = round(off_s / 3600)
    zone = ZONES.get(abs(hours))
    if zone is None or abs(off_s - hours * 3600) > NEAR_S:
        return None
    return f"{zone} labelled as UTC" if hours > 0 else f"UTC labelled as {zone}"


def check_fresh(
    created: datetime, expires: datetime, at: datetime, *, window_s: int = WINDOW_S, skew_s: int = SKEW_S
) -> None:
    """Let a message pass that was created by `at`, at most `window_s` seconds before, and has not expired.

    Raises Unauthenticated: `timestamp-future`, `timestamp-stale`.
    """
    skew = timedelta(seconds=skew_s)
    if created - skew > at:
        zone = zone_mistake((created - at).total_seconds())
        remedy = f"that looks like {zone}: write times in UTC" if zone else "set your clock by NTP"
        raise Unauthenticated(
            f"the message was created at {created.isoformat()}, and it is only {at.isoformat()}; {remedy}",
            code="timestamp-future",
        )
    end = min(expires, created + timedelta(seconds=window_s))
    if at > end + skew:
        zone = zone_mistake((created - at).total_seconds())
        remedy = f"; if it was signed just now, that looks like {zone}: write times in UTC" if zone else ""
        raise Unauthenticated(
            f"the message was good until {end.isoformat()}, and it is {at.isoformat()}; "
            f"sign it anew when sending{remedy}",
            code="timestamp-stale",
        )
