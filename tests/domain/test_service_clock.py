"""The service clock: what counts against the office, and what does not (12(4), 17(4), 19; OSS 41 to 44)."""

from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.domain import events as e
from gateway.domain.calendar import WorkingCalendar
from gateway.domain.case import Hold, Stage
from gateway.domain.service_clock import ServiceClock
from tests.domain import journeys as j
from tests.domain.fitting import PAUSED, suspended
from tests.domain.journeys import DAY, START, case_in, opened

PLAIN = WorkingCalendar(frozenset())
RESUMED = e.ServiceClockResumed(reason="selesai")
RESTARTED = e.ServiceClockRestarted(reason="dari awal")
STARTED = ServiceClock().start(START)


def test_the_clock_starts_with_the_tanda_terima_pasal_12_4() -> None:
    case = opened()
    assert not case.clock.is_open
    started = case.apply(j.COMPLETED, START)
    assert started.clock.is_open
    assert started.clock.is_running
    assert started.clock.started_at == started.completed_at == START


def test_a_clock_that_has_not_started_cannot_be_held_released_or_finished() -> None:
    idle = ServiceClock()
    assert idle.hold(Hold.OFFICE, START) == idle
    assert idle.release(Hold.OFFICE, START) == idle
    assert idle.finish(START) == idle
    assert idle.used_days(PLAIN, START) == 0
    assert idle.due_on(PLAIN, 5) is None


def test_the_days_of_a_hold_are_not_the_offices() -> None:
    held = STARTED.hold(Hold.OFFICE, START + DAY)
    assert held.used_days(PLAIN, START + 9 * DAY) == 1
    assert held.due_on(PLAIN, 5) is None
    running = held.release(Hold.OFFICE, START + 7 * DAY)
    assert running.used_days(PLAIN, START + 9 * DAY) == 3
    assert STARTED.due_on(PLAIN, 5) == date(2026, 3, 9)
    assert running.due_on(PLAIN, 5) == date(2026, 3, 13)


def test_a_clock_with_two_holds_runs_when_both_are_gone() -> None:
    held = STARTED.hold(Hold.OFFICE, START).hold(Hold.RETURNED, START + DAY).hold(Hold.OFFICE, START + DAY)
    assert held.holds == (Hold.OFFICE, Hold.RETURNED)
    one_left = held.release(Hold.OFFICE, START + 2 * DAY)
    assert not one_left.is_running
    assert one_left.release(Hold.OFFICE, START + 2 * DAY) == one_left
    assert one_left.release(Hold.RETURNED, START + 3 * DAY).running_since == START + 3 * DAY


def test_a_period_that_ran_out_before_a_hold_ran_out_on_its_day() -> None:
    late = STARTED.hold(Hold.OFFICE, START + 9 * DAY).release(Hold.OFFICE, START + 20 * DAY)
    assert late.due_on(PLAIN, 3) == date(2026, 3, 5)
    just_in_time = STARTED.hold(Hold.OFFICE, START + 3 * DAY).release(Hold.OFFICE, START + 20 * DAY)
    assert just_in_time.due_on(PLAIN, 3) == (START + 20 * DAY).date()


def test_a_restart_counts_from_zero_and_lifts_the_officers_hold_alone_oss_44() -> None:
    restarted = STARTED.hold(Hold.OFFICE, START + DAY).restart(START + 3 * DAY)
    assert restarted == ServiceClock(started_at=START + 3 * DAY, running_since=START + 3 * DAY)
    waiting = STARTED.hold(Hold.SUSPENDED, START + DAY).hold(Hold.OFFICE, START + DAY).restart(START + 3 * DAY)
    assert waiting.holds == (Hold.SUSPENDED,)
    assert not waiting.is_running


def test_a_finished_clock_stays_finished() -> None:
    finished = STARTED.finish(START + 2 * DAY)
    assert not finished.is_open
    assert finished.used_days(PLAIN, START + 30 * DAY) == 2
    assert finished.finish(START + 3 * DAY) == finished.hold(Hold.OFFICE, START + 3 * DAY) == finished
    assert STARTED.hold(Hold.OFFICE, START + DAY).finish(START + 2 * DAY).used_days(PLAIN, START + 9 * DAY) == 1


def test_an_officer_pauses_resumes_and_restarts_it_oss_41_42_44() -> None:
    case = case_in(Stage.COMPLETE)
    paused = case.apply(PAUSED, START + DAY)
    assert paused.clock.holds == (Hold.OFFICE,)
    assert paused.apply(RESUMED, START + 2 * DAY).clock.running_since == START + 2 * DAY
    assert paused.apply(RESTARTED, START + 3 * DAY).clock.started_at == START + 3 * DAY
    assert paused.apply(RESTARTED, START + 3 * DAY).clock.is_running


def test_a_return_holds_it_until_the_correction() -> None:
    returned = case_in(Stage.COMPLETE).apply(j.RETURNED, START + DAY)
    assert returned.clock.holds == (Hold.RETURNED,)
    assert returned.apply(j.CORRECTED, START + 4 * DAY).clock.running_since == START + 4 * DAY


def test_a_suspension_stops_it_until_the_survey_pasal_17_4() -> None:
    case = suspended(case_in(Stage.CHARGED))
    assert case.clock.holds == (Hold.SUSPENDED,)
    assert case.apply(j.SURVEYED, START + 12 * DAY).clock.running_since == START + 12 * DAY


def test_it_finishes_with_the_number_or_the_end_of_the_case() -> None:
    for stage in (Stage.ACTIVE, Stage.REJECTED, Stage.LAPSED):
        assert case_in(stage).clock.finished_at is not None
    withdrawn = case_in(Stage.COMPLETE).apply(j.WITHDRAWN, START + DAY)
    assert withdrawn.clock.finished_at == START + DAY
    assert case_in(Stage.SIGNED).clock.finished_at is None


@given(st.lists(st.tuples(st.sampled_from(Hold), st.booleans(), st.integers(0, 5)), max_size=12), st.integers(1, 20))
@settings(max_examples=150)
def test_the_clock_runs_exactly_when_nothing_holds_it(steps: list[tuple[Hold, bool, int]], days: int) -> None:
    clock, now, held = STARTED, START, set[Hold]()
    running = timedelta()
    for why, hold, wait in steps:
        running += wait * DAY if not held else timedelta()
        now += wait * DAY
        clock = clock.hold(why, now) if hold else clock.release(why, now)
        held = held | {why} if hold else held - {why}
        assert clock.is_running is not bool(held)
        assert set(clock.holds) == held
    assert sum((each.stop - each.start for each in clock.spans), timedelta()) <= running
    due = clock.due_on(WorkingCalendar(frozenset(), frozenset(range(7))), days)
    used = clock.used_days(WorkingCalendar(frozenset(), frozenset(range(7))), now)
    assert used == running.days
    assert (due is None) is bool(held)
    if due is not None and used <= days:
        assert due == now.date() + (days - used) * DAY
