"""What each fact changes on a case besides its stage. A fact without an entry here changes nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from functools import singledispatch
from typing import TYPE_CHECKING

from gateway.domain import events as e
from gateway.domain.events import CaseEvent, NoticeKind, Reference
from gateway.domain.stages import ON_THE_WAY, Finding, Hold, Residency, Stage

if TYPE_CHECKING:
    from gateway.domain.case import PermitCase


@singledispatch
def carry(event: CaseEvent, case: PermitCase, at: datetime) -> PermitCase:  # noqa: ARG001 - the fact with no entry
    """`case` with the values that `event` brings; its stage and version are not touched."""
    return case


def _with_reference(case: PermitCase, kind: str, value: str) -> tuple[Reference, ...]:
    return tuple(dict.fromkeys((*case.references, Reference(kind=kind, value=value))))


# --- registration to decision -------------------------------------------------------------------------------------


@carry.register(e.ResidentVerified)
def _(_event: e.ResidentVerified, case: PermitCase, _at: datetime) -> PermitCase:
    return replace(case, residency=Residency.VERIFIED)


@carry.register(e.ResidentRefuted)
def _(event: e.ResidentRefuted, case: PermitCase, _at: datetime) -> PermitCase:
    refuted = replace(case, residency=Residency.REFUTED)
    if case.stage in ON_THE_WAY or case.stage in (Stage.VALIDATED, Stage.RECOMMENDED):
        # too late for the validation to look at it
        said = f"data kependudukan tidak cocok ({event.reason}): {event.text}"
        return replace(refuted, attention=(*case.attention, said))
    return refuted


@carry.register(e.TaxStatusConfirmed)
def _(_event: e.TaxStatusConfirmed, case: PermitCase, _at: datetime) -> PermitCase:
    return replace(case, tax_status=Finding.CONFIRMED)


@carry.register(e.TaxStatusDoubtful)
def _(_event: e.TaxStatusDoubtful, case: PermitCase, _at: datetime) -> PermitCase:
    return replace(case, tax_status=Finding.DOUBTFUL)


@carry.register(e.BusinessConfirmed)
def _(_event: e.BusinessConfirmed, case: PermitCase, _at: datetime) -> PermitCase:
    return replace(case, business_status=Finding.CONFIRMED)


@carry.register(e.BusinessDoubtful)
def _(_event: e.BusinessDoubtful, case: PermitCase, _at: datetime) -> PermitCase:
    return replace(case, business_status=Finding.DOUBTFUL)


@carry.register(e.ApplicationCorrected)
def _(event: e.ApplicationCorrected, case: PermitCase, at: datetime) -> PermitCase:
    applicant = event.applicant or case.applicant
    same_person = (applicant.nik, applicant.name) == (case.applicant.nik, case.applicant.name)
    documents = {document.kind: document for document in (*case.documents, *event.documents)}
    return replace(
        case,
        applicant=applicant,
        residency=case.residency if same_person else Residency.UNCHECKED,
        tax_status=case.tax_status if applicant.taxpayer == case.applicant.taxpayer else Finding.UNCHECKED,
        business_status=case.business_status if applicant.nib == case.applicant.nib else Finding.UNCHECKED,
        arrears=case.arrears if applicant == case.applicant else None,
        site=event.site or case.site,
        documents=tuple(documents.values()),
        clock=case.clock.release(Hold.RETURNED, at),
    )


@carry.register(e.ApplicationCompleted)
def _(event: e.ApplicationCompleted, case: PermitCase, at: datetime) -> PermitCase:
    return replace(
        case,
        acknowledgement_number=event.acknowledgement_number,
        references=_with_reference(case, "tanda-terima", event.acknowledgement_number),
        completed_at=at,
        clock=case.clock.start(at),
    )


@carry.register(e.AdministrationReturned)
def _(_event: e.AdministrationReturned, case: PermitCase, at: datetime) -> PermitCase:
    return replace(case, clock=case.clock.hold(Hold.RETURNED, at))


@carry.register(e.AdministrationVerified)
def _(event: e.AdministrationVerified, case: PermitCase, _at: datetime) -> PermitCase:
    return replace(case, verified_by=event.officer)


@carry.register(e.ArrearsFound)
def _(event: e.ArrearsFound, case: PermitCase, _at: datetime) -> PermitCase:
    return replace(case, arrears=event.amount)


@carry.register(e.NoArrearsFound)
def _(_event: e.NoArrearsFound, case: PermitCase, _at: datetime) -> PermitCase:
    return replace(case, arrears=0)


@carry.register(e.RecommendationGiven)
def _(event: e.RecommendationGiven, case: PermitCase, _at: datetime) -> PermitCase:
    return replace(case, recommendations=(*case.recommendations, event))


@carry.register(e.ApplicationApproved)
def _(event: e.ApplicationApproved, case: PermitCase, at: datetime) -> PermitCase:
    return replace(case, decided_at=at, approved_by=event.officer)


@carry.register(e.ApprovedByFiction)
def _(_event: e.ApprovedByFiction, case: PermitCase, at: datetime) -> PermitCase:
    return replace(case, decided_at=at)


@carry.register(e.ApplicationRejected)
def _(_event: e.ApplicationRejected, case: PermitCase, at: datetime) -> PermitCase:
    return replace(case, decided_at=at, clock=case.clock.finish(at))


# --- charge and payment -------------------------------------------------------------------------------------------


@carry.register(e.ChargeIssued)
def _(event: e.ChargeIssued, case: PermitCase, _at: datetime) -> PermitCase:
    return replace(case, skrd=event.skrd, references=_with_reference(case, "virtual-account", event.skrd.payment_code))


@carry.register(e.NoticeReceived)
def _(event: e.NoticeReceived, case: PermitCase, _at: datetime) -> PermitCase:
    noted = replace(case, notices=(*case.notices, event))
    if event.notice is not NoticeKind.CHARGE:
        return noted
    # 14(3) counts from receipt: of two pieces of evidence the one of the earlier receipt is the fact
    known = case.charge_notice_received_at
    return replace(noted, charge_notice_received_at=min(known or event.received_at, event.received_at))


@carry.register(e.QrisOffered)
def _(event: e.QrisOffered, case: PermitCase, _at: datetime) -> PermitCase:
    return replace(case, qris=event)


@carry.register(e.PaymentReceived)
def _(event: e.PaymentReceived, case: PermitCase, _at: datetime) -> PermitCase:
    return replace(case, payment=event)


@carry.register(e.ChargeLapsed)
def _(_event: e.ChargeLapsed, case: PermitCase, at: datetime) -> PermitCase:
    return replace(case, suspended=False, clock=case.clock.finish(at))


# --- number, document, signature, print ---------------------------------------------------------------------------


@carry.register(e.NumberReserved)
def _(event: e.NumberReserved, case: PermitCase, _at: datetime) -> PermitCase:
    return replace(case, reserved_number=event.number)


@carry.register(e.SigningMethodChosen)
def _(event: e.SigningMethodChosen, case: PermitCase, _at: datetime) -> PermitCase:
    return replace(case, signing=event.method, document_sha256=None)


@carry.register(e.DocumentPrepared)
def _(event: e.DocumentPrepared, case: PermitCase, _at: datetime) -> PermitCase:
    return replace(case, document_sha256=event.sha256)


@carry.register(e.SignatureRequested)
def _(event: e.SignatureRequested, case: PermitCase, _at: datetime) -> PermitCase:
    return replace(case, signature_asked=event, signature_not_given=None)


@carry.register(e.SignatureNotGiven)
def _(event: e.SignatureNotGiven, case: PermitCase, _at: datetime) -> PermitCase:
    return replace(case, signature_asked=None, signature_not_given=event)


@carry.register(e.DocumentSigned)
def _(event: e.DocumentSigned, case: PermitCase, _at: datetime) -> PermitCase:
    return replace(case, signed_sha256=event.sha256, signature=event, signature_not_given=None)


@carry.register(e.SignatureDeclined)
def _(_event: e.SignatureDeclined, case: PermitCase, _at: datetime) -> PermitCase:
    return replace(_void_number(case), document_sha256=None, printed=None)


@carry.register(e.NumberActivated)
def _(event: e.NumberActivated, case: PermitCase, at: datetime) -> PermitCase:
    return replace(
        case,
        number_active=True,
        in_force_since=at,
        references=_with_reference(case, "permit-number", event.number),
        clock=case.clock.finish(at),
    )


@carry.register(e.DocumentPrinted)
def _(event: e.DocumentPrinted, case: PermitCase, _at: datetime) -> PermitCase:
    return replace(case, printed=event)


def _void_number(case: PermitCase) -> PermitCase:
    if case.reserved_number is None:
        return case
    return replace(case, reserved_number=None, voided_numbers=(*case.voided_numbers, case.reserved_number))


# --- survey and hand-over -----------------------------------------------------------------------------------------


@carry.register(e.SurveyWarned)
def _(event: e.SurveyWarned, case: PermitCase, at: datetime) -> PermitCase:
    return replace(case, survey_warnings=event.count, survey_warned_at=at)


@carry.register(e.ProcessSuspended)
def _(_event: e.ProcessSuspended, case: PermitCase, at: datetime) -> PermitCase:
    return replace(case, suspended=True, clock=case.clock.hold(Hold.SUSPENDED, at))


@carry.register(e.SurveyCompleted)
def _(event: e.SurveyCompleted, case: PermitCase, at: datetime) -> PermitCase:
    return replace(case, survey=event.answers, suspended=False, clock=case.clock.release(Hold.SUSPENDED, at))


@carry.register(e.HandOverChosen)
def _(event: e.HandOverChosen, case: PermitCase, _at: datetime) -> PermitCase:
    return replace(case, hand_over=event.method, delivery_address=event.address)


# --- at any time --------------------------------------------------------------------------------------------------


@carry.register(e.ServiceClockPaused)
def _(_event: e.ServiceClockPaused, case: PermitCase, at: datetime) -> PermitCase:
    return replace(case, clock=case.clock.hold(Hold.OFFICE, at))


@carry.register(e.ServiceClockResumed)
def _(_event: e.ServiceClockResumed, case: PermitCase, at: datetime) -> PermitCase:
    return replace(case, clock=case.clock.release(Hold.OFFICE, at))


@carry.register(e.ServiceClockRestarted)
def _(_event: e.ServiceClockRestarted, case: PermitCase, at: datetime) -> PermitCase:
    return replace(case, clock=case.clock.restart(at))


@carry.register(e.ApplicationWithdrawn)
def _(_event: e.ApplicationWithdrawn, case: PermitCase, at: datetime) -> PermitCase:
    return replace(_void_number(case), suspended=False, clock=case.clock.finish(at))


@carry.register(e.PermitRevoked)
def _(_event: e.PermitRevoked, case: PermitCase, _at: datetime) -> PermitCase:
    return replace(case, number_active=False, suspended=False)


@carry.register(e.AttentionRaised)
def _(event: e.AttentionRaised, case: PermitCase, _at: datetime) -> PermitCase:
    return replace(case, attention=(*case.attention, f"{event.source}: {event.text}"))


@carry.register(e.AttentionSettled)
def _(event: e.AttentionSettled, case: PermitCase, _at: datetime) -> PermitCase:
    waits = tuple(each for each in case.attention if each != event.only) if event.only else ()
    return replace(case, attention=waits)
