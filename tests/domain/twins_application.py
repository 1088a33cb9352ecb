"""Twins for the guards from registration to payment (Pasal 11(3)a to f)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

from gateway.domain import events as e
from gateway.domain import guards, kinds
from gateway.domain.case import PermitCase, Stage
from gateway.domain.events import CaseEvent
from gateway.domain.stages import Residency
from tests.domain import journeys as j
from tests.domain.fitting import PAUSED, end_of
from tests.domain.journeys import DAY, START, case_in, notice_received, recommendation
from tests.domain.twins import Twin

S = Stage


def _charged() -> PermitCase:
    return case_in(S.CHARGED)


def _noticed() -> PermitCase:
    return _charged().apply(notice_received(START), START)


def _notice(notice: e.NoticeKind = e.NoticeKind.CHARGE, evidence: str = "DELIVRD", at: datetime = START) -> CaseEvent:
    return e.NoticeReceived(notice=notice, evidence=evidence, received_at=at)


def _undeclared(origin: e.Origin) -> PermitCase:
    return replace(case_in(S.REGISTERED, origin=origin), declaration=None)


RESUMED = e.ServiceClockResumed(reason="selesai")
LAPSED = e.ChargeLapsed(due_on=date(2026, 3, 16))
"""Ten hari kerja after the start when no holiday lies between."""

FICTION = e.ApprovedByFiction(due_on=date(2026, 3, 11))
"""The seven hari kerja of the KRK after the start, with no holiday between."""

FICTION_OVER = end_of(START, 9)
OVER = end_of(START, 14)
MICROSECOND = timedelta(microseconds=1)
FIVE_MINUTES = timedelta(minutes=5)
MIDNIGHT = START - 9 * j.HOUR
"""The beginning, in Mojokerto, of the day on which the SKRD was issued."""

EXAMINATION: list[Twin] = [
    Twin(
        guards.declared,
        "declaration-missing",
        "Pasal 12(3)",
        (_undeclared(e.Origin.PORTAL), j.COMPLETED),
        (case_in(S.REGISTERED), j.COMPLETED),
    ),
    Twin(
        guards.declared,
        "declaration-missing",
        "Pasal 12(3)",
        (_undeclared(e.Origin.COUNTER), j.COMPLETED),
        (_undeclared(e.Origin.OSS), j.COMPLETED),
    ),
    Twin(
        guards.says_what_is_missing,
        "grounds-missing",
        "Pasal 14(1)",
        (case_in(S.COMPLETE), replace(j.RETURNED, missing=())),
        (case_in(S.COMPLETE), j.RETURNED),
    ),
    Twin(
        guards.gives_grounds,
        "grounds-missing",
        "Pasal 14(1)",
        (case_in(S.RECOMMENDED), replace(j.REJECTED, grounds=())),
        (case_in(S.RECOMMENDED), j.REJECTED),
    ),
    Twin(
        guards.resident_verified,
        "resident-not-verified",
        "Pasal 8(4)c",
        (replace(case_in(S.VERIFIED), residency=Residency.UNCHECKED), j.VALIDATED),
        (case_in(S.VERIFIED), j.VALIDATED),
    ),
    Twin(
        guards.second_officer,
        "same-officer",
        "Pasal 11(3)c",
        (case_in(S.VERIFIED), e.AdministrationValidated(officer="petugas-1")),
        (case_in(S.VERIFIED), e.AdministrationValidated(officer="petugas-2")),
    ),
    Twin(
        guards.recommendation_asked,
        "recommendation-not-asked",
        "Pasal 11(3)d",
        (case_in(S.VALIDATED), recommendation("dinkes")),
        (case_in(S.VALIDATED), recommendation("dpupr")),
    ),
    Twin(
        guards.recommendation_first,
        "recommendation-already-given",
        "Pasal 11(3)d",
        (case_in(S.RECOMMENDED), recommendation("dpupr", favourable=False)),
        (case_in(S.VALIDATED), recommendation("dpupr", favourable=False)),
    ),
    Twin(
        guards.all_recommended,
        "recommendation-missing",
        "Pasal 11(3)d",
        (case_in(S.VALIDATED), j.APPROVED),
        (case_in(S.RECOMMENDED), j.APPROVED),
    ),
    Twin(
        guards.positive_fiction,
        "no-positive-fiction",
        "PP 28/2025",
        (case_in(S.RECOMMENDED, "reklame"), FICTION),
        (case_in(S.RECOMMENDED, "krk"), FICTION),
        FICTION_OVER,
        FICTION_OVER,
    ),
    Twin(
        guards.decision_overdue,
        "period-not-over",
        "Pasal 19",
        (case_in(S.RECOMMENDED, "krk"), FICTION),
        (case_in(S.RECOMMENDED, "krk"), FICTION),
        FICTION_OVER - MICROSECOND,
        FICTION_OVER,
    ),
    Twin(
        guards.decision_overdue,
        "period-not-over",
        "Pasal 19",
        (case_in(S.RECOMMENDED, "krk"), e.ApprovedByFiction(due_on=date(2026, 3, 8))),
        (case_in(S.RECOMMENDED, "krk"), e.ApprovedByFiction(due_on=date(2026, 3, 9))),
        FICTION_OVER,
        FICTION_OVER,
    ),
    Twin(
        guards.decision_overdue,
        "period-not-over",
        "Pasal 19",
        (case_in(S.RECOMMENDED, "krk").apply(PAUSED, START), FICTION),
        (case_in(S.RECOMMENDED, "krk").apply(PAUSED, START).apply(RESUMED, START), FICTION),
        FICTION_OVER,
        FICTION_OVER,
    ),
]

CHARGE: list[Twin] = [
    Twin(
        kinds.levied,
        "not-levied",
        "Pasal 15",
        (case_in(S.APPROVED, "krk"), j.CHARGED),
        (case_in(S.APPROVED), j.CHARGED),
    ),
    Twin(
        guards.not_lapsed,
        "charge-lapsed",
        "Pasal 14(4)",
        (case_in(S.LAPSED), j.PAID),
        (_noticed(), j.PAID),
        OVER,
        OVER,
    ),
    Twin(guards.unpaid, "already-paid", "Pasal 14(3)", (case_in(S.PAID), j.PAID), (_charged(), j.PAID)),
    Twin(
        guards.exact_amount,
        "wrong-amount",
        "Pasal 14(6)",
        (_charged(), replace(j.PAID, amount=349_999)),
        (_charged(), replace(j.PAID, amount=350_000)),
    ),
    Twin(
        guards.paid_since_the_charge,
        "payment-time",
        "Pasal 14(3)",
        (_charged(), replace(j.PAID, paid_at=MIDNIGHT - MICROSECOND)),
        (_charged(), replace(j.PAID, paid_at=MIDNIGHT)),
    ),
    Twin(
        guards.paid_since_the_charge,
        "payment-time",
        "Pasal 14(3)",
        (_charged(), replace(j.PAID, paid_at=START + FIVE_MINUTES + MICROSECOND)),
        (_charged(), replace(j.PAID, paid_at=START + FIVE_MINUTES)),
    ),
    Twin(
        guards.paid_if_levied,
        "payment-missing",
        "Pasal 14(3)",
        (case_in(S.APPROVED), j.RESERVED),
        (case_in(S.APPROVED, "krk"), j.RESERVED),
    ),
    Twin(
        guards.charged_before_notice,
        "charge-missing",
        "Pasal 14(6)",
        (case_in(S.APPROVED), _notice()),
        (case_in(S.APPROVED), _notice(e.NoticeKind.APPROVED)),
    ),
    Twin(
        guards.charged_before_notice,
        "charge-missing",
        "Pasal 14(6)",
        (_charged(), _notice(at=START - DAY)),
        (_charged(), _notice(at=START)),
    ),
    Twin(
        guards.evidence_named,
        "evidence-missing",
        "Pasal 14(3)",
        (_charged(), _notice(evidence="")),
        (_charged(), _notice(evidence="dibaca di akun")),
    ),
    Twin(
        guards.notice_received,
        "notice-not-received",
        "Pasal 14(3)",
        (_charged(), LAPSED),
        (_noticed(), LAPSED),
        OVER,
        OVER,
    ),
    Twin(
        guards.payment_overdue,
        "period-not-over",
        "Pasal 14(3)",
        (_noticed(), LAPSED),
        (_noticed(), LAPSED),
        OVER - MICROSECOND,
        OVER,
    ),
    Twin(
        guards.payment_overdue,
        "period-not-over",
        "Pasal 14(3)",
        (_noticed(), e.ChargeLapsed(due_on=date(2026, 3, 11))),
        (_noticed(), e.ChargeLapsed(due_on=date(2026, 3, 12))),
        OVER,
        OVER,
    ),
]
