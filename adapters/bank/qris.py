"""QRIS by SNAP BI: a QR for the charge (47), what the bank answers, and that the QR was paid (52)."""

from __future__ import annotations

from datetime import date, timedelta

from adapters.bank.mapping import whole_rupiah
from gateway.contract.adapter import Accept, AskPerson, Decline, Effect, Found, Heard, Reason, Retry
from gateway.contract.message import Payload
from gateway.contract.moments import moment
from gateway.domain.case import PermitCase
from gateway.domain.errors import Refused
from gateway.domain.events import OfferQris, PaymentReceived, QrisOffered, Reference

URN = "urn:uuid:"
PAID = "00"
"""latestTransactionStatus of a payment that went through; the others (03 pending, 06 failed, ...) pay nothing."""

SERVICE = "47"
"""The digits of qr-mpm-generate in a response code: a code of another service says nothing about a QR."""

CHARGE_DAYS = 10
SATURDAY = 5

LATER = ("00", "03")
"""Case codes of a 409 or 429 that say come again: a used X-EXTERNAL-ID, too many requests."""


def qris_request(case: PermitCase, _ask: OfferQris, message_id: str) -> Payload:
    """Ask for a QR of exactly the charge (14(6)), which ends before the charge can. Raises Refused without a charge."""
    if case.skrd is None:
        raise Refused(f"Berkas {case.id} belum punya SKRD: tidak ada yang dibayar dengan QRIS.")
    return {
        "partnerReferenceNo": message_id.removeprefix(URN),
        "amount": {"value": f"{case.skrd.amount}.00", "currency": "IDR"},
        "merchantId": "{{secret:merchant_id}}",
        "validityPeriod": f"{_last_day(case.skrd.issued_on)}T23:59:59+07:00",
    }


def qris_too_late(case: PermitCase, day: date) -> str:
    """Say that a QR of this charge would have ended before that day; "" while it would not."""
    if case.skrd is None or day <= (last := _last_day(case.skrd.issued_on)):
        return ""
    return f"Masa QRIS untuk SKRD {case.skrd.number} berakhir {last}: pemohon membayar lewat virtual account."


def qris_made(case: PermitCase, _ask: OfferQris, reply: Payload) -> Heard:
    """Keep the QR as a fact of the case; the applicant may pay by it or by the virtual account."""
    code, text = str(reply["responseCode"]), str(reply["responseMessage"])
    status, service, case_code = code[:3], code[3:5], code[5:]
    if service != SERVICE:
        return Retry(text=f"QRIS: kode {code} bukan kode layanan {SERVICE}")
    if code == f"200{SERVICE}00":
        event = QrisOffered(content=str(reply["qrContent"]), bank_reference=str(reply["referenceNo"]))
        return Accept(effects=(Effect(case=case.id, events=(event,)),))
    if status in ("500", "504") or (status in ("409", "429") and case_code in LATER):
        return Retry(text=f"QRIS {code}: {text}")
    return AskPerson(text=f"Bank tidak membuat QRIS (kode {code}: {text}): pemohon membayar lewat virtual account.")


def qris_about(payload: Payload) -> tuple[Reference, ...]:
    """Look up the case for which we asked for this QR: among our messages to the bank, which are such questions."""
    return (Reference(kind="message", value=f"{URN}{payload['originalPartnerReferenceNo']}"),)


def qris_paid(payload: Payload, found: Found) -> Accept | Decline:
    """Read service 52: a payment by QR, as a fact. Whether the case may still be paid the domain decides (14(3))."""
    cases = [case for each in qris_about(payload) for case in found.get(each, ())]
    if len(cases) != 1 or cases[0].skrd is None or cases[0].qris is None:
        return Decline(reason=Reason.NOT_FOUND, text="no QR of ours has this originalPartnerReferenceNo")
    if payload["latestTransactionStatus"] != PAID:
        return Accept()
    case, reference = cases[0], str(payload["originalReferenceNo"])
    amount = whole_rupiah(payload["amount"])
    if amount is None:
        return Decline(reason=Reason.WRONG_AMOUNT, text="a retribution is whole rupiah: pay the amount of the QR")
    if case.payment is not None and case.payment.bank_reference == reference:
        if case.payment.amount == amount:
            return Accept()
        return Decline(reason=Reason.INCONSISTENT, text=f"payment {reference} was taken with another amount")
    additional = payload["additionalInfo"]
    paid_at = moment(str(additional.get("paidTime"))) if isinstance(additional, dict) else None
    if paid_at is None:
        return Decline(reason=Reason.INCONSISTENT, text="additionalInfo.paidTime does not exist: send a real time")
    event = PaymentReceived(amount=amount, bank_reference=reference, channel="qris", paid_at=paid_at)
    return Accept(effects=(Effect(case=case.id, events=(event,)),))


def _last_day(issued_on: date) -> date:
    """The tenth weekday after the SKRD: its charge lapses on no day before this one (14(3), 14(4)).

    The ten hari kerja begin when the notice is received, and holidays make them longer.
    """
    day, left = issued_on, CHARGE_DAYS
    while left:
        day += timedelta(days=1)
        left -= day.weekday() < SATURDAY
    return day
