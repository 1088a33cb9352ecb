"""What each fact asks of the outside: checks, recommendations, notices to the applicant, reports to OSS alone."""

from dataclasses import replace
from datetime import datetime

import pytest

from gateway.domain import events as e
from gateway.domain.case import Finding, PermitCase, Stage
from gateway.domain.catalogue import SAMPLE
from gateway.domain.events import Ask, CaseEvent, CaseStatus, NoticeKind, Origin
from gateway.domain.identifiers import NIB, NPWP
from gateway.domain.lifecycle import asks
from tests.domain import journeys as j
from tests.domain.fitting import LATER, MOVES, fitting, ready
from tests.domain.journeys import START, case_in, opened, recommendation, registration

S, N, C = Stage, NoticeKind, CaseStatus

STAGES: dict[type[CaseEvent], Stage] = {
    e.ResidentVerified: S.REGISTERED,
    e.ResidentRefuted: S.REGISTERED,
    e.TaxStatusConfirmed: S.REGISTERED,
    e.TaxStatusDoubtful: S.REGISTERED,
    e.BusinessConfirmed: S.REGISTERED,
    e.BusinessDoubtful: S.REGISTERED,
    e.ApplicationCorrected: S.RETURNED,
    e.ApplicationCompleted: S.REGISTERED,
    e.ApplicationWithdrawn: S.REGISTERED,
    e.AdministrationReturned: S.COMPLETE,
    e.AdministrationVerified: S.COMPLETE,
    e.AdministrationValidated: S.VERIFIED,
    e.ArrearsFound: S.VERIFIED,
    e.NoArrearsFound: S.VERIFIED,
    e.RecommendationGiven: S.VALIDATED,
    e.ApplicationApproved: S.RECOMMENDED,
    e.ApplicationRejected: S.RECOMMENDED,
    e.ApprovedByFiction: S.RECOMMENDED,
    e.ChargeIssued: S.APPROVED,
    e.QrisOffered: S.CHARGED,
    e.NoticeReceived: S.CHARGED,
    e.PaymentReceived: S.CHARGED,
    e.ChargeLapsed: S.CHARGED,
    e.NumberReserved: S.PAID,
    e.DocumentPrepared: S.NUMBERED,
    e.SigningMethodChosen: S.NUMBERED,
    e.DocumentSigned: S.PREPARED,
    e.SignatureRequested: S.PREPARED,
    e.SignatureNotGiven: S.SIGNING,
    e.SignatureDeclined: S.PREPARED,
    e.NumberActivated: S.SIGNED,
    e.DocumentPrinted: S.ACTIVE,
    e.SurveyWarned: S.APPROVED,
    e.ProcessSuspended: S.APPROVED,
    e.SurveyCompleted: S.APPROVED,
    e.HandOverChosen: S.PRINTED,
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
    e.ApprovedByFiction: (N.APPROVED, C.APPROVED_BY_FICTION),
    e.ApplicationRejected: (N.REJECTED, C.REJECTED),
    e.ChargeIssued: (N.CHARGE, C.AWAITING_PAYMENT),
    e.PaymentReceived: (N.PAID, C.PAID),
    e.ChargeLapsed: (N.LAPSED, C.LAPSED),
    e.NumberReserved: (None, C.NUMBERING),
    e.NumberActivated: (N.READY, C.APPROVED),
    e.SurveyWarned: (N.SURVEY_WARNING, None),
    e.ProcessSuspended: (N.SUSPENDED, C.CLOCK_PAUSED),
    e.ServiceClockPaused: (None, C.CLOCK_PAUSED),
    e.ServiceClockResumed: (None, C.CLOCK_RESUMED),
    e.ServiceClockRestarted: (None, C.CLOCK_RESTARTED),
    e.ApplicationWithdrawn: (None, C.WITHDRAWN),
    e.PermitRevoked: (None, C.REVOKED),
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
    mails = [each for each in found if isinstance(each, e.EmailApplicant)]
    assert [(each.notice, each.text.partition("\n")[0]) for each in mails] == [
        (each.notice, each.text) for each in notices
    ]
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


def test_a_verification_asks_whether_the_applicant_owes_the_city_and_nobody_misses_the_answer() -> None:
    asked = _asked(case_in(S.COMPLETE), j.VERIFIED)
    assert asked == (e.QueryArrears(),)
    assert asked[0].optional
    assert not e.VerifyResident.optional


def test_what_is_owed_stands_on_the_case_until_the_next_answer_and_refuses_nothing() -> None:
    case = case_in(S.VERIFIED)
    assert case.arrears is None
    owing = case.apply(e.ArrearsFound(agency="bpkpd", amount=1_250_000, on=START.date()), START)
    assert (owing.arrears, owing.stage) == (1_250_000, S.VERIFIED)
    assert owing.apply(e.NoArrearsFound(agency="bpkpd", on=START.date()), START).arrears == 0
    assert owing.apply(j.VALIDATED, START).stage is S.VALIDATED
    other = e.ApplicationCorrected(applicant=replace(j.APPLICANT, name="Siti Aminah Contoh"))
    assert owing.apply(j.CORRECTED, START).arrears == 1_250_000
    assert owing.apply(other, START).arrears is None


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


NPWP_OF_SITI = NPWP("000000018999000")


@pytest.mark.parametrize(
    ("service", "npwp", "asked"),
    [("reklame", NPWP_OF_SITI, True), ("reklame", None, False), ("pbg", NPWP_OF_SITI, False)],
)
def test_a_business_permit_of_a_taxpayer_asks_the_tax_register(service: str, npwp: NPWP | None, asked: bool) -> None:
    event = replace(registration(service), applicant=replace(j.APPLICANT, npwp=npwp))
    case = PermitCase.open("K-2026-000017", event, START, SAMPLE.find(service, START.date()))
    expected = (e.VerifyResident(), e.VerifyTaxStatus()) if asked else (e.VerifyResident(),)
    assert asks(None, event, case, START) == expected


def test_another_taxpayer_is_asked_about_anew_and_what_was_said_of_the_other_is_forgotten() -> None:
    taxed = replace(j.APPLICANT, npwp=NPWP_OF_SITI)
    case = replace(case_in(S.RETURNED, "reklame"), applicant=taxed).apply(e.TaxStatusConfirmed(), START)
    assert case.tax_status is Finding.CONFIRMED
    moved = e.ApplicationCorrected(applicant=replace(taxed, address="Jalan Contoh 2"))
    assert _asked(case, moved) == ()
    assert case.apply(moved, START).tax_status is Finding.CONFIRMED
    firm = replace(taxed, kind=e.ApplicantKind.COMPANY, company="PT Contoh Sejahtera")
    founded = e.ApplicationCorrected(applicant=firm)
    assert _asked(case, founded) == (e.VerifyTaxStatus(),)
    assert case.apply(founded, START).tax_status is Finding.UNCHECKED
    without = e.ApplicationCorrected(applicant=replace(taxed, npwp=None))
    assert _asked(case, without) == ()
    assert case.apply(without, START).tax_status is Finding.UNCHECKED


NIB_OF_SITI = NIB("0000000000017")


@pytest.mark.parametrize("origin", Origin)
def test_who_names_a_nib_elsewhere_than_in_oss_is_asked_about_there(origin: Origin) -> None:
    event = replace(registration(origin=origin), applicant=replace(j.APPLICANT, nib=NIB_OF_SITI))
    case = PermitCase.open("K-2026-000017", event, START, SAMPLE.find("pbg", START.date()))
    expected = () if origin is Origin.OSS else (e.QueryBusiness(),)
    assert asks(None, event, case, START) == (e.VerifyResident(), *expected)


def test_another_nib_is_asked_about_anew_and_what_was_said_of_the_other_is_forgotten() -> None:
    known = replace(j.APPLICANT, nib=NIB_OF_SITI)
    case = replace(case_in(S.RETURNED), applicant=known)
    case = case.apply(e.BusinessDoubtful(reason="frozen", text="NIB dibekukan"), START)
    assert case.business_status is Finding.DOUBTFUL
    assert _asked(case, j.CORRECTED) == ()
    other = e.ApplicationCorrected(applicant=replace(known, nib=NIB("0000000000025")))
    assert _asked(case, other) == (e.QueryBusiness(),)
    assert case.apply(other, START).business_status is Finding.UNCHECKED


def test_oss_gets_the_permit_that_came_of_its_application_after_its_status() -> None:
    case = case_in(S.SIGNED, origin=Origin.OSS)
    event = e.NumberActivated(number=case.reserved_number or "", check_url="https://hub.example/periksa/1")
    licence = e.ReportLicence(number=event.number, at=START, check_url="https://hub.example/periksa/1")
    assert [type(each) for each in _asked(case, event)] == [
        e.NotifyApplicant,
        e.EmailApplicant,
        e.ReportStatus,
        e.ReportLicence,
    ]
    assert _asked(case, event)[-1] == licence
    elsewhere = case_in(S.SIGNED)
    assert [type(each) for each in _asked(elsewhere, event)] == [e.NotifyApplicant, e.EmailApplicant]


def test_a_doubtful_tax_status_refuses_nothing() -> None:
    doubtful = case_in(S.VERIFIED, "reklame").apply(e.TaxStatusDoubtful(reason="spt-missing", text="x"), START)
    assert doubtful.tax_status is Finding.DOUBTFUL
    assert doubtful.apply(j.VALIDATED, START).stage is S.VALIDATED


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
    assert [type(each) for each in asks(before, event, after, LATER)] == [
        e.OfferQris,
        e.NotifyApplicant,
        e.EmailApplicant,
        e.ReportStatus,
    ]


@pytest.mark.parametrize("email", ["", "tidak ada", "a@b@contoh.example", "Siti <siti@contoh.example>", "siti@contoh"])
def test_an_applicant_without_a_mail_address_is_told_by_sms_alone_pasal_8_6(email: str) -> None:
    case = case_in(S.REGISTERED)
    without = replace(case, applicant=replace(case.applicant, email=email))
    assert [type(each) for each in _asked(without, j.COMPLETED)] == [e.NotifyApplicant]
    assert e.EmailApplicant.optional
    assert e.OfferQris.optional
    assert not e.DeliverDocument.optional


BY_COURIER = e.HandOverChosen(method=e.HandOver.COURIER)
SEND = e.DeliverDocument()


@pytest.mark.parametrize(("service", "last", "stage"), [("pbg", "printed", S.ACTIVE), ("aset", "active", S.SIGNED)])
def test_a_courier_is_sent_by_the_last_fact_that_was_missing_and_once_pasal_17_18(
    service: str, last: str, stage: Stage
) -> None:
    unready = case_in(stage, service)
    final = j.printed(unready) if last == "printed" else j.ACTIVATED
    ready_after = {
        "the document": (unready.apply(BY_COURIER, START).apply(j.SURVEYED, START), final),
        "the survey": (unready.apply(BY_COURIER, START).apply(final, START), j.SURVEYED),
        "the choice": (unready.apply(j.SURVEYED, START).apply(final, START), BY_COURIER),
    }
    for what, (before, event) in ready_after.items():
        assert SEND in _asked(before, event), what
    waiting = unready.apply(j.SURVEYED, START).apply(BY_COURIER, START).apply(final, START)
    assert SEND not in _asked(waiting, e.AttentionRaised(source="x", text="y"))
    if last == "printed":
        assert SEND not in _asked(waiting, j.printed(waiting))  # a spoilt sheet is printed again
    elsewhere = e.HandOverChosen(method=e.HandOver.COURIER, address="Jalan Contoh 2")
    assert _asked(waiting, elsewhere) == (SEND,)


def test_nobody_is_sent_who_was_not_asked_for_or_before_the_survey_pasal_17_2() -> None:
    printed = case_in(S.PRINTED)
    assert SEND not in _asked(printed, j.SURVEYED)
    assert SEND not in _asked(printed, BY_COURIER)
    back = printed.apply(BY_COURIER, START).apply(e.HandOverChosen(method=e.HandOver.COUNTER), START)
    assert SEND not in _asked(back, j.SURVEYED)
