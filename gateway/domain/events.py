"""The facts that may happen to a permit case, and the Asks that facts give rise to.

A fact (`CaseEvent`) is what happened, in the past tense, with the values that it carries and nothing derived from
them. When it happened (valid time), when it was entered and who entered it are kept beside it by the store, so
that a paper decision entered after an outage keeps both times (Pasal 26(4)). Facts are never edited; a correction
is a later fact.

An `Ask` is something that the case needs from outside: a check, a recommendation, a message to the applicant.
Which agency serves it, and how, is the affair of adapters and agreements.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from gateway.domain.identifiers import NIB, NIK, NPWP, Phone
from gateway.domain.ikm import Answers
from gateway.domain.skrd import SKRD


class Origin(StrEnum):
    """Where an application came in: the applicant's own account, the counter (12(6)), OSS, or paper (26(4))."""

    PORTAL = "portal"
    COUNTER = "counter"
    OSS = "oss"
    MANUAL = "manual"


class ApplicantKind(StrEnum):
    """Pasal 8(4)c: a person applies with a KTP, a company with its NPWP."""

    PERSON = "person"
    COMPANY = "company"


class SigningMethod(StrEnum):
    """Pasal 13(3) and 16(2): electronic, or ink on a printed document."""

    ELECTRONIC = "electronic"
    WET = "wet"


class HandOver(StrEnum):
    """Pasal 18(1): at the counter or by courier."""

    COUNTER = "counter"
    COURIER = "courier"


class NoticeKind(StrEnum):
    """What the applicant is told (Pasal 8(6), 14(1), 14(2), 17(3), 17(4))."""

    ACKNOWLEDGED = "acknowledged"
    RETURNED = "returned"
    APPROVED = "approved"
    REJECTED = "rejected"
    CHARGE = "charge"
    PAID = "paid"
    LAPSED = "lapsed"
    SURVEY_WARNING = "survey-warning"
    SUSPENDED = "suspended"
    READY = "ready"


class CaseStatus(StrEnum):
    """The states that are reported to the outside, in the office's own words; an adapter has its own codes."""

    REGISTERED = "registered"
    COMPLETE = "complete"
    INCOMPLETE = "incomplete"
    VALIDATING = "validating"
    AWAITING_PAYMENT = "awaiting-payment"
    PAID = "paid"
    TECHNICALLY_APPROVED = "technically-approved"
    NUMBERING = "numbering"
    APPROVED = "approved"
    REJECTED = "rejected"
    CLOCK_PAUSED = "clock-paused"
    CLOCK_RESUMED = "clock-resumed"
    CLOCK_RESTARTED = "clock-restarted"
    LAPSED = "lapsed"


@dataclass(frozen=True, kw_only=True)
class Reference:
    """A name by which somebody outside knows a case: `kind` (`nib`, `id-izin`, `virtual-account`, ...) and `value`."""

    kind: str
    value: str


@dataclass(frozen=True, kw_only=True)
class Applicant:
    """Who applies. `name` is the responsible person's; `company` is the firm's when `kind` is COMPANY."""

    kind: ApplicantKind
    name: str
    nik: NIK
    phone: Phone
    email: str
    address: str
    company: str | None = None
    npwp: NPWP | None = None
    nib: NIB | None = None


@dataclass(frozen=True, kw_only=True)
class Site:
    """What and where the permit is about.

    `kelurahan` is a Kemendagri code, `area_m2` the built area in square metres.
    """

    address: str
    kelurahan: str
    purpose: str
    area_m2: int | None = None


@dataclass(frozen=True, kw_only=True)
class Declaration:
    """The truth declaration that the applicant ticked (12(3)): which text, and when."""

    version: str
    text: str
    accepted_at: datetime


@dataclass(frozen=True, kw_only=True)
class AttachedDocument:
    """A supporting document by its kind, file name and SHA-256 digest in hex (12(1))."""

    kind: str
    name: str
    sha256: str


class CaseEvent:
    """Base of all facts. Its class name is its stored kind, so a class is never renamed once published."""


class Ask:
    """Base of all needs. `agency` narrows an Ask to one agency; None: whichever active agreement serves it."""

    agency: str | None


# --- registration, Pasal 11(3)a, 12 -------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class ApplicationRegistered(CaseEvent):
    """An application was lodged; it is not yet known to be complete. Opens the case."""

    service: str
    origin: Origin
    applicant: Applicant
    site: Site
    references: tuple[Reference, ...] = ()
    declaration: Declaration | None = None
    documents: tuple[AttachedDocument, ...] = ()
    helper: str | None = None


@dataclass(frozen=True, kw_only=True)
class ApplicationCompleted(CaseEvent):
    """The application is complete: the tanda terima is issued and the service clock starts (12(4))."""

    acknowledgement_number: str


@dataclass(frozen=True, kw_only=True)
class ApplicationCorrected(CaseEvent):
    """The applicant answered a return with new values or documents."""

    applicant: Applicant | None = None
    site: Site | None = None
    documents: tuple[AttachedDocument, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ApplicationWithdrawn(CaseEvent):
    """The applicant (7(2)b) or the registering system took the application back."""

    by: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class ResidentVerified(CaseEvent):
    """The population registry knows the NIK as an active resident with this name. `name_score` is 0 to 100."""

    name_score: int | None = None


@dataclass(frozen=True, kw_only=True)
class ResidentRefuted(CaseEvent):
    """The population registry does not confirm the person: `reason` is a stable word, `text` its sentence."""

    reason: str
    text: str


# --- verification and validation, Pasal 11(3)b, c -----------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class AdministrationVerified(CaseEvent):
    """Verifikasi administrasi: the papers are there and belong to the applicant."""

    officer: str


@dataclass(frozen=True, kw_only=True)
class AdministrationReturned(CaseEvent):
    """The application goes back to the applicant with what is missing; the service clock stops."""

    officer: str
    missing: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class AdministrationValidated(CaseEvent):
    """Validasi administrasi: a second officer confirms; technical recommendations are asked for."""

    officer: str


# --- technical recommendation, Pasal 11(3)d, 21 -------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class RecommendationGiven(CaseEvent):
    """An agency's technical recommendation. `on` is the date that it bears."""

    agency: str
    favourable: bool
    number: str
    on: date
    by: str
    conditions: tuple[str, ...] = ()


# --- decision, Pasal 11(3)e, 14(1) --------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class ApplicationApproved(CaseEvent):
    """Penetapan persetujuan, confirmed by a PIN (13(3)) whose challenge is named here."""

    officer: str
    challenge: str


@dataclass(frozen=True, kw_only=True)
class ApplicationRejected(CaseEvent):
    """Penetapan penolakan, with the grounds that the applicant is told."""

    officer: str
    grounds: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ApprovedByFiction(CaseEvent):
    """No decision came by the end of `due_on`, and the type says that it then counts as given (PP 28/2025)."""

    due_on: date


# --- charge and payment, Pasal 11(3)f, 14, 15 ---------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class ChargeIssued(CaseEvent):
    """DPM-PTSP issued an SKRD (14(6)); the payment period starts only when the notice is received (14(3))."""

    skrd: SKRD


@dataclass(frozen=True, kw_only=True)
class NoticeReceived(CaseEvent):
    """The applicant received a notice: the evidence is an SMS delivery report, a contact or a reading (14(3))."""

    notice: NoticeKind
    evidence: str
    received_at: datetime


@dataclass(frozen=True, kw_only=True)
class PaymentReceived(CaseEvent):
    """The bank took the payment. `amount` is whole rupiah; `bank_reference` is on the bank's proof (14(5))."""

    amount: int
    bank_reference: str
    channel: str
    paid_at: datetime


@dataclass(frozen=True, kw_only=True)
class ChargeLapsed(CaseEvent):
    """Ten hari kerja passed since the notice was received and nothing was paid: the case ends (14(4))."""

    due_on: date


# --- number, document, signature, print, Pasal 11(3)g to i, 13, 16 ------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class NumberReserved(CaseEvent):
    """A permit number was set aside, because a signed PDF must already carry it."""

    number: str


@dataclass(frozen=True, kw_only=True)
class DocumentPrepared(CaseEvent):
    """The permit document was laid out; `sha256` (hex) is what a signer's PIN is bound to."""

    sha256: str


@dataclass(frozen=True, kw_only=True)
class SigningMethodChosen(CaseEvent):
    """This document is signed otherwise than its type says: a delegation may not cover electronic signing (13(5))."""

    officer: str
    method: SigningMethod
    reason: str


@dataclass(frozen=True, kw_only=True)
class DocumentSigned(CaseEvent):
    """The authorised official signed under a delegation that was valid then (13(4), 13(5)).

    `document_sha256` is the digest that was shown; `sha256` that of the signed file (of the scan, for wet ink).
    """

    signer: str
    signer_nip: str
    delegation: str
    method: SigningMethod
    document_sha256: str
    sha256: str
    challenge: str | None = None


@dataclass(frozen=True, kw_only=True)
class SignatureDeclined(CaseEvent):
    """The official declined to sign; the reserved number is voided and kept on record."""

    signer: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class NumberActivated(CaseEvent):
    """The reserved number became the permit's number: from now on the permit is valid."""

    number: str


@dataclass(frozen=True, kw_only=True)
class DocumentPrinted(CaseEvent):
    """Printed on the special paper of its type (16(1)); `serial` is that of the sheet."""

    paper: str
    serial: str
    officer: str


# --- survey and hand-over, Pasal 11(3)j, k, 17, 18 ----------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class SurveyWarned(CaseEvent):
    """The applicant was warned for the `count`-th time (1 to 3) to fill in the survey (17(3))."""

    count: int


@dataclass(frozen=True, kw_only=True)
class ProcessSuspended(CaseEvent):
    """Six days passed without the survey: the process waits until it is filled in (17(4))."""


@dataclass(frozen=True, kw_only=True)
class SurveyCompleted(CaseEvent):
    """The nine IKM elements, each 1 to 4 (17(2)); lifts a suspension."""

    answers: Answers
    comment: str = ""


@dataclass(frozen=True, kw_only=True)
class DocumentHandedOver(CaseEvent):
    """The permit, with the SKRD where there is one (18(2)), reached `recipient`; `proof` names the evidence."""

    method: HandOver
    recipient: str
    proof: str


# --- at any time --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class ServiceClockPaused(CaseEvent):
    """The service clock stops (OSS status 41)."""

    reason: str


@dataclass(frozen=True, kw_only=True)
class ServiceClockResumed(CaseEvent):
    """The service clock goes on (OSS status 42)."""

    reason: str


@dataclass(frozen=True, kw_only=True)
class ServiceClockRestarted(CaseEvent):
    """The service clock starts again from zero (OSS status 43, 44)."""

    reason: str


@dataclass(frozen=True, kw_only=True)
class PermitRevoked(CaseEvent):
    """An issued permit was revoked or cancelled (7(2)b)."""

    by: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class AttentionRaised(CaseEvent):
    """A person must look: an agency answered what no rule decides. `source` is the agency and interaction."""

    source: str
    text: str


@dataclass(frozen=True, kw_only=True)
class AttentionSettled(CaseEvent):
    """An officer looked, and says what was done about it."""

    officer: str
    text: str


# --- what a case asks for -----------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class VerifyResident(Ask):
    """Is the applicant's NIK an active resident of that name?"""

    agency: str | None = None


@dataclass(frozen=True, kw_only=True)
class RequestRecommendation(Ask):
    """A technical recommendation from `agency` about this case (11(3)d)."""

    agency: str | None


@dataclass(frozen=True, kw_only=True)
class NotifyApplicant(Ask):
    """Tell the applicant, in Indonesian, by SMS (14(1)). `text` is complete but for secrets."""

    notice: NoticeKind
    text: str
    agency: str | None = None


@dataclass(frozen=True, kw_only=True)
class SendPin(Ask):
    """Send the PIN of `challenge` to `phone` (13(3)). The PIN itself is put in at sending and stored nowhere."""

    challenge: str
    phone: Phone
    purpose: str
    agency: str | None = None


@dataclass(frozen=True, kw_only=True)
class ReportStatus(Ask):
    """Tell the system in which the application began how the case stands. `note` is for its people."""

    status: CaseStatus
    at: datetime
    by: str
    note: str = ""
    agency: str | None = None
