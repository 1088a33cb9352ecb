"""Retry-After (RFC 9110, 10.2.3): how long an agency asks to be left alone."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def retry_after(headers: Mapping[str, str], at: datetime | None = None) -> int | None:
    """Seconds of a Retry-After header (RFC 9110, 10.2.3), never negative; None when it is missing or neither form.

    A date is told as seconds from `at`, and left alone without one.
    """
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return int(text[:9])
    if at is None:
        return None
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return None
    if until.tzinfo is None:  # "-0000" says UTC of an unknown zone
        until = until.replace(tzinfo=UTC)
    return max(0, math.ceil((until - at).total_seconds()))
