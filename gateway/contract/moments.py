"""Times as agencies write them, read into times of ours."""

from __future__ import annotations

from datetime import datetime


def moment(text: str) -> datetime | None:
    """Read an ISO 8601 time of this millennium; None for another, which not every time zone can tell, or for none."""
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        return None
    return read if 2000 <= read.year <= 2999 else None
