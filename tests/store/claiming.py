"""Lanes as tests claim from them, and what they claimed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from gateway.store.claims import Taken
from gateway.store.lanes import Lane
from gateway.store.pace import Pace

LEASE = timedelta(seconds=40)

Take = Callable[..., Taken]
"""`take(wanted, now, *lanes)` in a transaction of its own; the lanes are opened first."""


def lane(
    interaction: str = "technical-recommendation", concurrency: int = 100, rate: float | None = None, **more: Any
) -> Lane:
    given = {"agency": "dpupr", "lease": LEASE, "agency_lease": LEASE, "agency_concurrency": 100, **more}
    pace = Pace(rate) if rate is not None else None
    return Lane(interaction=interaction, concurrency=concurrency, pace=pace, **given)


def ids(taken: Taken) -> list[str]:
    return [each.delivery.id for each in taken.claimed]
