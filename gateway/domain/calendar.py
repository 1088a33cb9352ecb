"""Hari kerja (working days), in the time zone of Mojokerto.

The regulation counts in two ways: *hari kerja* in Pasal 8(5) and 14(3), *hari* (calendar days) in Pasal 17(3) and
(4). In both, the day on which something happened is not counted. Holidays are passed in, because joint leave is
declared late and the office keeps the list.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from gateway.domain.errors import CaseRefusal, Misconfigured

JAKARTA = ZoneInfo("Asia/Jakarta")
"""Waktu Indonesia Barat, UTC+7, without summer time."""

MONDAY_TO_FRIDAY = frozenset(range(5))
"""The working week (Perpres 21/2023) as `date.weekday()` numbers."""

_ONE_DAY = timedelta(days=1)


def require_aware(moment: datetime, name: str) -> datetime:
    """Give `moment` back; CaseRefusal `time-without-zone` if it has no time zone and so is no point in time."""
    if moment.utcoffset() is None:
        raise CaseRefusal(f"{name} has no time zone: pass an aware datetime, UTC for choice", code="time-without-zone")
    return moment


def local_date(moment: datetime) -> date:
    """Give the calendar date in Mojokerto at `moment`; CaseRefusal `time-without-zone` for a naive one."""
    return require_aware(moment, "the time").astimezone(JAKARTA).date()


def end_of_day(day: date) -> datetime:
    """Give the last microsecond of `day` in Mojokerto: a period that ends on `day` is over from then on."""
    return datetime.combine(day, time.max, tzinfo=JAKARTA)


@dataclass(frozen=True)
class WorkingCalendar:
    """The office's working days: a week of `working_days` (Monday is 0) less the `holidays`.

    Raises Misconfigured when the week has no working day or a number outside 0 to 6.
    """

    holidays: frozenset[date]
    working_days: frozenset[int] = MONDAY_TO_FRIDAY

    def __post_init__(self) -> None:
        if not self.working_days or not self.working_days <= frozenset(range(7)):
            raise Misconfigured(
                f"working days {sorted(self.working_days)}: name at least one weekday, 0 (Monday) to 6 (Sunday)",
                code="calendar-invalid",
            )

    def is_working_day(self, day: date) -> bool:
        """Tell whether the office works on `day`."""
        return day.weekday() in self.working_days and day not in self.holidays

    def add_working_days(self, day: date, count: int) -> date:
        """Give the `count`-th working day after `day`; `day` itself is not counted, and 0 gives `day` back.

        Raises ValueError for a negative count: no period of the regulation runs backwards.
        """
        if count < 0:
            raise ValueError(f"cannot add {count} working days: the count must be 0 or more")
        while count:
            day += _ONE_DAY
            count -= self.is_working_day(day)
        return day

    def working_days_between(self, start: date, end: date) -> int:
        """Count the working days after `start` up to and including `end`; 0 when `end` is not after `start`."""
        days = (start + timedelta(days=each) for each in range(1, (end - start).days + 1))
        return sum(map(self.is_working_day, days))
