"""The service clock: how long the office has worked on a case (Pasal 12(4), 17(4), 19).

It keeps moments only. How many hari kerja they are is reckoned from a calendar when somebody asks, because joint
leave may still be declared after the clock has run.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime

from gateway.domain.calendar import WorkingCalendar, local_date
from gateway.domain.stages import Hold


@dataclass(frozen=True, kw_only=True)
class Span:
    """A stretch of time during which the clock ran."""

    start: datetime
    stop: datetime


@dataclass(frozen=True, kw_only=True)
class ServiceClock:
    """Runs from the tanda terima until the number is in force or the case ends, except while it is held.

    `spans` are the finished stretches since the start or the last restart; `running_since` begins the current one;
    `holds` are the reasons for which it stands, each at most once.
    """

    started_at: datetime | None = None
    running_since: datetime | None = None
    spans: tuple[Span, ...] = ()
    holds: tuple[Hold, ...] = ()
    finished_at: datetime | None = None

    @property
    def is_running(self) -> bool:
        """True while time counts against the office."""
        return self.running_since is not None

    @property
    def is_open(self) -> bool:
        """True once started and until finished, running or held."""
        return self.started_at is not None and self.finished_at is None

    def start(self, at: datetime) -> ServiceClock:
        """Start to count. A hold from before does not survive: nothing counted then."""
        return ServiceClock(started_at=at, running_since=at)

    def hold(self, why: Hold, at: datetime) -> ServiceClock:
        """Stop for one more reason; no effect unless open."""
        if not self.is_open or why in self.holds:
            return self
        return replace(self._stopped(at), holds=(*self.holds, why))

    def release(self, why: Hold, at: datetime) -> ServiceClock:
        """Drop one reason, and run again if it was the last; no effect if it did not hold the clock."""
        if not self.is_open or why not in self.holds:
            return self
        holds = tuple(each for each in self.holds if each is not why)
        return replace(self, holds=holds, running_since=None if holds else at)

    def restart(self, at: datetime) -> ServiceClock:
        """Count from zero (OSS 44). The officer's own hold is lifted; the applicant's duties still hold it."""
        holds = tuple(each for each in self.holds if each is not Hold.OFFICE)
        return ServiceClock(started_at=at, running_since=None if holds else at, holds=holds)

    def finish(self, at: datetime) -> ServiceClock:
        """Stop for good; no effect unless open."""
        return replace(self._stopped(at), finished_at=at) if self.is_open else self

    def used_days(self, calendar: WorkingCalendar, now: datetime) -> int:
        """Count the hari kerja used up to `now`, for a service-level report."""
        spans = self.spans if self.running_since is None else (*self.spans, Span(start=self.running_since, stop=now))
        return sum(calendar.working_days_between(local_date(each.start), local_date(each.stop)) for each in spans)

    def due_on(self, calendar: WorkingCalendar, days: int) -> date | None:
        """Give the last day of a period of `days` hari kerja; None while the clock stands or was not started.

        If the period ran out in an earlier stretch, it is the day on which it did.
        """
        if self.running_since is None:
            return None
        for span in self.spans:
            start = local_date(span.start)
            used = calendar.working_days_between(start, local_date(span.stop))
            if used > days:
                return calendar.add_working_days(start, days)
            days -= used
        return calendar.add_working_days(local_date(self.running_since), days)

    def _stopped(self, at: datetime) -> ServiceClock:
        if self.running_since is None:
            return self
        return replace(self, running_since=None, spans=(*self.spans, Span(start=self.running_since, stop=at)))
