"""For every kind of fact: one that suits a case where any can, and the case made ready for it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from gateway.domain import events as e
from gateway.domain.calendar import end_of_day, local_date
from gateway.domain.case import PermitCase
from gateway.domain.deadlines import SURVEY_WARNINGS, survey_warning_at, suspension_at
from gateway.domain.events import CaseEvent
from gateway.domain.facts import EVENT_KINDS
from gateway.domain.stages import ON_THE_WAY
from tests.domain import journeys as j

LATER = j.START + 40 * j.DAY
"""After every period that began at the start."""

MOVES = tuple(kind for kind in EVENT_KINDS.values() if kind is not e.ApplicationRegistered)
"""All facts that may happen to an open case."""

PAUSED = e.ServiceClockPaused(reason="menunggu rapat")
RAISED = e.AttentionRaised(source="dpupr/technical-recommendation", text="jawaban tidak jelas")

_MAKERS: dict[type[CaseEvent], Callable[[PermitCase, datetime], CaseEvent]] = {
    e.ResidentVerified: lambda _case, _at: j.NIK_KNOWN,
    e.ResidentRefuted: lambda _case, _at: e.ResidentRefuted(reason="not-found", text="Data Tidak Ditemukan"),
    e.TaxStatusConfirmed: lambda _case, _at: e.TaxStatusConfirmed(),
    e.TaxStatusDoubtful: lambda _case, _at: e.TaxStatusDoubtful(reason="spt-missing", text="SPT belum dilaporkan"),
    e.BusinessConfirmed: lambda _case, _at: e.BusinessConfirmed(),
    e.BusinessDoubtful: lambda _case, _at: e.BusinessDoubtful(reason="frozen", text="NIB dibekukan"),
    e.ApplicationCorrected: lambda _case, _at: j.CORRECTED,
    e.ApplicationCompleted: lambda _case, _at: j.COMPLETED,
    e.AdministrationReturned: lambda _case, _at: j.RETURNED,
    e.AdministrationVerified: lambda _case, _at: j.VERIFIED,
    e.AdministrationValidated: lambda _case, _at: j.VALIDATED,
    e.ArrearsFound: lambda _case, at: e.ArrearsFound(agency="bpkpd", amount=1_250_000, on=local_date(at)),
    e.NoArrearsFound: lambda _case, at: e.NoArrearsFound(agency="bpkpd", on=local_date(at)),
    e.RecommendationGiven: lambda case, _at: j.recommendation(
        (*case.missing_recommendations, *case.required_recommendations, "dpupr")[0]
    ),
    e.ApplicationApproved: lambda _case, _at: j.APPROVED,
    e.ApplicationRejected: lambda _case, _at: j.REJECTED,
    e.ApprovedByFiction: lambda _case, at: e.ApprovedByFiction(due_on=local_date(at) - j.DAY),
    e.ChargeIssued: lambda _case, _at: j.CHARGED,
    e.QrisOffered: lambda _case, _at: e.QrisOffered(content="00020101021226", bank_reference="q-1"),
    e.NoticeReceived: lambda case, at: e.NoticeReceived(
        notice=e.NoticeKind.CHARGE if case.skrd else e.NoticeKind.APPROVED, evidence="DELIVRD", received_at=at
    ),
    e.PaymentReceived: lambda _case, _at: j.PAID,
    e.ChargeLapsed: lambda _case, at: e.ChargeLapsed(due_on=local_date(at) - j.DAY),
    e.NumberReserved: lambda case, _at: e.NumberReserved(number=f"{len(case.voided_numbers) + 1:03}/PBG/III/2026"),
    e.SigningMethodChosen: lambda case, _at: e.SigningMethodChosen(
        officer="kepala-bidang",
        method=next(each for each in e.SigningMethod if each is not case.signing),
        reason="pelimpahan hanya untuk tanda tangan basah",
    ),
    e.DocumentPrepared: lambda _case, _at: j.PREPARED,
    e.DocumentSigned: lambda case, _at: j.SIGNED if case.signing is e.SigningMethod.ELECTRONIC else j.SIGNED_WET,
    e.SignatureRequested: lambda _case, _at: j.REQUESTED,
    e.SignatureNotGiven: lambda _case, _at: j.NOT_GIVEN,
    e.SignatureDeclined: lambda _case, _at: j.DECLINED,
    e.NumberActivated: lambda case, _at: e.NumberActivated(number=case.reserved_number or "001/PBG/III/2026"),
    e.DocumentPrinted: lambda case, _at: j.printed(case),
    e.SurveyWarned: lambda case, _at: e.SurveyWarned(count=case.survey_warnings + 1),
    e.ProcessSuspended: lambda _case, _at: j.SUSPENDED,
    e.SurveyCompleted: lambda _case, _at: j.SURVEYED,
    e.HandOverChosen: lambda case, _at: e.HandOverChosen(
        method=next(each for each in e.HandOver if each is not case.hand_over)
    ),
    e.DocumentHandedOver: lambda _case, _at: j.HANDED_OVER,
    e.ServiceClockPaused: lambda _case, _at: PAUSED,
    e.ServiceClockResumed: lambda _case, _at: e.ServiceClockResumed(reason="rapat selesai"),
    e.ServiceClockRestarted: lambda _case, _at: e.ServiceClockRestarted(reason="mulai dari awal"),
    e.ApplicationWithdrawn: lambda _case, _at: j.WITHDRAWN,
    e.PermitRevoked: lambda _case, _at: j.REVOKED,
    e.AttentionRaised: lambda _case, _at: RAISED,
    e.AttentionSettled: lambda _case, _at: e.AttentionSettled(officer="petugas-1", text="sudah ditanyakan"),
}


def fitting(kind: type[CaseEvent], case: PermitCase, at: datetime = LATER) -> CaseEvent:
    """The fact of that kind which the case takes, if it takes any."""
    return _MAKERS[kind](case, at)


def warned(case: PermitCase, times: int = SURVEY_WARNINGS) -> PermitCase:
    """The case after that many warnings, each on its day."""
    for count in range(case.survey_warnings + 1, times + 1):
        case = case.apply(e.SurveyWarned(count=count), survey_warning_at(case, count))
    return case


def suspended(case: PermitCase) -> PermitCase:
    """The case after three warnings and a suspension."""
    case = warned(case)
    return case.apply(j.SUSPENDED, suspension_at(case))


def ready(kind: type[CaseEvent], case: PermitCase) -> PermitCase:
    """The case with what a fact of that kind rests on besides the stage: a survey, a notice, a pause."""
    if kind is e.AttentionSettled:
        return case.apply(RAISED, j.START)
    if kind is e.ServiceClockResumed and case.clock.is_running:
        return case.apply(PAUSED, j.START)
    if kind is e.ChargeLapsed and case.skrd is not None:
        return case.apply(j.notice_received(j.START), j.START)
    if kind is e.ProcessSuspended and case.stage in ON_THE_WAY:
        return warned(case)
    if kind is e.DocumentHandedOver and case.stage in ON_THE_WAY:
        return case.apply(j.SURVEYED, j.START)
    return case


def end_of(day: datetime, days: int = 0) -> datetime:
    """The last microsecond of the day that many days later, in Mojokerto."""
    return end_of_day(local_date(day) + timedelta(days=days))
