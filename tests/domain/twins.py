"""What a test of a guard is made of: two facts that differ in one thing, one refused and one taken."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from gateway.domain.case import PermitCase
from gateway.domain.events import CaseEvent
from gateway.domain.guard import Guard
from tests.domain.journeys import START


@dataclass(frozen=True)
class Twin:
    """`guard` refuses `bad` with that code and clause, and takes `good`."""

    guard: Guard
    code: str
    clause: str
    bad: tuple[PermitCase, CaseEvent]
    good: tuple[PermitCase, CaseEvent]
    bad_at: datetime = START
    good_at: datetime = START
