"""A clock that is wrong: noticed and said. One that was set back, and one that is not the database server's.

While the hub runs, the wall clock is compared with one that only counts seconds; when it starts, with the moment of
the ledger's last checkpoint. Leases, pauses and circuits bear a clock that is set back by themselves (`claims`,
`circuits`); the time at which a delivery is due does not, and what waits for a time that was never meant is let go.

Each minute, and when the clock has moved by itself, it is compared with the database server's: several machines
compare leases by their own clocks. While they are too far apart the process lets deliveries alone (`Standing`).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from gateway.operations.standing import PAUSED, Standing
from gateway.store import set_back
from gateway.store.reading import Reader
from gateway.store.soundness import apart_sentence
from gateway.store.unit_of_work import Transactions

TOLERATED = timedelta(seconds=30)
"""A clock that is set back by less does nothing that would be noticed."""

COMPARED_EACH_S = 60.0
"""How long a comparison with the server's clock stands, while ours only runs."""

MOVED = timedelta(seconds=1)
"""A clock that differs by more from the counted seconds was set: no clock that NTP slows or hastens does."""

_log = structlog.get_logger("simojo.clock")


class ClockWatch:
    """Looks at the clock. For one thread.

    `seconds` counts seconds and is never set. `apart` asks how many seconds the clock is ahead of the database
    server's (raises HubBusy); what it says is noted in `standing`.
    """

    def __init__(
        self,
        *,
        reader: Reader,
        transactions: Transactions,
        clock: Callable[[], datetime],
        seconds: Callable[[], float],
        apart: Callable[[], float],
        standing: Standing,
    ) -> None:
        self._reader = reader
        self._transactions = transactions
        self._clock = clock
        self._seconds = seconds
        self._apart = apart
        self._standing = standing
        self._offset: timedelta | None = None
        """What the clock is ahead of the counted seconds, as it was at the last look."""
        self._compared_at: float | None = None
        """The counted second of the last comparison with the server's clock."""

    def run_once(self) -> timedelta | None:
        """By how much the clock has been set back since the last look, None when it has not.

        At the first look: since the store was last written. Raises HubBusy when the store cannot be written now; the
        next look finds the same then.
        """
        now, counted = self._clock(), self._seconds()
        offset = timedelta(seconds=now.timestamp() - counted)
        was_set = self._offset is not None and abs(offset - self._offset) > MOVED
        if was_set or self._compared_at is None or counted - self._compared_at >= COMPARED_EACH_S:
            self.compare()
        by = self._behind_the_ledger(now) if self._offset is None else self._offset - offset
        if by > TOLERATED:
            drawn_in = self._transactions.within(lambda connection: set_back.draw_in(connection, now, by))
            _log.warning("clock-set-back", by_s=round(by.total_seconds()), deliveries_drawn_in=drawn_in)
        self._offset = offset
        return by if by > TOLERATED else None

    def compare(self) -> None:
        """Compare with the server's clock, and note in the standing what is found. Raises HubBusy."""
        counted = self._seconds()
        seconds = self._apart()
        trusted = self._standing.trusts_its_clock
        self._standing.clock_apart_s = seconds
        self._compared_at = counted
        if trusted and not self._standing.trusts_its_clock:
            _log.error("clock-apart", warning=f"{apart_sentence(seconds)}. {PAUSED}")
        elif not trusted and self._standing.trusts_its_clock:
            _log.warning("clock-right-again", apart_s=round(seconds, 1))

    def _behind_the_ledger(self, now: datetime) -> timedelta:
        last = self._reader.last_checkpoint()
        return timedelta(0) if last is None else last.at - now
