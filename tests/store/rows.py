"""Rows to ask for, and the clock that they hang on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

NOW = datetime(2026, 1, 5, 3, 0, tzinfo=UTC)

Put = Callable[..., None]
"""`put(model, row, ...)`: commits these rows."""


def minutes(number: float) -> datetime:
    """So many minutes after NOW."""
    return NOW + timedelta(minutes=number)


def case(number: int, opened: float) -> dict[str, Any]:
    """A case, by its number and the minute in which it was opened."""
    at = minutes(opened)
    return {
        "id": f"c-{number}",
        "version": 1,
        "service": "krk",
        "origin": "oss",
        "stage": "registered",
        "ended": False,
        "opened_at": at,
        "changed_at": at,
        "next_order": 0,
        "body": "{}",
    }


def exchange(number: int, at: float, **values: Any) -> dict[str, Any]:
    """An exchange, by its number and minute."""
    row = {"id": f"x-{number}", "direction": "in", "agency": "dpupr", "interaction": "technical-recommendation"}
    return {**row, "message_id": f"m-{number}", "case_id": None, "verdict": "accepted", "at": minutes(at), **values}


def delivery(name: str, queue: str, position: int, state: str, due: float = 0, **values: Any) -> dict[str, Any]:
    """A delivery, by its place in its queue."""
    row = {
        "id": name,
        "queue": queue,
        "position": position,
        "agency": "dpupr",
        "interaction": "technical-recommendation",
        "agreement": "dpupr-2026",
        "agreement_version": "1.0",
        "case_id": "c-1",
        "case_version": 1,
        "ask_kind": "recommend",
        "ask_body": "{}",
        "state": state,
        "message_id": f"urn:uuid:{name}",
        "made_at": minutes(position),
        "due_at": minutes(due),
        "attempts": 0,
        "fence": 0,
        "lease_until": None,
    }
    return {**row, **values}
