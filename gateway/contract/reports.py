"""What reports of delivery have in common, in whatever words a carrier of notices writes them (Pasal 8(6), 14(3)).

Our reference on a notice is the message id, a slash, and what the message carried; a report repeats it. The id finds
the case, the word says which notice it was. An adapter reads its carrier's own members and says what they mean; here
that becomes facts of the case, or is declined. No member of anybody's document is named in this module.
"""

from __future__ import annotations

from dataclasses import dataclass

from gateway.contract.adapter import Accept, Decline, Effect, Found, Reason
from gateway.contract.moments import moment
from gateway.domain.case import PermitCase
from gateway.domain.events import AttentionRaised, CaseEvent, NoticeKind, NoticeReceived, Reference


def reference_of(message_id: str, carried: str) -> str:
    """Write our reference: `carried` is a notice kind, or the one word of what else is sent."""
    return f"{message_id}/{carried}"


def split(reference: str) -> tuple[str, str]:
    """Read our reference: message id, and what the message carried."""
    message_id, _, carried = reference.rpartition("/")
    return message_id, carried


def case_of(reference: str) -> tuple[Reference, ...]:
    """Look up the case that our message was about."""
    return (Reference(kind="message", value=split(reference)[0]),)


@dataclass(frozen=True, kw_only=True)
class Report:
    """How a notice ended, as its carrier says: `reference` is ours, `at` when (ISO 8601), `evidence` its own words.

    `failed` is what an officer reads in place of a receipt, None when the notice was received; `source` is the
    interaction that the officer's text names.
    """

    reference: str
    at: str
    evidence: str
    failed: str | None
    source: str


def received(report: Report, found: Found) -> Accept | Decline:
    """Take a receipt as evidence from which Pasal 14(3) counts; any other end sends an officer to the applicant.

    A report that the case knows by its evidence, or about a case that has ended, is acknowledged and changes nothing.
    Declined: a reference that is none of ours, one that nobody was sent, a time that does not exist.
    """
    carried = split(report.reference)[1]
    if carried not in set(NoticeKind):
        text = f"{carried!r} is no kind of notice: send our reference unchanged"
        return Decline(reason=Reason.INCONSISTENT, text=text)
    cases = [case for each in case_of(report.reference) for case in found.get(each, ())]
    if not cases:
        return Decline(reason=Reason.NOT_FOUND, text="no message with this reference was sent")
    at = moment(report.at)
    if at is None:
        return Decline(reason=Reason.INCONSISTENT, text=f"the time {report.at} does not exist: send a real one")
    event: CaseEvent = NoticeReceived(notice=NoticeKind(carried), evidence=report.evidence, received_at=at)
    if report.failed is not None:
        event = AttentionRaised(source=report.source, text=report.failed)
    new = (case for case in cases if not case.ended and not _knows(case, report.evidence))
    return Accept(effects=tuple(Effect(case=case.id, events=(event,)) for case in new))


def _knows(case: PermitCase, evidence: str) -> bool:
    return any(evidence in each for each in (*(notice.evidence for notice in case.notices), *case.attention))
