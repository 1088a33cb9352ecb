"""What falls due on a case, and when (Pasal 13, 14(3), 17(3), 17(4), 19).

Periods in hari kerja end with the last day in Mojokerto; the payment period starts with evidence of receipt alone.
Survey periods are calendar days from the approval.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from gateway.domain.calendar import JAKARTA, WorkingCalendar, end_of_day, local_date
from gateway.domain.stages import ON_THE_WAY, UNDECIDED, Stage

if TYPE_CHECKING:
    from gateway.domain.case import PermitCase

PAYMENT_PERIOD = 10
"""Hari kerja, from receipt of the charge notice (14(3))."""

SURVEY_WARNINGS = 3
SURVEY_INTERVAL = timedelta(days=2)
"""A warning every second calendar day, three times (17(3))."""


SIGNATURE_PATIENCE = timedelta(minutes=2)
"""How long a certified signature is waited for after the last moment at which its request may have left."""


class DeadlineKind(StrEnum):
    """What has to happen when a deadline passes."""

    SIGNATURE = "signature"
    """Apply SignatureNotGiven: the certified service did not answer (13)."""
    PAYMENT_LAPSE = "payment-lapse"
    """Apply ChargeLapsed (14(4))."""
    SURVEY_WARNING = "survey-warning"
    """Apply SurveyWarned with this deadline's `count` (17(3))."""
    SUSPENSION = "suspension"
    """Apply ProcessSuspended (17(4))."""
    SERVICE_REMINDER = "service-reminder"
    """One hari kerja is left before the office is late (19): remind it."""
    SERVICE_STANDARD = "service-standard"
    """The office is late (19): report it."""
    POSITIVE_FICTION = "positive-fiction"
    """Apply ApprovedByFiction (PP 28/2025)."""


ONCE = (DeadlineKind.SERVICE_REMINDER, DeadlineKind.SERVICE_STANDARD)
"""Told once and over; the case goes on, and they would be found again each time that it is looked at."""


@dataclass(frozen=True, kw_only=True)
class Deadline:
    """`due_at` is the instant from which it has passed; `count` numbers the survey warnings, 0 otherwise."""

    kind: DeadlineKind
    due_at: datetime
    count: int = 0

    @property
    def due_on(self) -> date:
        """The last day, as people are told."""
        return local_date(self.due_at)


def deadlines(case: PermitCase, calendar: WorkingCalendar) -> tuple[Deadline, ...]:
    """List all that is still to fall due, the earliest first; of two at one instant, in the order of DeadlineKind."""
    found = (*_signature(case), *_payment(case, calendar), *_survey(case), *_service(case, calendar))
    return tuple(sorted(found, key=lambda each: (each.due_at, list(DeadlineKind).index(each.kind))))


@dataclass(frozen=True, kw_only=True)
class AnswerDue:
    """Until when an agency has to answer a Request, and when the office is reminded: one hari kerja before."""

    ends_at: datetime
    remind_at: datetime


def answer_due(acknowledged_at: datetime, within_days: int, calendar: WorkingCalendar) -> AnswerDue:
    """Give the end of an agreed time of at least one hari kerja, counted from the day of the acknowledgement (19)."""
    day = local_date(acknowledged_at)
    return AnswerDue(
        ends_at=end_of_day(calendar.add_working_days(day, within_days)),
        remind_at=end_of_day(calendar.add_working_days(day, within_days - 1)),
    )


def payment_due_on(received_at: datetime, calendar: WorkingCalendar) -> date:
    """Give the last day to pay after the charge notice was received at that moment (14(3))."""
    return calendar.add_working_days(local_date(received_at), PAYMENT_PERIOD)


def survey_warning_at(case: PermitCase, count: int) -> datetime:
    """Tell when the `count`-th warning is due: at the approval's hour, 2, 4 and 6 days after it.

    A late warning moves the later ones, so that two days always lie between them. `case` must be approved, and
    `count` greater than the warnings already given.
    """
    if case.decided_at is None:
        raise ValueError("no survey is due before the decision")
    decided = case.decided_at.astimezone(JAKARTA)
    due = decided + count * SURVEY_INTERVAL
    if case.survey_warned_at is None:
        return due
    waited = local_date(case.survey_warned_at) + (count - case.survey_warnings) * SURVEY_INTERVAL
    return max(due, datetime.combine(waited, decided.timetz()))


def suspension_at(case: PermitCase) -> datetime:
    """Tell when the process is suspended: at the end of the day of the third warning, at the earliest day 6 (17(4))."""
    if case.survey_warned_at is not None and case.survey_warnings >= SURVEY_WARNINGS:
        return end_of_day(local_date(case.survey_warned_at))
    return end_of_day(local_date(survey_warning_at(case, SURVEY_WARNINGS)))


def _signature(case: PermitCase) -> tuple[Deadline, ...]:
    if case.stage is not Stage.SIGNING or case.signature_asked is None:
        return ()
    due_at = case.signature_asked.expires_at + SIGNATURE_PATIENCE
    return (Deadline(kind=DeadlineKind.SIGNATURE, due_at=due_at),)


def _payment(case: PermitCase, calendar: WorkingCalendar) -> tuple[Deadline, ...]:
    received_at = case.charge_notice_received_at
    if case.stage is not Stage.CHARGED or received_at is None:
        return ()
    due_at = end_of_day(payment_due_on(received_at, calendar))
    return (Deadline(kind=DeadlineKind.PAYMENT_LAPSE, due_at=due_at),)


def _survey(case: PermitCase) -> tuple[Deadline, ...]:
    if case.stage not in ON_THE_WAY or case.survey is not None or case.suspended:
        return ()
    warnings = (
        Deadline(kind=DeadlineKind.SURVEY_WARNING, due_at=survey_warning_at(case, count), count=count)
        for count in range(case.survey_warnings + 1, SURVEY_WARNINGS + 1)
    )
    return (*warnings, Deadline(kind=DeadlineKind.SUSPENSION, due_at=suspension_at(case)))


def _service(case: PermitCase, calendar: WorkingCalendar) -> tuple[Deadline, ...]:
    last_day = case.clock.due_on(calendar, case.duration_days)
    if last_day is None:
        return ()
    due_at = end_of_day(last_day)
    found = [Deadline(kind=DeadlineKind.SERVICE_STANDARD, due_at=due_at)]
    day_before = case.clock.due_on(calendar, case.duration_days - 1)
    if day_before is not None:
        found.append(Deadline(kind=DeadlineKind.SERVICE_REMINDER, due_at=end_of_day(day_before)))
    if case.positive_fiction and case.stage in UNDECIDED:
        found.append(Deadline(kind=DeadlineKind.POSITIVE_FICTION, due_at=due_at))
    return tuple(found)
