"""A clock that is set back: noticed, said, and what waits for a time that was never meant is let go.

While the hub runs, the wall clock is compared with one that only counts seconds; when it starts, with the moment of
the ledger's last checkpoint. Leases, pauses and circuits bear a clock that is set back by themselves (`claims`,
`circuits`); the time at which a delivery is due does not.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from gateway.store import set_back
from gateway.store.reading import Reader
from gateway.store.unit_of_work import Transactions

TOLERATED = timedelta(seconds=30)
"""A clock that is set back by less does nothing that would be noticed."""

_log = structlog.get_logger("simojo.clock")


class ClockWatch:
    """Looks at the clock. `seconds` counts seconds and is never set. For one thread."""

    def __init__(
        self,
        *,
        reader: Reader,
        transactions: Transactions,
        clock: Callable[[], datetime],
        seconds: Callable[[], float],
    ) -> None:
        self._reader = reader
        self._transactions = transactions
        self._clock = clock
        self._seconds = seconds
        self._offset: timedelta | None = None
        """What the clock is ahead of the counted seconds, as it was at the last look."""

    def run_once(self) -> timedelta | None:
        """By how much the clock has been set back since the last look, None when it has not.

        At the first look: since the store was last written. Raises HubBusy when the store cannot be written now; the
        next look finds the same then.
        """
        now = self._clock()
        offset = timedelta(seconds=now.timestamp() - self._seconds())
        by = self._behind_the_ledger(now) if self._offset is None else self._offset - offset
        if by > TOLERATED:
            drawn_in = self._transactions.within(lambda connection: set_back.draw_in(connection, now, by))
            _log.warning("clock-set-back", by_s=round(by.total_seconds()), deliveries_drawn_in=drawn_in)
        self._offset = offset
        return by if by > TOLERATED else None

    def _behind_the_ledger(self, now: datetime) -> timedelta:
        last = self._reader.last_checkpoint()
        return timedelta(0) if last is None else last.at - now
