"""What has to be done when a day begins in Jakarta: another version of an agreement may be in force from then on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from gateway.domain.calendar import local_date


class DayWatch:
    """Calls `begins` once on each day after the first. Not for several threads at once."""

    def __init__(self, clock: Callable[[], datetime], begins: Callable[[], object]) -> None:
        self._clock = clock
        self._begins = begins
        self._day = local_date(clock())

    @property
    def has_looked(self) -> bool:
        """Whether what has to be done on this day is done."""
        return self._day == local_date(self._clock())

    def run_once(self) -> bool:
        """Look whether a day has begun; what `begins` raises is raised again at the next look. Never more to do."""
        today = local_date(self._clock())
        if today != self._day:
            self._begins()
            self._day = today
        return False
