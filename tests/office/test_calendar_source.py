from datetime import date

import pytest

from gateway.office.calendar_source import computed, indonesian_calendar, written
from gateway.office.days_off import JOINT_LEAVE, PUBLIC

YEARS = (2025, 2026)


@pytest.mark.parametrize(
    ("notified", "joint_leave_off", "public_only"),
    [
        (date(2026, 3, 16), date(2026, 4, 7), date(2026, 3, 31)),
        (date(2025, 12, 17), date(2026, 1, 5), date(2026, 1, 2)),
    ],
)
def test_ten_hari_kerja_pasal_14_3(notified: date, joint_leave_off: date, public_only: date) -> None:
    assert indonesian_calendar(YEARS).add_working_days(notified, 10) == joint_leave_off
    assert indonesian_calendar(YEARS, joint_leave=False).add_working_days(notified, 10) == public_only


def test_the_office_adds_and_strikes_days() -> None:
    monday, independence_day = date(2026, 3, 2), date(2026, 8, 17)
    plain = indonesian_calendar(YEARS)
    edited = indonesian_calendar(YEARS, added={monday}, struck={independence_day})
    assert plain.is_working_day(monday)
    assert not edited.is_working_day(monday)
    assert not plain.is_working_day(independence_day)
    assert edited.is_working_day(independence_day)


def test_only_the_years_asked_for_are_known() -> None:
    assert {each.year for each in indonesian_calendar([2026]).holidays} == {2026}


@pytest.mark.parametrize("year", sorted(PUBLIC))
def test_the_days_off_that_are_written_down_are_the_librarys(year: int) -> None:
    public, all_off = computed(year, joint_leave=False), computed(year, joint_leave=True)
    days = [" ".join(f"{each:%m%d}" for each in sorted(kind)) for kind in (public, all_off - public)]
    assert [PUBLIC[year], JOINT_LEAVE[year]] == days, "write these in gateway/office/days_off.py"
    assert written(year, joint_leave=True) == all_off


def test_a_year_that_is_not_written_down_is_asked_of_the_library() -> None:
    year = max(PUBLIC) + 1
    assert indonesian_calendar([year]).holidays == computed(year, joint_leave=True)
