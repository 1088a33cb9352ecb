"""Facts from the charge to the hand-over of the document (Pasal 11(3)f to k)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from gateway.domain.events.fact import CaseEvent
from gateway.domain.events.values import HandOver, NoticeKind, SigningMethod
from gateway.domain.ikm import Answers
from gateway.domain.skrd import SKRD

# --- charge and payment, Pasal 11(3)f, 14, 15 -----------------------------------------------------------------------


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
class QrisOffered(CaseEvent):
    """The bank made a QR for the charge: `content` is what the QR holds, `bank_reference` the bank's number of it."""

    content: str
    bank_reference: str


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


# --- number, document, signature, print, Pasal 11(3)g to i, 13, 16 --------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class NumberReserved(CaseEvent):
    """A permit number was set aside, because a signed PDF must already carry it."""

    number: str


@dataclass(frozen=True, kw_only=True)
class DocumentPrepared(CaseEvent):
    """The permit document was laid out; `sha256` (hex) is what a signer's PIN is bound to.

    `signatory` is the official whose name stands under it; empty in facts from before it was kept.
    `code_key` names the key that signed the statement in its QR code (8 hex digits); empty where the code has none, or
    in facts from before that was kept.
    """

    sha256: str
    signatory: str = ""
    code_key: str = ""


@dataclass(frozen=True, kw_only=True)
class SigningMethodChosen(CaseEvent):
    """This document is signed otherwise than its type says: a delegation may not cover electronic signing (13(5)).

    `signer` is the account of the official who will sign, whose name the document is laid out with.
    """

    officer: str
    method: SigningMethod
    reason: str
    signer: str = ""


@dataclass(frozen=True, kw_only=True)
class SignatureRequested(CaseEvent):
    """The official released the document with PIN and second factor: the certified service is asked to sign it.

    `challenge` names this request; from `expires_at` on nothing is sent for it any more. `signer_title` and `check_url`
    are what `DocumentSigned` and `NumberActivated` will say: the service's answer knows neither. Both are empty in
    facts from before they were kept.
    """

    signer: str
    signer_nip: str
    delegation: str
    document_sha256: str
    challenge: str
    expires_at: datetime
    signer_title: str = ""
    check_url: str = ""


@dataclass(frozen=True, kw_only=True)
class SignatureNotGiven(CaseEvent):
    """The certified signature asked for by `challenge` did not come; `text` says why, and what to do before the next.

    `reason` is a stable word.
    """

    challenge: str
    reason: str
    text: str


@dataclass(frozen=True, kw_only=True)
class DocumentSigned(CaseEvent):
    """The authorised official signed under a delegation that was valid then (13(4), 13(5)).

    `document_sha256` is the digest that was shown; `sha256` that of the signed file (of the scan, for wet ink;
    empty where the sheet was not scanned).
    `signer_title` is the office that the signer holds; empty in facts from before it was kept.
    """

    signer: str
    signer_nip: str
    delegation: str
    method: SigningMethod
    document_sha256: str
    sha256: str
    challenge: str | None = None
    signer_title: str = ""


@dataclass(frozen=True, kw_only=True)
class SignatureDeclined(CaseEvent):
    """The official declined to sign; the reserved number is voided and kept on record."""

    signer: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class NumberActivated(CaseEvent):
    """The reserved number became the permit's number: from now on the permit is valid.

    `check_url` is where anybody can check it, the address that the document's QR code begins with.
    """

    number: str
    check_url: str = ""


@dataclass(frozen=True, kw_only=True)
class DocumentPrinted(CaseEvent):
    """Printed on the special paper of its type (16(1)); `serial` is that of the sheet."""

    paper: str
    serial: str
    officer: str


# --- survey and hand-over, Pasal 11(3)j, k, 17, 18 ------------------------------------------------------------------


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
class HandOverChosen(CaseEvent):
    """The applicant chose how the document is handed over (18(1)); before that, at the counter.

    `address` is where a courier brings it; empty: the applicant's own.
    """

    method: HandOver
    address: str = ""


@dataclass(frozen=True, kw_only=True)
class DocumentHandedOver(CaseEvent):
    """The permit, with the SKRD where there is one (18(2)), reached `recipient`; `proof` names the evidence."""

    method: HandOver
    recipient: str
    proof: str
