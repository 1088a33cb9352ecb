"""Notices as mails, and reports of what became of them as facts."""

from __future__ import annotations

from gateway.contract.adapter import Accept, AskPerson, Decline, Found, Heard, Retry
from gateway.contract.message import Payload
from gateway.contract.reports import Report, case_of, received, reference_of, split
from gateway.domain.case import PermitCase
from gateway.domain.events import EmailApplicant, Reference

SOURCE = "email/mail-report"
DELIVERED = "delivered"


def notice_mail(case: PermitCase, ask: EmailApplicant, message_id: str) -> Payload:
    """Send a notice to the applicant's mail address."""
    return {
        "to": case.applicant.email,
        "subject": ask.subject,
        "text": ask.text,
        "reference": reference_of(message_id, ask.notice),
    }


def mail_taken(_case: PermitCase, _ask: EmailApplicant, reply: Payload) -> Heard:
    """Read whether the relay took the mail, is busy, or refuses; none of them says that it arrived."""
    text = str(reply.get("text", "tanpa keterangan"))
    if reply["status"] == "accepted":
        return Accept()
    if reply["status"] == "busy":
        return Retry(text=f"surel: {text}")
    return AskPerson(text=f"Surel ditolak relai ({text}): periksa alamat surel pemohon.")


def report_about(report: Payload) -> tuple[Reference, ...]:
    """Look up the case that our mail was about."""
    return case_of(str(report["reference"]))


def report_received(report: Payload, found: Found) -> Accept | Decline:
    """Take `delivered` as receipt of the notice; anything else sends an officer to reach the applicant another way.

    The relay gives every report a message id, and a report that it says again may come under a new one: the same end
    of the same mail is then acknowledged and changes nothing.
    """
    reference = str(report["reference"])
    evidence = f"mail:{reference} stat:{report['status']}"
    why = report.get("detail", "tanpa keterangan")
    failed = f"Surel {split(reference)[1]} tidak diterima ({evidence}, {why}): sampaikan dengan cara lain."
    said = Report(
        reference=reference,
        at=str(report["at"]),
        evidence=evidence,
        failed=None if report["status"] == DELIVERED else failed,
        source=SOURCE,
    )
    return received(said, found)
