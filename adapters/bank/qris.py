"""QRIS by SNAP BI: a QR for the charge (47), what the bank answers, and that the QR was paid (52)."""

from __future__ import annotations

import re
from datetime import datetime

from gateway.contract.adapter import Accept, AskPerson, Decline, Effect, Found, Heard, Reason, Retry
from gateway.contract.message import Json, Payload
from gateway.domain.case import PermitCase
from gateway.domain.errors import Refused
from gateway.domain.events import OfferQris, PaymentReceived, QrisOffered, Reference

URN = "urn:uuid:"
PAID = "00"
"""latestTransactionStatus of a payment that went through; the others (03 pending, 06 failed, ...) pay nothing."""

SERVICE = "47"
"""The digits of qr-mpm-generate in a response code: a code of another service says nothing about a QR."""

LATER = ("00", "03")
"""Case codes of a 409 or 429 that say come again: a used X-EXTERNAL-ID, too many requests."""


def qris_request(case: PermitCase, _ask: OfferQris, message_id: str) -> Payload:
    """Ask for a QR of exactly the charge (14(6)). Raises Refused for a case without one."""
    if case.skrd is None:
        raise Refused(f"case {case.id} has no SKRD: there is nothing to pay by a QR")
    return {
        "partnerReferenceNo": message_id.removeprefix(URN),
        "amount": {"value": f"{case.skrd.amount}.00", "currency": "IDR"},
        "merchantId": "{{secret:merchant_id}}",
    }


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
    amount = _rupiah(payload["amount"])
    if amount is None:
        return Decline(reason=Reason.WRONG_AMOUNT, text="a retribution is whole rupiah: pay the amount of the QR")
    if case.payment is not None and case.payment.bank_reference == reference:
        if case.payment.amount == amount:
            return Accept()
        return Decline(reason=Reason.INCONSISTENT, text=f"payment {reference} was taken with another amount")
    paid_at = _paid_at(payload["additionalInfo"])
    if paid_at is None:
        return Decline(reason=Reason.INCONSISTENT, text="additionalInfo.paidTime does not exist: send a real time")
    event = PaymentReceived(amount=amount, bank_reference=reference, channel="qris", paid_at=paid_at)
    return Accept(effects=(Effect(case=case.id, events=(event,)),))


def _paid_at(additional: Json) -> datetime | None:
    """Read a time of this millennium; None for another, which not every time zone can tell, or for none."""
    try:
        moment = datetime.fromisoformat(str(additional["paidTime"])) if isinstance(additional, dict) else None
    except ValueError:
        return None
    return moment if moment is not None and 2000 <= moment.year <= 2999 else None


def _rupiah(amount: Json) -> int | None:
    """Read whole rupiah of `{"value": "12345678.00"}`; None when there are sen or leading zeros."""
    match = re.fullmatch(r"(0|[1-9][0-9]{0,15})\.00", str(amount["value"])) if isinstance(amount, dict) else None
    return int(match[1]) if match else None
