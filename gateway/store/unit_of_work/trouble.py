"""Why the last rows could not be written: remembered for those who ask how the store is.

A store may refuse the hub's own work and still take what is smaller: on a full disk a counter is advanced in a page
that is there, and a new row finds none. So only plans that add rows are looked at. What they met stands until others
like them were written, or for `STANDS_S`: who is sent no more work, because it says so, has to be asked again some
time. What any write meets (the server is gone, the store is read-only) is not remembered: it is found by asking.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from gateway.store.faults import spares_some
from gateway.store.plan import Change, Claim, Insert
from gateway.store.unit_of_work.transaction import busy

STANDS_S = 5.0
"""Seconds for which the last failure counts when nobody tries again: as long as callers were told to stay away."""


class Trouble:
    """The last failure, if it stands. The writer tells it, any thread asks; `seconds` is a clock that is never set."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        # One reference, replaced whole: one thread writes it, and any thread reads it.
        self._last: tuple[float, str] | None = None

    def met(self, plans: Iterable[Iterable[Change]], error: BaseException) -> None:
        """These plans could not be written."""
        if spares_some(error) and _add_rows(plans):
            self._last = self._seconds(), busy(error).text

    def over(self, plans: Iterable[Iterable[Change]]) -> None:
        """These plans were written, each of them: one whose guard did not hold proves nothing of the store."""
        if self._last is not None and _add_rows(plans):
            self._last = None

    def told(self) -> str:
        """Why, in a sentence; "" when nothing stands."""
        last = self._last
        return last[1] if last is not None and self._seconds() - last[0] < STANDS_S else ""


def _add_rows(plans: Iterable[Iterable[Change]]) -> bool:
    return any(isinstance(change, Insert | Claim) for plan in plans for change in plan)
