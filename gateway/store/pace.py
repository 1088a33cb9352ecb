"""How fast a lane may go: the generic cell rate algorithm, with time as an argument.

A lane remembers one instant, `paced_until`: when all calls that were let go would be over if they went out evenly at
the agreed rate. A call may go while that instant lies no further ahead than the burst, which is one second's worth of
calls, or one call at slower rates. A clock that is set back finds it too far ahead; nothing that was really let go can
lie beyond the burst, so it is drawn in to that (and kept so), and the lane waits for one burst at most.
"""

from __future__ import annotations

from datetime import datetime, timedelta


class Pace:
    """An agreed rate, in calls per second."""

    def __init__(self, rate_per_s: float) -> None:
        self._each = timedelta(seconds=1 / rate_per_s)
        self._burst = max(self._each, timedelta(seconds=1))

    def drawn_in(self, paced_until: datetime | None, now: datetime) -> datetime | None:
        """`paced_until` as a clock that was set back is to find it: no further ahead than the burst."""
        return None if paced_until is None else min(paced_until, now + self._burst)

    def room(self, paced_until: datetime | None, now: datetime) -> int:
        """How many calls may go now."""
        return max(0, (self._burst - self._ahead(paced_until, now)) // self._each)

    def after(self, paced_until: datetime | None, now: datetime, calls: int) -> datetime:
        """`paced_until` once these calls were let go."""
        return now + self._ahead(paced_until, now) + calls * self._each

    def ready_at(self, paced_until: datetime | None, now: datetime) -> datetime:
        """When the next call may go; `now` when it may at once."""
        return max(now, now + self._ahead(paced_until, now) + self._each - self._burst)

    def _ahead(self, paced_until: datetime | None, now: datetime) -> timedelta:
        if paced_until is None:
            return timedelta(0)
        return min(max(paced_until - now, timedelta(0)), self._burst)


def rebased(until: datetime, since: datetime, now: datetime) -> tuple[datetime, datetime]:
    """A wait until then, set at `since`, as it stands on a clock that may have been set back meanwhile.

    Where the clock stands before `since`, the whole wait begins anew, now: it ends at most once more as late as it was
    meant to, and not when the old time of day comes round.
    """
    return (now + (until - since), now) if now < since else (until, since)
