"""The run within the hub: once a day, in the hours in which an office sleeps, a portion at each turn."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

import structlog

from gateway.domain.calendar import JAKARTA, local_date
from gateway.operations.retention.running import Retention, Tally
from gateway.operations.retention.watching import retention_warnings

QUIET = range(1, 5)
"""The hours of Jakarta in which a run begins and goes on; what is left waits for the next night."""

_log = structlog.get_logger("simojo.retention")


class Night:
    """For the one process that leads, one thread at a time."""

    def __init__(self, retention: Retention, clock: Callable[[], datetime]) -> None:
        self._retention = retention
        self._clock = clock
        self._under_way: Iterator[Tally] | None = None

    def run_once(self) -> bool:
        """Do a portion, where it is the hour; whether there is more to do at once. Raises HubBusy."""
        at = self._clock()
        if at.astimezone(JAKARTA).hour not in QUIET:
            self._under_way = None  # taken up anew: what was kept tonight may go tomorrow
            return False
        if self._under_way is None:
            run = self._retention.reader.retention_run(local_date(at).isoformat())
            if run is not None and run.ended_at is not None:
                return False
            for sentence in retention_warnings(self._retention.reader, at):
                _log.warning("retention-late", trouble=sentence)
            self._under_way = self._retention.portions(at)
        under_way, self._under_way = self._under_way, None  # where a portion raises, the next turn begins anew
        tally = next(under_way, None)
        if tally is None:
            self._tell(local_date(at).isoformat())
            return False
        self._under_way = under_way
        return True

    def _tell(self, day: str) -> None:
        run = self._retention.reader.retention_run(day)
        if run is not None:
            _log.info("retention", day=day, removed=run.removed, days=run.days, kept=run.kept)
