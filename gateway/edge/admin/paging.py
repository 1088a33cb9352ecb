"""Lists by page: newest first, `next` of an answer is `before` of the next page."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Query

from gateway.domain.calendar import require_aware
from gateway.domain.errors import CaseRefusal, Malformed

Limit = Annotated[int, Query(ge=1, le=200)]


def cursor_of(text: str | None) -> tuple[datetime, str] | None:
    """The place behind which a page starts. Raises Malformed `cursor-malformed`."""
    if text is None:
        return None
    at, _, last = text.partition("~")
    try:
        return require_aware(datetime.fromisoformat(at), "the cursor").astimezone(UTC), last
    except (ValueError, OverflowError, CaseRefusal):
        raise Malformed("`before` is the `next` of an earlier answer, unchanged", code="cursor-malformed") from None


def page(items: list[dict[str, Any]], limit: int, places: list[tuple[datetime, str]]) -> dict[str, Any]:
    """A page of items, with the place of the next one where there may be more."""
    # a `+` would be a space to whoever does not escape it
    last = f"{places[-1][0].isoformat().replace('+00:00', 'Z')}~{places[-1][1]}" if len(places) == limit else None
    return {"items": items, "next": last}
