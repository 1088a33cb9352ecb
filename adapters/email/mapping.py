"""Notices as mails, and reports of what became of them as facts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from gateway.contract.adapter import Accept, AskPerson, Decline, Effect, Found, Heard, Reason, Retry
from gateway.contract.message import Payload
from gateway.contract.moments import moment
from gateway.domain.case import PermitCase
from gateway.domain.events import AttentionRaised, CaseEvent, EmailApplicant, NoticeKind, NoticeReceived, Reference

SOURCE = "email/mail-report"
DELIVERED = "delivered"


def notice_mail(case: PermitCase, ask: EmailApplicant, message_id: str) -> Payload:
    """Send a notice to the applicant's mail address."""
    return {
        "to": case.applicant.email,
        "subject": ask.subject,
        "text": ask.text,
        "reference": f"{message_id}/{ask.notice.value}",
    }


def mail_taken(_case: PermitCase, _ask: EmailApplicant, reply: Payload) -> Heard:
    """Read whether the relay took the mail, is busy, or refuses; none of them says that it arrived."""
    text = str(reply.get("text", "tanpa keterangan"))
    if reply["status"] == "accepted":
        return Accept()
    if reply["status"] == "busy":
        return Retry(text=f"surel: {text}")
    return AskPerson(text=f"Surel ditolak relai ({text}): periksa alamat surel pemohon.")


def _split(report: Payload) -> tuple[str, str]:
    message_id, _, about = str(report["reference"]).rpartition("/")
    return message_id, about


def report_about(report: Payload) -> tuple[Reference, ...]:
    """Look up the case that our mail was about."""
    return (Reference(kind="message", value=_split(report)[0]),)


def report_received(report: Payload, found: Found) -> Accept | Decline:
    """Take `delivered` as receipt of the notice; anything else sends an officer to reach the applicant another way.

    The relay gives every report a message id, and a report that it says again may come under a new one: the same end
    of the same mail is then acknowledged and changes nothing.
    """
    about = _split(report)[1]
    if about not in set(NoticeKind):
        return Decline(reason=Reason.INCONSISTENT, text=f"{about!r} is no kind of notice: send our reference unchanged")
    cases = [case for each in report_about(report) for case in found.get(each, ())]
    if not cases:
        return Decline(reason=Reason.NOT_FOUND, text="no mail with this reference was sent")
    at = moment(str(report["at"]))
    if at is None:
        return Decline(reason=Reason.INCONSISTENT, text=f"at {report['at']} does not exist: send a real time")
    return Accept(effects=tuple(_effects(cases, NoticeKind(about), report, at)))


def _effects(cases: Iterable[PermitCase], notice: NoticeKind, report: Payload, at: datetime) -> Iterable[Effect]:
    # a report on an ended case is acknowledged and changes nothing
    evidence = f"mail:{report['reference']} stat:{report['status']}"
    event: CaseEvent = NoticeReceived(notice=notice, evidence=evidence, received_at=at)
    if report["status"] != DELIVERED:
        why = report.get("detail", "tanpa keterangan")
        text = f"Surel {notice.value} tidak diterima ({evidence}, {why}): sampaikan dengan cara lain."
        event = AttentionRaised(source=SOURCE, text=text)
    return (Effect(case=case.id, events=(event,)) for case in cases if not case.ended and not _known(case, evidence))


def _known(case: PermitCase, evidence: str) -> bool:
    told = (*(each.evidence for each in case.notices), *case.attention)
    return any(evidence in each for each in told)
