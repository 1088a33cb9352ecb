"""Hari kerja: national holidays, joint leave (cuti bersama), and the office's own days.

The dates are the library `holidays`' (`gateway.office.days_off`); it is loaded for years alone that are not written
there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date

from gateway.domain.calendar import WorkingCalendar
from gateway.office.days_off import JOINT_LEAVE, PUBLIC


def indonesian_calendar(
    years: Iterable[int],
    *,
    joint_leave: bool = True,
    added: Collection[date] = (),
    struck: Collection[date] = (),
) -> WorkingCalendar:
    """Give the calendar of those years. `added` are days off that the library does not know, `struck` the contrary.

    Joint leave is sometimes declared late, and dates of later years are partly estimates of the library.
    """
    known: set[date] = set()
    for year in years:
        known |= written(year, joint_leave=joint_leave) if year in PUBLIC else computed(year, joint_leave=joint_leave)
    return WorkingCalendar(frozenset({*known, *added} - {*struck}))


def written(year: int, *, joint_leave: bool) -> set[date]:
    """Days off of a year that `days_off` has. Raises KeyError for another."""
    days = f"{PUBLIC[year]} {JOINT_LEAVE[year] if joint_leave else ''}"
    return {date(year, int(each[:2]), int(each[2:])) for each in days.split()}


def computed(year: int, *, joint_leave: bool) -> set[date]:
    """Days off of any year, by the library."""
    import holidays

    categories = (holidays.PUBLIC, holidays.GOVERNMENT) if joint_leave else (holidays.PUBLIC,)
    return {*holidays.country_holidays("ID", years=[year], categories=categories)}
