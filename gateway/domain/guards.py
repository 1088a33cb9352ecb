"""The conditions under which a step is allowed, each with the code that its refusal carries and its Pasal.

A guard answers yes or no about a case, a fact and the moment of the fact; the sentence beside it says what to do
after a no. `{case...}` and `{event...}` in a sentence are filled in. No sentence names a person.
"""
# ruff: noqa: D103 - what a guard means is the sentence in its decorator, which people get to read

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from gateway.domain import events
from gateway.domain.calendar import end_of_day, local_date
from gateway.domain.deadlines import PAYMENT_PERIOD, SURVEY_WARNINGS, survey_warning_at, suspension_at
from gateway.domain.events import ApplicantKind, CaseEvent, NoticeKind, Origin, SigningMethod
from gateway.domain.guard import guard
from gateway.domain.stages import Hold, Residency, Stage

if TYPE_CHECKING:
    from gateway.domain.case import PermitCase

CLOCKS_DIFFER = timedelta(minutes=5)
"""How far ahead of ours another party's clock may be when it says when something happened."""

# --- registration to decision -------------------------------------------------------------------------------------


@guard("declaration-missing", "Pasal 12(3)", "the applicant has not ticked the truth declaration")
def declared(case: PermitCase, _event: CaseEvent, _at: datetime) -> bool:
    return case.declaration is not None or case.origin in (Origin.OSS, Origin.MANUAL)  # declared there, or on paper


@guard("grounds-missing", "Pasal 14(1)", "say what is missing, so that the applicant can be told")
def says_what_is_missing(_case: PermitCase, event: events.AdministrationReturned, _at: datetime) -> bool:
    return bool(event.missing)


@guard("grounds-missing", "Pasal 14(1)", "give the grounds, so that the applicant can be told")
def gives_grounds(_case: PermitCase, event: events.ApplicationRejected, _at: datetime) -> bool:
    return bool(event.grounds)


@guard(
    "resident-not-verified", "Pasal 8(4)c", "the population registry has not confirmed the applicant: {case.residency}"
)
def resident_verified(case: PermitCase, _event: CaseEvent, _at: datetime) -> bool:
    return case.applicant.kind is not ApplicantKind.PERSON or case.residency is Residency.VERIFIED


@guard("same-officer", "Pasal 11(3)c", "another officer than the one who verified has to validate")
def second_officer(case: PermitCase, event: events.AdministrationValidated, _at: datetime) -> bool:
    return event.officer != case.verified_by


@guard("recommendation-not-asked", "Pasal 11(3)d", "no recommendation of {event.agency} is needed for {case.service}")
def recommendation_asked(case: PermitCase, event: events.RecommendationGiven, _at: datetime) -> bool:
    return event.agency in case.required_recommendations


@guard("recommendation-already-given", "Pasal 11(3)d", "{event.agency} has recommended already; the first counts")
def recommendation_first(case: PermitCase, event: events.RecommendationGiven, _at: datetime) -> bool:
    return case.recommendation(event.agency) is None


@guard("recommendation-missing", "Pasal 11(3)d", "recommendations are missing: {case.missing_recommendations}")
def all_recommended(case: PermitCase, _event: CaseEvent, _at: datetime) -> bool:
    return not case.missing_recommendations


@guard("no-positive-fiction", "PP 28/2025", "{case.service} does not count as approved when its decision is overdue")
def positive_fiction(case: PermitCase, _event: CaseEvent, _at: datetime) -> bool:
    return case.positive_fiction


@guard("period-not-over", "Pasal 19", "the service standard of {case.duration_days} hari kerja has not run out")
def decision_overdue(case: PermitCase, event: events.ApprovedByFiction, at: datetime) -> bool:
    # without a calendar: at least as many days as hari kerja since the clock began, and the named day is over
    started = case.clock.started_at
    if started is None or not case.clock.is_running:
        return False
    earliest = local_date(started) + timedelta(days=case.duration_days)
    return earliest <= event.due_on and end_of_day(event.due_on) <= at


# --- charge and payment -------------------------------------------------------------------------------------------


@guard("charge-lapsed", "Pasal 14(4)", "the debt has lapsed; the applicant has to apply again")
def not_lapsed(case: PermitCase, _event: CaseEvent, _at: datetime) -> bool:
    return case.stage is not Stage.LAPSED


@guard("already-paid", "Pasal 14(3)", "the charge is paid")
def unpaid(case: PermitCase, _event: CaseEvent, _at: datetime) -> bool:
    return case.payment is None


@guard("wrong-amount", "Pasal 14(6)", "the SKRD says {case.skrd.amount} rupiah, {event.amount} came")
def exact_amount(case: PermitCase, event: events.PaymentReceived, _at: datetime) -> bool:
    return case.skrd is not None and event.amount == case.skrd.amount


@guard(
    "payment-time",
    "Pasal 14(3)",
    "a payment of {event.paid_at} is refused: it must be made from {case.skrd.issued_on} on and not in the future",
)
def paid_since_the_charge(case: PermitCase, event: events.PaymentReceived, at: datetime) -> bool:
    if case.skrd is None or event.paid_at > at + CLOCKS_DIFFER:
        return False
    return case.skrd.issued_on <= local_date(event.paid_at)


@guard("payment-missing", "Pasal 14(3)", "the retribusi has to be charged and paid first")
def paid_if_levied(case: PermitCase, _event: CaseEvent, _at: datetime) -> bool:
    return not case.levied or case.payment is not None


@guard("charge-missing", "Pasal 14(6)", "no SKRD was issued by then, so no charge notice can have been received")
def charged_before_notice(case: PermitCase, event: events.NoticeReceived, _at: datetime) -> bool:
    if event.notice is not NoticeKind.CHARGE:
        return True
    return case.skrd is not None and case.skrd.issued_on <= local_date(event.received_at)


@guard("evidence-missing", "Pasal 14(3)", "name the evidence: a delivery report, a contact or a reading")
def evidence_named(_case: PermitCase, event: events.NoticeReceived, _at: datetime) -> bool:
    return bool(event.evidence)


@guard("notice-not-received", "Pasal 14(3)", "without evidence that the charge notice was received no period runs")
def notice_received(case: PermitCase, _event: CaseEvent, _at: datetime) -> bool:
    return case.charge_notice_received_at is not None


@guard("period-not-over", "Pasal 14(3)", "ten hari kerja from receipt of the notice are not over")
def payment_overdue(case: PermitCase, event: events.ChargeLapsed, at: datetime) -> bool:
    # the calendar is not known here: ten hari kerja are never fewer than ten days
    if case.charge_notice_received_at is None:
        return False
    earliest = local_date(case.charge_notice_received_at) + timedelta(days=PAYMENT_PERIOD)
    return earliest <= event.due_on and end_of_day(event.due_on) <= at


# --- number, document, signature, print ---------------------------------------------------------------------------


@guard("number-voided", "Pasal 11(3)i", "number {event.number} was voided with a declined signature; reserve another")
def number_fresh(case: PermitCase, event: events.NumberReserved, _at: datetime) -> bool:
    return event.number not in case.voided_numbers


@guard("number-mismatch", "Pasal 11(3)i", "number {case.reserved_number} is reserved, not {event.number}")
def number_reserved(case: PermitCase, event: events.NumberActivated, _at: datetime) -> bool:
    return event.number == case.reserved_number


@guard("number-active", "Pasal 7(2)b", "the number is in force: what is issued can only be revoked")
def number_not_active(case: PermitCase, _event: CaseEvent, _at: datetime) -> bool:
    return not case.number_active


@guard("number-not-active", "Pasal 7(2)b", "no number is in force: what is not issued can only be withdrawn")
def number_in_force(case: PermitCase, _event: CaseEvent, _at: datetime) -> bool:
    return case.number_active


@guard(
    "signing-method", "Pasal 13(5)", "this document is to be signed by the method {case.signing}, not {event.method}"
)
def agreed_method(case: PermitCase, event: events.DocumentSigned, _at: datetime) -> bool:
    return event.method is case.signing


@guard("signing-method", "Pasal 13(5)", "the method is {event.method} already")
def other_method(case: PermitCase, event: events.SigningMethodChosen, _at: datetime) -> bool:
    return event.method is not case.signing


@guard("document-mismatch", "Pasal 13(3)", "the signer was shown another document than the one prepared")
def same_document(case: PermitCase, event: events.DocumentSigned | events.SignatureRequested, _at: datetime) -> bool:
    return event.document_sha256 == case.document_sha256


@guard("pin-missing", "Pasal 13(3)", "an electronic signature rests on a PIN: name its challenge")
def pin_given(case: PermitCase, event: events.DocumentSigned | events.SignatureRequested, _at: datetime) -> bool:
    return case.signing is SigningMethod.WET or bool(event.challenge)


@guard(
    "signature-superseded",
    "Pasal 13(3)",
    "this is about the request {event.challenge} for a signature, and another one is under way",
)
def signature_asked(case: PermitCase, event: events.DocumentSigned | events.SignatureNotGiven, _at: datetime) -> bool:
    return case.signature_asked is not None and event.challenge == case.signature_asked.challenge


@guard("wrong-paper", "Pasal 16(1)", "{case.service} is printed on {case.paper}, not on {event.paper}")
def special_paper(case: PermitCase, event: events.DocumentPrinted, _at: datetime) -> bool:
    return event.paper == case.paper


# --- survey and hand-over -----------------------------------------------------------------------------------------


@guard("suspended", "Pasal 17(4)", "the process is suspended until the applicant fills in the survey")
def not_suspended(case: PermitCase, _event: CaseEvent, _at: datetime) -> bool:
    return not case.suspended


@guard("survey-already-completed", "Pasal 17(2)", "the survey is filled in")
def survey_open(case: PermitCase, _event: CaseEvent, _at: datetime) -> bool:
    return case.survey is None


@guard("survey-missing", "Pasal 17(2)", "the applicant has to fill in the survey first")
def survey_completed(case: PermitCase, _event: CaseEvent, _at: datetime) -> bool:
    return case.survey is not None


@guard("warning-out-of-turn", "Pasal 17(3)", "three warnings are given in turn; {case.survey_warnings} were")
def next_warning(case: PermitCase, event: events.SurveyWarned, _at: datetime) -> bool:
    return event.count == case.survey_warnings + 1 <= SURVEY_WARNINGS


@guard("period-not-over", "Pasal 17(3)", "two days have not passed since the approval or the last warning")
def warning_due(case: PermitCase, event: events.SurveyWarned, at: datetime) -> bool:
    return local_date(survey_warning_at(case, event.count)) <= local_date(at)


@guard("warning-missing", "Pasal 17(3)", "three warnings come before a suspension; {case.survey_warnings} were given")
def warned_three_times(case: PermitCase, _event: CaseEvent, _at: datetime) -> bool:
    return case.survey_warnings >= SURVEY_WARNINGS


@guard("period-not-over", "Pasal 17(4)", "the six days for the survey are not over")
def survey_overdue(case: PermitCase, _event: CaseEvent, at: datetime) -> bool:
    return suspension_at(case) <= at


@guard("proof-missing", "Pasal 18(1)", "name the recipient and the proof of delivery")
def delivery_proven(_case: PermitCase, event: events.DocumentHandedOver, _at: datetime) -> bool:
    return bool(event.recipient and event.proof)


@guard("hand-over-chosen", "Pasal 18(1)", "hand-over by {event.method} to this address is chosen already")
def other_hand_over(case: PermitCase, event: events.HandOverChosen, _at: datetime) -> bool:
    return (event.method, event.address) != (case.hand_over, case.delivery_address)


# --- clock and attention ------------------------------------------------------------------------------------------


@guard("clock-not-open", "Pasal 19", "the service clock has not started or has finished")
def clock_open(case: PermitCase, _event: CaseEvent, _at: datetime) -> bool:
    return case.clock.is_open


@guard("clock-already-paused", "Pasal 19", "an officer has paused the service clock already")
def clock_not_paused(case: PermitCase, _event: CaseEvent, _at: datetime) -> bool:
    return Hold.OFFICE not in case.clock.holds


@guard("clock-not-paused", "Pasal 19", "no officer has paused the service clock")
def clock_paused(case: PermitCase, _event: CaseEvent, _at: datetime) -> bool:
    return Hold.OFFICE in case.clock.holds


@guard("nothing-to-settle", "Pasal 22(1)", "nothing on this case waits for a person's attention")
def attention_open(case: PermitCase, event: events.AttentionSettled, _at: datetime) -> bool:
    return event.only in case.attention if event.only else bool(case.attention)
