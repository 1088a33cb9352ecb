"""Notices and PINs as text messages, and delivery reports as facts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from gateway.contract.adapter import Accept, AskPerson, Decline, Effect, Found, Heard, Reason, Retry
from gateway.contract.message import Payload
from gateway.contract.moments import moment
from gateway.domain.case import PermitCase
from gateway.domain.events import (
    AttentionRaised,
    CaseEvent,
    NoticeKind,
    NoticeReceived,
    NotifyApplicant,
    Reference,
    SendPin,
)

PIN = "pin"
SOURCE = "sms/delivery-report"


def notice_message(case: PermitCase, ask: NotifyApplicant, message_id: str) -> Payload:
    """Send a notice to the applicant's registered telephone (14(1), 14(2))."""
    return _message(case.applicant.phone, ask.text, f"{message_id}/{ask.notice.value}")


def pin_message(_case: PermitCase, ask: SendPin, message_id: str) -> Payload:
    """Send a PIN (13(3)); the dialect puts it in the place of `{{pin:...}}`, and nobody stores the text with it."""
    text = f"PIN SIMOJO untuk {ask.purpose}: {{{{pin:{ask.challenge}}}}}. Jangan beritahukan kepada siapa pun."
    return _message(ask.phone, text, f"{message_id}/{PIN}")


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


def _split(report: Payload) -> tuple[str, str]:
    message_id, _, about = str(report["reference"]).rpartition("/")
    return message_id, about


def report_about(report: Payload) -> tuple[Reference, ...]:
    """Look up the case that our message was about."""
    return (Reference(kind="message", value=_split(report)[0]),)


def report_identity(report: Payload) -> str:
    """Identify a report by message and end: a second one with another time moves no start of a period."""
    return f"{report['reference']}:{report['status']}"


def report_received(report: Payload, found: Found) -> Accept | Decline:
    """Take DELIVRD as receipt of the notice; anything else sends an officer to reach the applicant another way."""
    about = _split(report)[1]
    if about == PIN:
        return Accept()
    if about not in set(NoticeKind):
        return Decline(reason=Reason.INCONSISTENT, text=f"{about!r} is no kind of notice: send our reference unchanged")
    cases = [case for each in report_about(report) for case in found.get(each, ())]
    if not cases:
        return Decline(reason=Reason.NOT_FOUND, text="no message with this reference was sent")
    done_at = moment(str(report["done_at"]))
    if done_at is None:
        return Decline(reason=Reason.INCONSISTENT, text=f"done_at {report['done_at']} does not exist: send a real time")
    return Accept(effects=tuple(_effects(cases, NoticeKind(about), report, done_at)))


def _effects(cases: Iterable[PermitCase], notice: NoticeKind, report: Payload, done_at: datetime) -> Iterable[Effect]:
    # a report on an ended case is acknowledged and changes nothing
    evidence = f"id:{report['reference']} stat:{report['status']} err:{report.get('error', '000')}"
    event: CaseEvent = NoticeReceived(notice=notice, evidence=evidence, received_at=done_at)
    if report["status"] != "DELIVRD":
        text = f"SMS {notice.value} tidak sampai ({evidence}): sampaikan dengan cara lain dan catat buktinya."
        event = AttentionRaised(source=SOURCE, text=text)
    return (Effect(case=case.id, events=(event,)) for case in cases if not case.ended)
