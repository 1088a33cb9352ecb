"""Notices and PINs as text messages, and delivery reports as facts."""

from __future__ import annotations

from gateway.contract.adapter import Accept, AskPerson, Decline, Found, Heard, Retry
from gateway.contract.message import Payload
from gateway.contract.reports import Report, case_of, received, reference_of, split
from gateway.domain.case import PermitCase
from gateway.domain.events import NotifyApplicant, Reference, SendPin

PIN = "pin"
SOURCE = "sms/delivery-report"
DELIVERED = "DELIVRD"


def notice_message(case: PermitCase, ask: NotifyApplicant, message_id: str) -> Payload:
    """Send a notice to the applicant's registered telephone (14(1), 14(2))."""
    return _message(case.applicant.phone, ask.text, reference_of(message_id, ask.notice))


def pin_message(_case: PermitCase, ask: SendPin, message_id: str) -> Payload:
    """Send a PIN (13(3)); the dialect puts it in the place of `{{pin:...}}`, and nobody stores the text with it."""
    text = f"PIN SIMOJO untuk {ask.purpose}: {{{{pin:{ask.challenge}}}}}. Jangan beritahukan kepada siapa pun."
    return _message(ask.phone, text, reference_of(message_id, PIN))


def _message(phone: str, text: str, reference: str) -> Payload:
    return {
        "userkey": "{{secret:userkey}}",
        "passkey": "{{secret:passkey}}",
        "to": phone.removeprefix("+"),
        "message": text,
        "reference": reference,
    }


def message_taken(_case: PermitCase, _ask: NotifyApplicant | SendPin, reply: Payload) -> Heard:
    """Read whether the aggregator took the message, is busy, or refuses; none of them says that it arrived."""
    text = str(reply.get("text", "tanpa keterangan"))
    if reply["status"] == "accepted":
        return Accept()
    if reply["status"] == "busy":
        return Retry(text=f"SMS: {text}")
    return AskPerson(text=f"SMS ditolak penyedia ({text}): periksa nomor pemohon atau hubungi dengan cara lain.")


def report_about(report: Payload) -> tuple[Reference, ...]:
    """Look up the case that our message was about."""
    return case_of(str(report["reference"]))


def report_identity(report: Payload) -> str:
    """Identify a report by message and end: a second one with another time moves no start of a period."""
    return f"{report['reference']}:{report['status']}"


def report_received(report: Payload, found: Found) -> Accept | Decline:
    """Take DELIVRD as receipt of the notice; anything else sends an officer to reach the applicant another way."""
    reference = str(report["reference"])
    carried = split(reference)[1]
    if carried == PIN:
        return Accept()
    evidence = f"id:{reference} stat:{report['status']} err:{report.get('error', '000')}"
    failed = f"SMS {carried} tidak sampai ({evidence}): sampaikan dengan cara lain dan catat buktinya."
    said = Report(
        reference=reference,
        at=str(report["done_at"]),
        evidence=evidence,
        failed=None if report["status"] == DELIVERED else failed,
        source=SOURCE,
    )
    return received(said, found)
