"""What an agency's validated message does, by its interaction model (Pasal 21(2)c.1).

Inquiry      answered from what the hub knows; changes nothing
MetaInquiry  the same about the exchange itself
Submission   its effects are applied to cases, then acknowledged
Request      here: the callback that answers a message of ours, applied to its case, then acknowledged
Mailbox      here: the agency collects what lies there, or acknowledges what it collected (`gateway.exchange.mailbox`)
Batch        a file's manifest: acknowledged with the address for its pieces (`gateway.exchange.batch`)
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from gateway.casework.desk import Casework
from gateway.casework.steps import CaseSteps
from gateway.contract.adapter import Accept, Batch, Decline, Found, Inquiry, Request, Submission
from gateway.contract.message import Message, Payload
from gateway.dialect.party import Proven
from gateway.domain.deadlines import answer_due
from gateway.domain.errors import CaseRefusal, MappingFault, Misconfigured, Refused, SchemaViolation
from gateway.exchange.attempt import ask_of
from gateway.exchange.batch.announcing import announced
from gateway.exchange.directory import Terms
from gateway.exchange.effects import apply_effect, find_agreed
from gateway.exchange.entry import Entry
from gateway.exchange.mailbox.service import MailboxService, Nothing, Visit
from gateway.exchange.mapping import Mapping
from gateway.exchange.meta.inquiry import Asked, MetaInquiry
from gateway.exchange.spoken import VersionExpected
from gateway.exchange.states import CONCLUDED, Delivery
from gateway.exchange.wire import Answer, Wire
from gateway.store.outgoing import StoredDelivery
from gateway.store.plan import Change, Plan, Update
from gateway.store.tables import DeliveryRow, ExchangeRow
from gateway.validation.library import BATCH_ACCEPTED, SchemaLibrary
from gateway.validation.minimise import excess


def read_agreed(terms: Terms, wire: Wire, proven: Proven, library: SchemaLibrary) -> Payload:
    """What the agency says (in a callback: its answer), valid and minimal.

    Raises SchemaViolation, with code `personal-data-excess` for personal data beyond the agreement.
    """
    document = library.document(terms.heard_document, soap=terms.agreed.transport.is_soap)
    payload = wire.read(proven, document.id)
    beyond = excess(document, payload, terms.agreed.personal.fields)
    if beyond:
        raise SchemaViolation(
            f"personal data beyond the agreement: {', '.join(each.path for each in beyond[:5])}",
            code="personal-data-excess",
            clause=f"{terms.reference} personal_data",
            violations=beyond,
        )
    return payload


@dataclass(frozen=True, kw_only=True)
class Heard:
    """A message that was let in: proven, agreed, fresh, valid, minimal.

    `entry` is what its sender was judged by. `patient`: it may come to Nothing yet.
    """

    entry: Entry
    terms: Terms
    message: Message
    proven: Proven
    payload: Payload
    message_id: str | None
    exchange: str
    patient: bool = False

    @property
    def agency(self) -> str:
        """Who said it."""
        return self.terms.adapter.agency.id


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The answer's business body, what has to be committed with it, and the case that the exchange is about."""

    answer: Answer
    plan: Plan
    case_id: str | None


def act(
    heard: Heard, wire: Wire, steps: CaseSteps, casework: Casework, library: SchemaLibrary, at: datetime
) -> Outcome | Nothing:
    """Let the message take effect; Nothing where its sender waits for something to be there.

    Raises Refused (final) or MappingFault (a fault of ours; nothing is kept).
    """
    match heard.terms.interaction:
        case Inquiry() as inquiry:
            return _inquiry(heard, inquiry, wire, casework, library)
        case MetaInquiry() as inquiry:
            return _meta_inquiry(heard, inquiry, wire)
        case MailboxService() as service:
            return _mailbox(heard, service, wire)
        case Submission() as submission:
            return _submission(heard, submission, wire, steps, casework, at)
        case Request() as request:
            return _callback(heard, request, wire, steps, casework, at)
        case Batch():
            return _batch(heard, wire, casework, at)
        case other:
            raise Misconfigured(f"{heard.terms.name} is a {type(other).__name__}: nothing can be sent to it")


def _inquiry(heard: Heard, inquiry: Inquiry, wire: Wire, casework: Casework, library: SchemaLibrary) -> Outcome:
    with Mapping(heard.terms.name):
        found = find_agreed(heard.terms, casework, inquiry.about(heard.payload))
        answer = inquiry.answer(heard.payload, found)
    if isinstance(answer, Decline):
        raise _declined(answer)
    document = library.document(inquiry.reply, soap=heard.terms.agreed.transport.is_soap)
    if beyond := excess(document, answer, heard.terms.agreed.personal.fields):
        raise MappingFault(
            f"the adapter {heard.terms.name} answers with personal data beyond the agreement: {beyond[0].path}",
            code="own-personal-data-excess",  # not the sender's excess, which dialects answer with a 4xx
            clause=f"{heard.terms.reference} personal_data",
        )
    return Outcome(answer=wire.reply(inquiry.reply, answer), plan=Plan(), case_id=_only_case(found))


def _meta_inquiry(heard: Heard, inquiry: MetaInquiry, wire: Wire) -> Outcome:
    asked = Asked(
        agency=heard.agency,
        payload=heard.payload,
        message=heard.message,
        proven=heard.proven,
        message_id=heard.message_id or heard.exchange,
        exchange=heard.exchange,
    )
    with Mapping(heard.terms.name):
        answer = inquiry.answer(asked)
    return Outcome(answer=wire.reply(inquiry.reply, answer), plan=Plan(), case_id=None)


def _mailbox(heard: Heard, service: MailboxService, wire: Wire) -> Outcome | Nothing:
    visit = Visit(
        entry=heard.entry,
        adapter=heard.terms.adapter,
        payload=heard.payload,
        exchange=heard.exchange,
        actor=heard.proven.actor,
        received_at=heard.message.received_at,
        patient=heard.patient,
    )
    handed = service.serve(visit)
    if isinstance(handed, Nothing):
        return handed
    return Outcome(answer=wire.reply(service.reply, handed.payload), plan=handed.plan, case_id=None)


def _submission(
    heard: Heard, submission: Submission, wire: Wire, steps: CaseSteps, casework: Casework, at: datetime
) -> Outcome:
    with Mapping(heard.terms.name):
        found = find_agreed(heard.terms, casework, submission.about(heard.payload))
        accepted = submission.to_cases(heard.payload, found)
    if isinstance(accepted, Decline):
        raise _declined(accepted)
    for effect in accepted.effects:
        apply_effect(heard.terms, steps, effect)
    case_id = steps.case_ids[0] if steps.case_ids else _only_case(found)
    answer = _accepted(heard, submission, accepted, wire, at)
    return Outcome(answer=answer, plan=steps.plan(), case_id=case_id)


def _accepted(heard: Heard, submission: Submission, accepted: Accept, wire: Wire, at: datetime) -> Answer:
    """The acknowledgement, or what the adapter's dialect says instead; over SOAP that is the document of the reply."""
    dialect, is_soap = heard.terms.adapter.dialect, heard.terms.agreed.transport.is_soap
    if dialect is None or (is_soap and submission.reply is None):
        return _acknowledge(heard, wire, at)
    with Mapping(heard.terms.name):
        reply = dialect.accept(submission, heard.payload, accepted)
    return wire.reply(submission.reply, reply.payload) if is_soap and submission.reply else wire.custom(reply)


def _callback(
    heard: Heard,
    request: Request[Any],
    wire: Wire,
    steps: CaseSteps,
    casework: Casework,
    at: datetime,
) -> Outcome:
    with Mapping(heard.terms.name):
        message_id = heard.proven.relates_to or (request.answers(heard.payload) if request.answers else None)
    row = casework.reader.delivery_by_message(heard.agency, message_id) if message_id else None
    if row is None or row.interaction != request.name:
        raise Refused(
            "this answers no message of ours: name our MessageID in wsa:RelatesTo, unchanged",
            code="correlation-unknown",
            clause="correlation",
        )
    sent_under = f"{row.agreement}/{row.agreement_version}"
    if sent_under != heard.terms.reference:  # its body alone tells which message it answers
        raise VersionExpected(
            f"this answers a message that was sent under {sent_under}, and came as one under {heard.terms.reference}",
            clause=sent_under,
        )
    answer = _acknowledge(heard, wire, at)
    case = steps.case(row.case_id)
    if row.state in CONCLUDED or case.ended:
        return Outcome(answer=answer, plan=Plan(), case_id=case.id)  # late: recorded and acknowledged, changes nothing
    with Mapping(heard.terms.name):
        accepted = request.to_case(case, ask_of(StoredDelivery.of(row)), heard.payload)
    if isinstance(accepted, Decline):
        raise _declined(accepted)
    for effect in accepted.effects:
        apply_effect(heard.terms, steps, effect)
    values: dict[str, object] = {
        "state": Delivery.ANSWERED.value if accepted.final else Delivery.AWAITING.value,
        "lease_until": None,
    }
    within = heard.terms.agreed.answer_within_days
    if not accepted.final and row.answer_due_at is None and within is not None:
        due = answer_due(at, within, casework.calendar)  # it came before its message was acknowledged
        values |= {"answer_due_at": due.ends_at, "remind_at": due.remind_at}
    answered = Update(DeliveryRow, {"id": row.id}, {"state": row.state, "fence": row.fence}, values)
    changes: tuple[Change, ...] = (answered,)
    exchange = casework.reader.exchange(row.id)
    if exchange is not None and accepted.final:
        said = {"verdict": Delivery.ANSWERED.value}
        changes = (answered, Update(ExchangeRow, {"id": row.id}, {"verdict": exchange.verdict}, said))
    return Outcome(answer=answer, plan=steps.plan() + Plan(changes), case_id=case.id)


def _batch(heard: Heard, wire: Wire, casework: Casework, at: datetime) -> Outcome:
    accepted, plan = announced(
        heard.terms,
        heard.payload,
        heard.exchange,
        casework.reader,
        casework.vault,
        at,
        uploaded=not heard.message.from_folder,
    )
    return Outcome(answer=wire.reply(BATCH_ACCEPTED, accepted), plan=plan, case_id=None)


def _only_case(found: Found) -> str | None:
    ids = {case.id for cases in found.values() for case in cases}
    return ids.pop() if len(ids) == 1 else None


def _acknowledge(heard: Heard, wire: Wire, at: datetime) -> Answer:
    payload: Payload = {
        "messageId": heard.message_id or heard.exchange,
        "receivedAt": at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "exchange": heard.exchange,
    }
    return wire.acknowledge(payload)


def _declined(decline: Decline) -> CaseRefusal:
    return CaseRefusal(decline.text, code=decline.reason.value, clause="adapter")
