"""What each fact asks of the outside: checks, recommendations, notices to the applicant, reports to OSS alone."""

from dataclasses import replace
from datetime import datetime

import pytest

from gateway.domain import events as e
from gateway.domain.case import PermitCase, Stage
from gateway.domain.events import Ask, CaseEvent, CaseStatus, NoticeKind, Origin
from gateway.domain.lifecycle import asks
from tests.domain import journeys as j
from tests.domain.fitting import LATER, MOVES, fitting, ready
from tests.domain.journeys import START, case_in, opened, recommendation, registration

S, N, C = Stage, NoticeKind, CaseStatus

STAGES: dict[type[CaseEvent], Stage] = {
    e.ResidentVerified: S.REGISTERED,
    e.ResidentRefuted: S.REGISTERED,
    e.ApplicationCorrected: S.RETURNED,
    e.ApplicationCompleted: S.REGISTERED,
    e.ApplicationWithdrawn: S.REGISTERED,
    e.AdministrationReturned: S.COMPLETE,
    e.AdministrationVerified: S.COMPLETE,
    e.AdministrationValidated: S.VERIFIED,
    e.RecommendationGiven: S.VALIDATED,
    e.ApplicationApproved: S.RECOMMENDED,
    e.ApplicationRejected: S.RECOMMENDED,
    e.ApprovedByFiction: S.RECOMMENDED,
    e.ChargeIssued: S.APPROVED,
    e.NoticeReceived: S.CHARGED,
    e.PaymentReceived: S.CHARGED,
    e.ChargeLapsed: S.CHARGED,
    e.NumberReserved: S.PAID,
    e.DocumentPrepared: S.NUMBERED,
    e.SigningMethodChosen: S.NUMBERED,
    e.DocumentSigned: S.PREPARED,
    e.SignatureDeclined: S.PREPARED,
    e.NumberActivated: S.SIGNED,
    e.DocumentPrinted: S.ACTIVE,
    e.SurveyWarned: S.APPROVED,
    e.ProcessSuspended: S.APPROVED,
    e.SurveyCompleted: S.APPROVED,
    e.DocumentHandedOver: S.PRINTED,
    e.ServiceClockPaused: S.COMPLETE,
    e.ServiceClockResumed: S.COMPLETE,
    e.ServiceClockRestarted: S.COMPLETE,
    e.PermitRevoked: S.ACTIVE,
    e.AttentionRaised: S.COMPLETE,
    e.AttentionSettled: S.COMPLETE,
}
"""A stage in which each fact may happen."""

EXPECTED: dict[type[CaseEvent], tuple[NoticeKind | None, CaseStatus | None]] = {
    e.ApplicationCompleted: (N.ACKNOWLEDGED, C.COMPLETE),
    e.AdministrationReturned: (N.RETURNED, C.INCOMPLETE),
    e.AdministrationVerified: (None, C.VALIDATING),
    e.RecommendationGiven: (None, C.TECHNICALLY_APPROVED),
    e.ApplicationApproved: (N.APPROVED, None),
    e.ApprovedByFiction: (N.APPROVED, None),
    e.ApplicationRejected: (N.REJECTED, C.REJECTED),
    e.ChargeIssued: (N.CHARGE, C.AWAITING_PAYMENT),
    e.PaymentReceived: (N.PAID, C.PAID),
    e.ChargeLapsed: (N.LAPSED, C.LAPSED),
    e.NumberReserved: (None, C.NUMBERING),
    e.NumberActivated: (N.READY, C.APPROVED),
    e.SurveyWarned: (N.SURVEY_WARNING, None),
    e.ProcessSuspended: (N.SUSPENDED, None),
    e.ServiceClockPaused: (None, C.CLOCK_PAUSED),
    e.ServiceClockResumed: (None, C.CLOCK_RESUMED),
    e.ServiceClockRestarted: (None, C.CLOCK_RESTARTED),
}
"""The notice and the report of each fact; the facts that are not here have neither."""


def _happened(kind: type[CaseEvent], origin: Origin) -> tuple[PermitCase, CaseEvent, PermitCase]:
    service = "krk" if kind is e.ApprovedByFiction else "pbg"
    before = ready(kind, case_in(STAGES[kind], service, origin))
    event = fitting(kind, before)
    return before, event, before.apply(event, LATER)


def _asked(case: PermitCase, event: CaseEvent, at: datetime = START) -> tuple[Ask, ...]:
    return asks(case, event, case.apply(event, at), at)


def _reports(case: PermitCase, event: CaseEvent) -> list[Ask]:
    return [each for each in _asked(case, event) if isinstance(each, e.ReportStatus)]


@pytest.mark.parametrize("origin", Origin)
@pytest.mark.parametrize("kind", MOVES, ids=lambda kind: kind.__name__)
def test_a_fact_tells_the_applicant_and_oss_what_concerns_them_pasal_14_1(
    kind: type[CaseEvent], origin: Origin
) -> None:
    before, event, after = _happened(kind, origin)
    found = asks(before, event, after, LATER)
    notice, status = EXPECTED.get(kind, (None, None))
    notices = [each for each in found if isinstance(each, e.NotifyApplicant)]
    assert [each.notice for each in notices] == ([notice] if notice else [])
    assert all(each.text.startswith("DPM-PTSP Kota Mojokerto: ") for each in notices)
    reports = [each for each in found if isinstance(each, e.ReportStatus)]
    assert [each.status for each in reports] == ([status] if status and origin is Origin.OSS else [])
    assert all(each.at == LATER and each.by for each in reports)


@pytest.mark.parametrize("origin", Origin)
def test_a_registration_asks_the_population_registry_pasal_8_4_c(origin: Origin) -> None:
    case = opened(origin=origin)
    assert asks(None, registration(origin=origin), case, START) == (e.VerifyResident(),)


def test_a_validation_asks_every_agency_for_its_recommendation_pasal_11_3_d() -> None:
    expected = tuple(e.RequestRecommendation(agency=agency) for agency in ("satpolpp", "dpupr", "bpkpd"))
    assert _asked(case_in(S.VERIFIED, "reklame"), j.VALIDATED) == expected
    none_needed = replace(case_in(S.VERIFIED, "krk"), required_recommendations=())
    assert _asked(none_needed, j.VALIDATED) == ()


def test_another_person_or_name_is_verified_anew_and_another_address_is_not() -> None:
    case = case_in(S.RETURNED)
    renamed = e.ApplicationCorrected(applicant=replace(j.APPLICANT, name="Siti Aminah Contoh"))
    moved = e.ApplicationCorrected(applicant=replace(j.APPLICANT, address="Jalan Contoh 2"))
    assert _asked(case, renamed) == (e.VerifyResident(),)
    assert _asked(case, moved) == ()
    assert _asked(case, j.CORRECTED) == ()


def test_a_check_that_is_under_way_is_not_asked_for_again() -> None:
    unchecked = opened().apply(j.RETURNED, START)
    assert _asked(unchecked, j.CORRECTED) == ()


def test_oss_hears_of_a_technical_approval_only_when_all_agencies_are_favourable() -> None:
    case = case_in(S.VALIDATED, "reklame", Origin.OSS)
    for agency in ("satpolpp", "dpupr"):
        assert _reports(case, recommendation(agency)) == []
        case = case.apply(recommendation(agency), START)
    (report,) = _reports(case, recommendation("bpkpd"))
    assert isinstance(report, e.ReportStatus)
    assert report.status is C.TECHNICALLY_APPROVED
    assert _reports(case, recommendation("bpkpd", favourable=False)) == []


@pytest.mark.parametrize(
    ("stage", "event", "by", "note"),
    [
        (S.COMPLETE, j.RETURNED, "petugas-1", "ktp"),
        (S.RECOMMENDED, j.REJECTED, "kepala-bidang", "tidak sesuai tata ruang"),
        (S.COMPLETE, e.ServiceClockPaused(reason="menunggu rapat"), "DPM-PTSP Kota Mojokerto", "menunggu rapat"),
        (S.COMPLETE, e.ServiceClockRestarted(reason="mulai lagi"), "DPM-PTSP Kota Mojokerto", "mulai lagi"),
        (S.REGISTERED, j.COMPLETED, "DPM-PTSP Kota Mojokerto", ""),
    ],
)
def test_a_report_says_who_did_it_and_why(stage: Stage, event: CaseEvent, by: str, note: str) -> None:
    (report,) = _reports(case_in(stage, origin=Origin.OSS), event)
    assert isinstance(report, e.ReportStatus)
    assert (report.by, report.note, report.at) == (by, note, START)


def test_the_needs_of_the_case_come_before_the_reports() -> None:
    before, event, after = _happened(e.ChargeIssued, Origin.OSS)
    assert [type(each) for each in asks(before, event, after, LATER)] == [e.NotifyApplicant, e.ReportStatus]
