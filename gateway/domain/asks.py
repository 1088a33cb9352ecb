"""What a case asks of the outside when a fact has happened: checks, recommendations, notices, status reports.

And what follows for the case where nobody answers: a certified signature that was not given can be asked for again.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import singledispatch
from typing import TYPE_CHECKING

from gateway.domain import events as e
from gateway.domain import notices
from gateway.domain.catalogue import ServiceClass
from gateway.domain.events import Ask, CaseEvent, CaseStatus, HandOver, NoticeKind, Origin, SigningMethod
from gateway.domain.identifiers import is_mail_address
from gateway.domain.stages import Residency, Stage

if TYPE_CHECKING:
    from gateway.domain.case import PermitCase

_OFFICE = "DPM-PTSP Kota Mojokerto"


def asks(before: PermitCase | None, event: CaseEvent, after: PermitCase, at: datetime) -> tuple[Ask, ...]:
    """List the Asks that `event`, which led from `before` (None: it opened the case) to `after`, gives rise to.

    The case itself comes first, then the notice to the applicant (by SMS, and by mail where there is an address), then
    the report to OSS. Status is reported only for a case that came from OSS: no other system waits for one.
    """
    found = (
        *_needs(event, before, after),
        *_deliveries(event, before, after),
        *_notices(event, after),
        *_reports(event, before, after, at),
    )
    return tuple(found)


def given_up(ask: Ask, text: str) -> tuple[CaseEvent, ...]:
    """List what it means for the case that `ask` is answered by nobody any more; `text` says why. Often nothing."""
    if isinstance(ask, e.SignDocument):
        return (e.SignatureNotGiven(challenge=ask.challenge, reason="not-answered", text=text),)
    return ()


# --- checks and recommendations -----------------------------------------------------------------------------------


@singledispatch
def _needs(event: CaseEvent, before: PermitCase | None, after: PermitCase) -> Iterator[Ask]:  # noqa: ARG001 - dispatch
    yield from ()


@_needs.register(e.ApplicationRegistered)
def _(_event: e.ApplicationRegistered, _before: PermitCase | None, after: PermitCase) -> Iterator[Ask]:
    yield from _resident(after)
    yield from _tax_status(after)
    yield from _business(after)


@_needs.register(e.ApplicationCorrected)
def _(_event: e.ApplicationCorrected, before: PermitCase | None, after: PermitCase) -> Iterator[Ask]:
    if before is None:
        return
    if after.residency is Residency.UNCHECKED and before.applicant != after.applicant:
        yield from _resident(after)
    if before.applicant.taxpayer != after.applicant.taxpayer:
        yield from _tax_status(after)
    if before.applicant.nib != after.applicant.nib:
        yield from _business(after)


@_needs.register(e.AdministrationVerified)
def _(_event: e.AdministrationVerified, _before: PermitCase | None, _after: PermitCase) -> Iterator[Ask]:
    yield e.QueryArrears()  # in time for the second officer, who validates


@_needs.register(e.AdministrationValidated)
def _(_event: e.AdministrationValidated, _before: PermitCase | None, after: PermitCase) -> Iterator[Ask]:
    for agency in after.required_recommendations:
        yield e.RequestRecommendation(agency=agency)


@_needs.register(e.ChargeIssued)
def _(_event: e.ChargeIssued, _before: PermitCase | None, _after: PermitCase) -> Iterator[Ask]:
    yield e.OfferQris()


def _resident(case: PermitCase) -> Iterator[Ask]:
    # a company's responsible person as well, unless it is a foreigner with a passport: the registry knows none
    if case.applicant.nik is not None:
        yield e.VerifyResident()


def _tax_status(case: PermitCase) -> Iterator[Ask]:
    # a business permit alone, and only with an NPWP: whoever has none is not made to get one here
    if case.service_class is ServiceClass.USAHA and case.applicant.npwp is not None:
        yield e.VerifyTaxStatus()


def _business(case: PermitCase) -> Iterator[Ask]:
    # what OSS lodged it knows; whoever names a NIB elsewhere is asked about there
    if case.origin is not Origin.OSS and case.applicant.nib is not None:
        yield e.QueryBusiness()


def _deliveries(event: CaseEvent, before: PermitCase | None, after: PermitCase) -> Iterator[Ask]:
    """A courier is sent once, by the last fact that was missing; again only to another address (18)."""
    known = before is not None and _waits_for_courier(before)
    if _waits_for_courier(after) and (not known or isinstance(event, e.HandOverChosen)):
        yield e.DeliverDocument()


def _waits_for_courier(case: PermitCase) -> bool:
    """Whether only the hand-over is missing, the survey is filled in (17(2)), and the applicant wants it brought."""
    last = Stage.PRINTED if case.signing is SigningMethod.ELECTRONIC else Stage.ACTIVE
    return case.hand_over is HandOver.COURIER and case.stage is last and case.survey is not None


# --- notices ------------------------------------------------------------------------------------------------------

_NOTICES: dict[type[CaseEvent], NoticeKind] = {
    e.ApplicationCompleted: NoticeKind.ACKNOWLEDGED,
    e.AdministrationReturned: NoticeKind.RETURNED,
    e.ApplicationApproved: NoticeKind.APPROVED,
    e.ApprovedByFiction: NoticeKind.APPROVED,
    e.ApplicationRejected: NoticeKind.REJECTED,
    e.ChargeIssued: NoticeKind.CHARGE,
    e.PaymentReceived: NoticeKind.PAID,
    e.ChargeLapsed: NoticeKind.LAPSED,
    e.SurveyWarned: NoticeKind.SURVEY_WARNING,
    e.ProcessSuspended: NoticeKind.SUSPENDED,
    e.NumberActivated: NoticeKind.READY,
}


def _notices(event: CaseEvent, after: PermitCase) -> Iterator[Ask]:
    kind = _NOTICES.get(type(event))
    if kind is None:
        return
    yield e.NotifyApplicant(notice=kind, text=notices.text(kind, after, event))
    if is_mail_address(after.applicant.email):
        yield e.EmailApplicant(
            notice=kind, subject=notices.subject(kind, after), text=notices.letter(kind, after, event)
        )


# --- status reports -----------------------------------------------------------------------------------------------

_STATUS: dict[type[CaseEvent], CaseStatus] = {
    e.ApplicationCompleted: CaseStatus.COMPLETE,
    e.AdministrationReturned: CaseStatus.INCOMPLETE,
    e.AdministrationVerified: CaseStatus.VALIDATING,
    e.RecommendationGiven: CaseStatus.TECHNICALLY_APPROVED,
    e.ApplicationRejected: CaseStatus.REJECTED,
    e.ChargeIssued: CaseStatus.AWAITING_PAYMENT,
    e.PaymentReceived: CaseStatus.PAID,
    e.ChargeLapsed: CaseStatus.LAPSED,
    e.NumberReserved: CaseStatus.NUMBERING,
    e.NumberActivated: CaseStatus.APPROVED,
    e.ServiceClockPaused: CaseStatus.CLOCK_PAUSED,
    e.ServiceClockResumed: CaseStatus.CLOCK_RESUMED,
    e.ServiceClockRestarted: CaseStatus.CLOCK_RESTARTED,
    e.ProcessSuspended: CaseStatus.CLOCK_PAUSED,
    e.SurveyCompleted: CaseStatus.CLOCK_RESUMED,
    e.ApprovedByFiction: CaseStatus.APPROVED_BY_FICTION,
    e.ApplicationWithdrawn: CaseStatus.WITHDRAWN,
    e.PermitRevoked: CaseStatus.REVOKED,
}


def _reports(event: CaseEvent, before: PermitCase | None, after: PermitCase, at: datetime) -> Iterator[Ask]:
    status = _STATUS.get(type(event))
    if after.origin is not Origin.OSS or status is None or not _is_news(event, before, after):
        return
    yield e.ReportStatus(status=status, at=at, by=getattr(event, "officer", _OFFICE), note=_note(event))
    if isinstance(event, e.NumberActivated):
        yield e.ReportLicence(number=event.number, at=at, check_url=event.check_url)


def _is_news(event: CaseEvent, before: PermitCase | None, after: PermitCase) -> bool:
    """Whether the fact is what its status says, and not what the system in which the case began has said itself."""
    match event:
        case e.RecommendationGiven():  # an unfavourable one is for the deciding officer, not a technical approval
            return _all_favourable(after)
        case e.ProcessSuspended() | e.SurveyCompleted():  # the clock may stand for another reason, or for none
            return before is not None and before.clock.is_running is not after.clock.is_running
        case e.ApplicationWithdrawn(by=by):
            return by.casefold() != after.origin.value
        case _:
            return True


def _all_favourable(case: PermitCase) -> bool:
    return case.stage is Stage.RECOMMENDED and all(each.favourable for each in case.recommendations)


def _note(event: CaseEvent) -> str:
    match event:
        case e.AdministrationReturned(missing=words) | e.ApplicationRejected(grounds=words):
            return "; ".join(words)
        case (
            e.ServiceClockPaused(reason=reason)
            | e.ServiceClockResumed(reason=reason)
            | e.ServiceClockRestarted(reason=reason)
        ):
            return reason
        case e.ApplicationWithdrawn(reason=reason) | e.PermitRevoked(reason=reason):
            return reason
        case e.ProcessSuspended():
            return "survei kepuasan belum diisi (Pasal 17(4))"
        case e.SurveyCompleted():
            return "survei kepuasan telah diisi"
        case _:
            return ""
