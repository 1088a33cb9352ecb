from datetime import date, datetime, timedelta
from functools import cache

import holidays
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.domain.calendar import JAKARTA, WorkingCalendar, end_of_day, local_date
from gateway.domain.errors import CaseRefusal, Misconfigured
from tests.domain.journeys import utc


@cache
def indonesian(*categories: str) -> WorkingCalendar:
    return WorkingCalendar(frozenset(holidays.country_holidays("ID", years=(2025, 2026), categories=categories)))


@pytest.mark.parametrize(
    ("notified", "with_joint_leave", "public_only"),
    [
        (date(2026, 3, 16), date(2026, 4, 7), date(2026, 3, 31)),
        (date(2025, 12, 17), date(2026, 1, 5), date(2026, 1, 2)),
    ],
)
def test_ten_hari_kerja_of_the_reference_data_pasal_14_3(
    notified: date, with_joint_leave: date, public_only: date
) -> None:
    assert indonesian("public", "government").add_working_days(notified, 10) == with_joint_leave
    assert indonesian("public").add_working_days(notified, 10) == public_only
    assert notified + timedelta(days=10) < public_only


def test_a_holiday_and_a_weekend_are_no_working_days() -> None:
    calendar = WorkingCalendar(frozenset({date(2026, 3, 3)}))
    assert calendar.is_working_day(date(2026, 3, 2))
    assert not calendar.is_working_day(date(2026, 3, 3))
    assert not calendar.is_working_day(date(2026, 3, 7))
    assert WorkingCalendar(frozenset(), frozenset({5})).is_working_day(date(2026, 3, 7))


@pytest.mark.parametrize("week", [frozenset[int](), frozenset({7}), frozenset({0, -1})])
def test_a_week_without_a_weekday_is_misconfigured(week: frozenset[int]) -> None:
    with pytest.raises(Misconfigured, match="Monday"):
        WorkingCalendar(frozenset(), week)


def test_no_period_runs_backwards() -> None:
    with pytest.raises(ValueError, match="-1 working days"):
        WorkingCalendar(frozenset()).add_working_days(date(2026, 3, 2), -1)


calendars = st.builds(
    WorkingCalendar,
    st.frozensets(st.dates(date(2026, 1, 1), date(2026, 3, 31)), max_size=30),
    st.frozensets(st.integers(0, 6), min_size=1),
)
days = st.dates(date(2025, 12, 1), date(2026, 4, 30))


@given(calendars, days, st.integers(0, 15))
@settings(max_examples=100)
def test_adding_and_counting_are_inverse(calendar: WorkingCalendar, day: date, count: int) -> None:
    end = calendar.add_working_days(day, count)
    assert calendar.working_days_between(day, end) == count
    assert end == day if count == 0 else calendar.is_working_day(end)


@given(calendars, days, st.integers(0, 7), st.integers(0, 7))
@settings(max_examples=100)
def test_periods_add_up(calendar: WorkingCalendar, day: date, first: int, second: int) -> None:
    stepwise = calendar.add_working_days(calendar.add_working_days(day, first), second)
    assert stepwise == calendar.add_working_days(day, first + second)


@given(calendars, days, days, days)
@settings(max_examples=100)
def test_counting_splits_anywhere_and_never_runs_backwards(
    calendar: WorkingCalendar, one: date, two: date, three: date
) -> None:
    start, middle, end = sorted((one, two, three))
    whole = calendar.working_days_between(start, end)
    assert whole == calendar.working_days_between(start, middle) + calendar.working_days_between(middle, end)
    assert calendar.working_days_between(end, start) == 0


def test_the_date_is_mojokertos_and_not_greenwichs() -> None:
    assert local_date(utc(2026, 3, 1, 16, 59)) == date(2026, 3, 1)
    assert local_date(utc(2026, 3, 1, 17)) == date(2026, 3, 2)


def test_a_day_ends_just_before_the_next() -> None:
    end = end_of_day(date(2026, 3, 2))
    assert local_date(end) == date(2026, 3, 2)
    assert end + timedelta(microseconds=1) == datetime(2026, 3, 3, tzinfo=JAKARTA)


def test_a_time_without_zone_is_refused() -> None:
    with pytest.raises(CaseRefusal) as caught:
        local_date(datetime(2026, 3, 2))  # noqa: DTZ001 - the fault under test
    assert caught.value.code == "time-without-zone"
