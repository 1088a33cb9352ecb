"""What happens by itself when a period ends, on a clock that the test holds."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest

from gateway.domain.calendar import local_date
from gateway.domain.case import PermitCase, Stage
from gateway.domain.errors import CaseRefusal, HubBusy
from gateway.office.calendar_source import indonesian_calendar
from gateway.store.tables import DeadlineRow
from tests.domain.journeys import refusal
from tests.office.house import AGUS, ANSWERS, DAY, House

LAST_PAYMENT = datetime(2026, 12, 8, 16, 59, 59, 999999, tzinfo=UTC)
"""The end of 8 December in Mojokerto: ten hari kerja after Tuesday 24 November 2026."""

HALF_DAY = timedelta(hours=12)


def let_pass(house: House, until: datetime) -> list[datetime]:
    """Let time pass by half days, the timers running; gives the moments at which something was due."""
    moments = []
    while house.clock.at < until:
        house.clock.at = min(house.clock.at + HALF_DAY, until)
        while house.gateway.timers.run_once():
            moments.append(house.clock.at)
    return moments


def waiting(house: House, case: PermitCase) -> dict[str, datetime]:
    return {row.kind: row.due_at for row in house.gateway.store.reader.deadlines(case.id)}


def surveyed(house: House, case: PermitCase) -> PermitCase:
    """Fill in the survey, so that its own deadlines are out of the way."""
    return house.gateway.deeds.survey(case.id, "staff/rina", ANSWERS)


# --- payment, 14(3) and 14(4) -------------------------------------------------------------------------------------


def test_the_payment_period_begins_with_the_receipt_of_the_notice_14_3(house: House) -> None:
    case = surveyed(house, house.charged())
    assert "payment-lapse" not in waiting(house, case)
    case = surveyed_told(house)
    assert waiting(house, case)["payment-lapse"] == LAST_PAYMENT


def surveyed_told(house: House) -> PermitCase:
    return surveyed(house, house.told())


def test_an_unpaid_charge_lapses_after_ten_hari_kerja_and_not_before_14_4(house: House) -> None:
    case = surveyed_told(house)
    let_pass(house, LAST_PAYMENT - timedelta(seconds=1))
    assert house.now(case).stage is Stage.CHARGED
    let_pass(house, LAST_PAYMENT)
    lapsed = house.now(case)
    assert (lapsed.stage, lapsed.ended) == (Stage.LAPSED, True)
    assert waiting(house, case) == {}
    last = house.gateway.store.reader.case_events(case.id)[-1]
    assert (last.kind, last.actor) == ("ChargeLapsed", "timer")
    assert "2026-12-08" in last.body


def test_the_applicant_is_told_that_the_charge_lapsed(house: House) -> None:
    case = surveyed_told(house)
    let_pass(house, LAST_PAYMENT)
    newest = [row.ask_body for row in house.gateway.store.reader.deliveries(case_id=case.id)]
    assert any('"lapsed"' in body for body in newest)


def test_a_period_ends_though_the_agency_that_is_to_be_told_has_a_full_queue(house: House) -> None:
    case = surveyed_told(house)
    object.__setattr__(house.gateway.casework, "max_waiting", 0)
    with pytest.raises(HubBusy, match="0 deliveries wait to be sent"):
        house.charged()
    let_pass(house, LAST_PAYMENT)
    assert house.now(case).stage is Stage.LAPSED
    newest = [row.ask_body for row in house.gateway.store.reader.deliveries(case_id=case.id)]
    assert any('"lapsed"' in body for body in newest)


def test_a_payment_in_time_stops_the_period(house: House) -> None:
    case = surveyed_told(house)
    let_pass(house, LAST_PAYMENT - timedelta(seconds=1))
    house.pay(case)
    let_pass(house, LAST_PAYMENT + 5 * DAY)
    assert house.now(case).stage is Stage.PAID
    assert "payment-lapse" not in waiting(house, case)


def test_a_payment_after_the_period_is_refused_14_4(house: House) -> None:
    case = surveyed_told(house)
    let_pass(house, LAST_PAYMENT)
    caught = refusal(lambda: house.pay(case))
    assert (caught.code, caught.clause) == ("charge-lapsed", "Pasal 14(4)")


@pytest.mark.parametrize("attempt", range(3))
def test_a_payment_that_races_the_cut_off_has_one_outcome(house: House, attempt: int) -> None:
    case = surveyed_told(house)
    house.clock.at = LAST_PAYMENT

    def pay() -> str:
        try:
            house.pay(case)
        except CaseRefusal as refused:
            return refused.code
        return "paid"

    with ThreadPoolExecutor(3) as pool:
        payment, *_ = (
            pool.submit(pay),
            pool.submit(house.gateway.timers.run_once),
            pool.submit(house.gateway.timers.run_once),
        )
    facts = house.facts(case)
    assert facts.count("PaymentReceived") + facts.count("ChargeLapsed") == 1
    expected = {
        "paid": Stage.PAID,
        "charge-lapsed": Stage.LAPSED,
        "step-not-allowed": Stage.LAPSED,
        "case-ended": Stage.LAPSED,
    }
    assert house.now(case).stage is expected[payment.result()]
    assert "payment-lapse" not in waiting(house, case)


def test_a_timer_that_looked_too_early_finds_a_paid_case_and_lets_it_be(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = surveyed_told(house)
    house.clock.at = LAST_PAYMENT
    seen = house.gateway.store.reader.due_deadlines(house.clock())
    assert [row.kind for row in seen] == ["payment-lapse"]
    house.pay(case)
    stale(house, monkeypatch, seen)
    assert house.now(case).stage is Stage.PAID


# --- survey, 17(3) and 17(4) --------------------------------------------------------------------------------------


def test_three_warnings_every_second_day_and_then_a_suspension_17(house: House) -> None:
    case = house.approved("krk")
    start = house.clock()
    let_pass(house, start + 5 * DAY)
    assert (house.now(case).survey_warnings, house.now(case).suspended) == (2, False)
    let_pass(house, start + 7 * DAY)
    assert (house.now(case).survey_warnings, house.now(case).suspended) == (3, True)
    rows = [row for row in house.gateway.store.reader.case_events(case.id) if row.actor == "timer"]
    kinds = [row.kind for row in rows if row.kind != "AttentionRaised"]
    assert kinds == ["SurveyWarned"] * 3 + ["ProcessSuspended"]
    days = [(local_date(row.occurred_at) - local_date(start)).days for row in rows if row.kind == "SurveyWarned"]
    assert days == [2, 4, 6]


def test_a_suspended_case_waits_for_the_survey_and_then_goes_on_17_4(house: House) -> None:
    case = house.approved("krk")
    let_pass(house, house.clock() + 7 * DAY)
    caught = refusal(lambda: house.gateway.signing.prepare(case.id, house.officer(AGUS)))
    assert (caught.code, caught.clause) == ("suspended", "Pasal 17(4)")
    surveyed(house, case)
    assert house.gateway.signing.prepare(case.id, house.officer(AGUS)).stage is Stage.PREPARED


def test_a_survey_in_time_means_no_warning(house: House) -> None:
    case = surveyed(house, house.approved("krk"))
    let_pass(house, house.clock() + 7 * DAY)
    assert house.now(case).survey_warnings == 0


def test_two_timers_that_looked_at_once_do_not_lose_the_next_warning(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = house.approved("krk")
    house.clock.move(2 * DAY)
    seen = house.gateway.store.reader.due_deadlines(house.clock())
    assert house.gateway.timers.run_once() == 1
    before = waiting(house, case)
    assert "survey-warning" in before
    stale(house, monkeypatch, seen)
    assert waiting(house, case) == before
    assert house.facts(case).count("SurveyWarned") == 1


@pytest.mark.parametrize("at_once", [1, 100])
def test_a_case_that_cannot_be_read_does_not_stop_the_timers_of_the_others(house: House, at_once: int) -> None:
    broken, sound = sorted((house.approved("krk"), house.approved("krk")), key=lambda each: each.id)
    with house.gateway.store.engine.connect() as connection:
        connection.exec_driver_sql(f"UPDATE permit_case SET body = '{{}}' WHERE id = '{broken.id}'")  # noqa: S608 - our own id
    house.clock.move(2 * DAY)
    due = [row.case_id for row in house.gateway.store.reader.due_deadlines(house.clock())]
    assert due == [broken.id, sound.id]  # the broken one comes first, each time
    assert house.gateway.timers.run_once(at_once) == 1
    assert house.now(sound).survey_warnings == 1
    assert "survey-warning" in waiting(house, broken)
    assert house.gateway.timers.run_once(at_once) == 0


# --- service standard, 19 -----------------------------------------------------------------------------------------


def test_an_undecided_krk_counts_as_approved_when_its_period_is_over(house: House) -> None:
    case = house.recommended("krk")
    due = waiting(house, case)["positive-fiction"]
    let_pass(house, due - timedelta(seconds=1))
    assert house.now(case).stage is Stage.RECOMMENDED
    let_pass(house, due)
    assert (house.now(case).stage, house.now(case).approved_by) == (Stage.APPROVED, None)


def test_a_pbg_is_late_without_being_approved_and_a_person_is_reminded_once_and_called_once_19(house: House) -> None:
    case = house.recommended("pbg")
    due = waiting(house, case)["service-standard"]
    let_pass(house, due + 3 * DAY)
    late = house.now(case)
    assert late.stage is Stage.RECOMMENDED
    assert [text for text in late.attention if "14 hari kerja" in text] == list(late.attention)
    assert [text.partition(":")[0] for text in late.attention] == ["service-reminder", "service-standard"]


# --- calendar -----------------------------------------------------------------------------------------------------


def test_hari_kerja_know_national_holidays_weekends_and_the_offices_own_days() -> None:
    calendar = indonesian_calendar([2026])
    assert calendar.is_working_day(date(2026, 11, 24))
    assert not calendar.is_working_day(date(2026, 8, 17))
    assert not calendar.is_working_day(date(2026, 11, 28))
    own = indonesian_calendar([2026], added=[date(2026, 11, 24)], struck=[date(2026, 8, 17)])
    assert not own.is_working_day(date(2026, 11, 24))
    assert own.is_working_day(date(2026, 8, 17))


def test_joint_leave_counts_when_the_office_says_so() -> None:
    with_leave, without = indonesian_calendar([2026]), indonesian_calendar([2026], joint_leave=False)
    eve = date(2026, 12, 24)
    assert (with_leave.is_working_day(eve), without.is_working_day(eve)) == (False, True)


def stale(house: House, monkeypatch: pytest.MonkeyPatch, seen: Sequence[DeadlineRow]) -> None:
    """Let a timer handle what it saw before the case moved on."""
    with monkeypatch.context() as patched:
        patched.setattr(type(house.gateway.store.reader), "due_deadlines", lambda *_: list(seen))
        assert house.gateway.timers.run_once() == len(seen)
