"""The signs of a run that goes on: in the store, so that one that has died can be told; and to who waits for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from enum import StrEnum

from gateway.domain.errors import GatewayError, HubBusy, Malformed, Refused
from gateway.store.plan import Change, Conflict, Delete, Plan, Update
from gateway.store.tables import ReconciliationRow
from gateway.store.unit_of_work import UnitOfWork

SIGN = timedelta(seconds=10)
"""A run gives a sign so often."""

LEASE = timedelta(minutes=2)
"""A run that has given none for so long is told broken off."""

BROKEN_OFF = "broken-off"
"""The state of a run that ended before its end, and says nothing."""


class Step(StrEnum):
    """What a run does now."""

    READING = "reading"
    COMPARING = "comparing"
    WRITING = "writing"


Told = Callable[[Step, int, int], None]
"""Hears the step, how much of it is done, and how much there is: bytes of the list, or messages and lines."""


def silent(step: Step, done: int, total: int) -> None:
    """Hear nothing."""


def read_aloud(chunks: Iterator[bytes], size: int, told: Told) -> Iterator[bytes]:
    """The chunks of a list of `size` bytes, told as they are read."""
    done = 0
    for each in chunks:
        yield each
        done += len(each)
        told(Step.READING, done, max(size, done))


class Pulse:
    """One run's. Every commit of the run is guarded by it: a run that was told broken off keeps nothing more."""

    def __init__(
        self, unit_of_work: UnitOfWork, name: str, clock: Callable[[], datetime], told: Told, begun: datetime
    ) -> None:
        self._unit_of_work = unit_of_work
        self._name = name
        self._clock = clock
        self._told = told
        self._signed_at = begun

    def counting(self, step: Step, total: int) -> Callable[[int], None]:
        """Give what hears of parts of a step, and tells how much there is of them by now."""
        done = 0
        self._told(step, 0, total)

        def more(count: int) -> None:
            nonlocal done
            done += count
            self._told(step, min(done, total), total)
            if self._clock() - self._signed_at >= SIGN:
                self.keep()

        return more

    def keep(self, *changes: Change, ends: dict[str, object] | None = None) -> None:
        """Commit what the run has made, with a sign; `ends` are the values with which it ends.

        Raises Refused `reconciliation-broken-off` where it was told so meanwhile.
        """
        now = self._clock()
        values = {"alive_at": now, **(ends or {})}
        outcome = self._unit_of_work.commit(
            Plan.of(Update(ReconciliationRow, {"id": self._name}, {"state": "running"}, values), *changes)
        )
        if isinstance(outcome, Conflict):
            raise Refused(
                f"reconciliation {self._name} gave no sign for {LEASE.total_seconds():.0f} s and was told broken off: "
                "compare the list again",
                code="reconciliation-broken-off",
            )
        self._signed_at = now

    def ends(self, error: GatewayError) -> None:
        """End a run that was refused now, and not when it has given no sign for long; its caller tells why.

        A list that cannot be read leaves nothing, as one whose first line cannot: comparing it again helps nobody.
        """
        guard = {"state": "running"}
        gone = Delete(ReconciliationRow, {"id": self._name}, expected=guard)
        broken = Update(ReconciliationRow, {"id": self._name}, guard, {"state": BROKEN_OFF, "ended_at": self._clock()})
        with suppress(HubBusy):  # then it is told when it has given no sign for long
            self._unit_of_work.commit(Plan.of(gone if isinstance(error, Malformed) else broken))
