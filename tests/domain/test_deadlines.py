"""What falls due on a case and when: hari kerja for the payment, calendar days for the survey (14(3), 17, 19)."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache

import holidays
import pytest

from gateway.domain import events as e
from gateway.domain.calendar import JAKARTA, WorkingCalendar, end_of_day
from gateway.domain.case import PermitCase, Stage
from gateway.domain.deadlines import (
    Deadline,
    DeadlineKind,
    answer_due,
    deadlines,
    payment_due_on,
    survey_warning_at,
    suspension_at,
)
from gateway.domain.stages import ON_THE_WAY
from tests.domain import journeys as j
from tests.domain.fitting import PAUSED, suspended, warned
from tests.domain.journeys import DAY, HOUR, START, case_in, notice_received, refused, utc

S, K = Stage, DeadlineKind
PLAIN = WorkingCalendar(frozenset())


@cache
def _indonesian(*categories: str) -> WorkingCalendar:
    return WorkingCalendar(frozenset(holidays.country_holidays("ID", years=(2025, 2026), categories=categories)))


def _of(kind: DeadlineKind, case: PermitCase, calendar: WorkingCalendar = PLAIN) -> list[Deadline]:
    return [each for each in deadlines(case, calendar) if each.kind is kind]


@pytest.mark.parametrize(
    ("received", "with_joint_leave", "public_only"),
    [
        (date(2026, 3, 16), date(2026, 4, 7), date(2026, 3, 31)),
        (date(2025, 12, 17), date(2026, 1, 5), date(2026, 1, 2)),
    ],
)
def test_a_payment_lapses_after_ten_hari_kerja_from_receipt_pasal_14_3(
    received: date, with_joint_leave: date, public_only: date
) -> None:
    at = datetime(received.year, received.month, received.day, 10, tzinfo=JAKARTA)
    skrd = e.ChargeIssued(skrd=replace(j.SKRD_350, issued_on=received))
    case = case_in(S.APPROVED, at=at - HOUR).apply(skrd, at - HOUR).apply(notice_received(at), at)
    for categories, last_day in ((("public", "government"), with_joint_leave), (("public",), public_only)):
        calendar = _indonesian(*categories)
        assert payment_due_on(at, calendar) == last_day
        (lapse,) = _of(K.PAYMENT_LAPSE, case, calendar)
        assert lapse.due_on == last_day
        assert lapse.due_at == end_of_day(last_day)
        lapsed = e.ChargeLapsed(due_on=lapse.due_on)
        assert case.apply(lapsed, lapse.due_at).stage is S.LAPSED
        assert refused(case, lapsed, lapse.due_at - timedelta(microseconds=1)) == "period-not-over"


def test_without_evidence_of_receipt_no_payment_period_runs_pasal_14_3() -> None:
    case = case_in(S.CHARGED)
    assert _of(K.PAYMENT_LAPSE, case) == []
    assert len(_of(K.PAYMENT_LAPSE, case.apply(notice_received(START), START))) == 1


def test_a_paid_charge_has_no_deadline() -> None:
    charged = case_in(S.CHARGED).apply(notice_received(START), START)
    assert _of(K.PAYMENT_LAPSE, charged.apply(j.PAID, START)) == []


def test_the_day_of_receipt_is_mojokertos() -> None:
    assert payment_due_on(utc(2026, 3, 1, 16, 59), PLAIN) == date(2026, 3, 13)
    assert payment_due_on(utc(2026, 3, 1, 17), PLAIN) == date(2026, 3, 16)


def test_of_two_receipts_the_earlier_counts_pasal_14_3() -> None:
    case = case_in(S.CHARGED).apply(notice_received(START + 2 * DAY), START + 2 * DAY)
    assert case.charge_notice_received_at == START + 2 * DAY
    earlier = case.apply(notice_received(START + DAY), START + 3 * DAY)
    later = earlier.apply(notice_received(START + 3 * DAY), START + 3 * DAY)
    assert earlier.charge_notice_received_at == later.charge_notice_received_at == START + DAY
    assert [each.received_at for each in later.notices] == [START + 2 * DAY, START + DAY, START + 3 * DAY]


def test_the_payment_period_runs_on_while_suspended_pasal_17_4() -> None:
    case = case_in(S.CHARGED).apply(notice_received(START), START)
    (before,) = _of(K.PAYMENT_LAPSE, case)
    assert _of(K.PAYMENT_LAPSE, suspended(case)) == [before]


def test_survey_warnings_come_every_second_calendar_day_and_the_suspension_on_day_six_pasal_17() -> None:
    case = case_in(S.APPROVED)
    warnings = _of(K.SURVEY_WARNING, case)
    assert [(each.count, each.due_at) for each in warnings] == [(n, START + 2 * n * DAY) for n in (1, 2, 3)]
    (suspension,) = _of(K.SUSPENSION, case)
    assert suspension.due_on == date(2026, 3, 8)  # a Sunday: hari, not hari kerja
    assert warnings[-1].due_at < suspension.due_at


def test_a_late_warning_moves_those_after_it_pasal_17_3() -> None:
    late = START + 5 * DAY
    case = case_in(S.APPROVED).apply(e.SurveyWarned(count=1), late)
    assert [each.due_at for each in _of(K.SURVEY_WARNING, case)] == [START + 7 * DAY, START + 9 * DAY]
    assert suspension_at(case) == end_of_day(date(2026, 3, 11))
    assert refused(case, e.SurveyWarned(count=2), late + DAY) == "period-not-over"
    assert case.apply(e.SurveyWarned(count=2), late + 2 * DAY).survey_warnings == 2


def test_a_prompt_third_warning_leaves_day_six_to_the_applicant() -> None:
    case = warned(case_in(S.APPROVED))
    assert case.survey_warned_at == START + 6 * DAY
    assert suspension_at(case) == end_of_day(date(2026, 3, 8))
    late = warned(case_in(S.APPROVED), 2).apply(e.SurveyWarned(count=3), START + 9 * DAY)
    assert suspension_at(late) == end_of_day(date(2026, 3, 11))


@pytest.mark.parametrize("stage", Stage)
def test_the_survey_is_due_between_approval_and_hand_over_pasal_17_2(stage: Stage) -> None:
    case = case_in(stage)
    assert bool(_of(K.SUSPENSION, case)) is (stage in ON_THE_WAY)
    assert len(_of(K.SURVEY_WARNING, case)) == (3 if stage in ON_THE_WAY else 0)


def test_a_survey_or_a_suspension_ends_the_warnings() -> None:
    assert _of(K.SURVEY_WARNING, case_in(S.APPROVED).apply(j.SURVEYED, START)) == []
    assert _of(K.SUSPENSION, case_in(S.APPROVED).apply(j.SURVEYED, START)) == []
    assert _of(K.SUSPENSION, suspended(case_in(S.APPROVED))) == []
    assert _of(K.SURVEY_WARNING, warned(case_in(S.APPROVED))) == []
    assert len(_of(K.SUSPENSION, warned(case_in(S.APPROVED)))) == 1


def test_no_survey_is_reckoned_before_the_decision() -> None:
    with pytest.raises(ValueError, match="decision"):
        survey_warning_at(case_in(S.RECOMMENDED), 1)


def test_the_service_standard_counts_hari_kerja_from_the_tanda_terima_pasal_19() -> None:
    reminder, standard = deadlines(case_in(S.COMPLETE), PLAIN)
    assert standard == Deadline(kind=K.SERVICE_STANDARD, due_at=end_of_day(date(2026, 3, 20)))
    assert reminder == Deadline(kind=K.SERVICE_REMINDER, due_at=end_of_day(date(2026, 3, 19)))  # one hari kerja before
    assert deadlines(case_in(S.REGISTERED), PLAIN) == ()
    assert _of(K.SERVICE_STANDARD, case_in(S.COMPLETE).apply(PAUSED, START)) == []
    assert _of(K.SERVICE_STANDARD, case_in(S.ACTIVE)) == []


def test_an_answer_falls_due_by_hari_kerja_and_is_reminded_of_one_before_19() -> None:
    friday = datetime(2026, 3, 6, 17, 30, tzinfo=UTC)  # Saturday 7 March, half past midnight, in Mojokerto
    holidays = WorkingCalendar(holidays=frozenset({date(2026, 3, 10)}))
    due = answer_due(friday, 3, holidays)
    assert (due.remind_at, due.ends_at) == (end_of_day(date(2026, 3, 11)), end_of_day(date(2026, 3, 12)))
    short = answer_due(datetime(2026, 3, 4, 3, tzinfo=UTC), 1, PLAIN)
    assert (short.remind_at, short.ends_at) == (end_of_day(date(2026, 3, 4)), end_of_day(date(2026, 3, 5)))


def test_a_positive_fiction_falls_due_with_the_standard_until_the_decision_pp_28_2025() -> None:
    undecided, decided = case_in(S.RECOMMENDED, "krk"), case_in(S.APPROVED, "krk")
    (standard,), (fiction,) = _of(K.SERVICE_STANDARD, undecided), _of(K.POSITIVE_FICTION, undecided)
    assert standard.due_at == fiction.due_at == end_of_day(date(2026, 3, 11))
    assert _of(K.POSITIVE_FICTION, decided) == []
    assert _of(K.POSITIVE_FICTION, case_in(S.RECOMMENDED)) == []
    approved = undecided.apply(e.ApprovedByFiction(due_on=fiction.due_on), fiction.due_at)
    assert (approved.stage, approved.approved_by, approved.decided_at) == (S.APPROVED, None, fiction.due_at)


def test_deadlines_are_listed_by_time_and_then_by_kind() -> None:
    found = deadlines(case_in(S.CHARGED).apply(notice_received(START), START), PLAIN)
    assert [each.due_at for each in found] == sorted(each.due_at for each in found)
    assert [each.kind for each in found] == [
        K.SURVEY_WARNING,
        K.SURVEY_WARNING,
        K.SURVEY_WARNING,
        K.SUSPENSION,
        K.PAYMENT_LAPSE,
        K.SERVICE_REMINDER,
        K.SERVICE_STANDARD,
    ]
    undecided = deadlines(case_in(S.RECOMMENDED, "krk"), PLAIN)
    assert [each.kind for each in undecided] == [K.SERVICE_REMINDER, K.SERVICE_STANDARD, K.POSITIVE_FICTION]
