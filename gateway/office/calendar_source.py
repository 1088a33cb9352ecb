"""Hari kerja from the `holidays` library: national holidays, joint leave (cuti bersama), and the office's own days."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date

import holidays

from gateway.domain.calendar import WorkingCalendar


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
    categories = (holidays.PUBLIC, holidays.GOVERNMENT) if joint_leave else (holidays.PUBLIC,)
    known = holidays.country_holidays("ID", years=list(years), categories=categories)
    return WorkingCalendar(frozenset({*known, *added} - {*struck}))
