"""Plans that a test and a process which it starts both know."""

from __future__ import annotations

from datetime import UTC, datetime

from gateway.store.plan import Claim, Insert, Plan, Update
from gateway.store.tables import CounterRow, DeadlineRow, OpeningRow

NOW = datetime(2026, 1, 5, 3, 4, 5, tzinfo=UTC)


def three_rows() -> Plan:
    """One row in each of three tables."""
    return Plan.of(
        Claim(CounterRow, ("name",), {"name": "crash", "value": 1}),
        Insert(OpeningRow, {"digest": "d-1", "case_id": "c-1"}),
        Insert(DeadlineRow, {"case_id": "c-1", "kind": "reply", "due_at": NOW}),
    )


def counter(name: str, value: int = 1) -> Claim:
    """A new counter."""
    return Claim(CounterRow, ("name",), {"name": name, "value": value})


def advance(name: str, was: int) -> Update:
    """A counter one further than it was."""
    return Update(CounterRow, {"name": name}, {"value": was}, {"value": was + 1})


def deadline(case_id: str, kind: str = "reply") -> Insert:
    """A deadline of a case."""
    return Insert(DeadlineRow, {"case_id": case_id, "kind": kind, "due_at": NOW})
