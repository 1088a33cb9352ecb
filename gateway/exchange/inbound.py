"""The way of a message from an agency, the same for all of them:

     1. shape         bounded, hardened parsing
     2. authenticate  decrypted where it came encrypted; the profile verifies, and only that is used from here on
     3. authorise     an active agreement covers agency, interaction and moment; what it calls confidential came so
     4. replay        a message id seen before: the same answer, or refused when its content differs
     5. fresh         the timestamp is inside the window
     6. validate      against the agreed schema version, every violation with its path
     7. minimise      no personal data beyond what the agreement permits
     8. map           the adapter's pure function; the domain applies or refuses
     9. seal          the signed answer, naming the leaf that holds the message; encrypted where that is agreed, or
                      where the message was
    10. commit        everything as one plan; then the answer leaves

A meta-service goes the same way; in 3 it needs no agreement, and the refusal of an echo says what else was found.

Refusals up to step 2 come from nobody we know: they are counted, not kept. Refusals in 3 to 5 are kept and do not
bind the message id, since the same message may be let in later (a new agreement, a new timestamp). Outcomes of 6 to
8 are final and bind it. A fault of ours binds nothing.

An answer that has to be encrypted needs a certificate of the agency for it: where staff registered none, nothing
happens, and that is said in clear. Refusals name rules and paths and no values, so they may leave in clear.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from cryptography import x509

from gateway.casework.desk import Casework
from gateway.casework.occasion import Occasion
from gateway.casework.steps import CaseSteps
from gateway.contract.adapter import Interaction, Request
from gateway.contract.message import Message, Payload
from gateway.dialect.party import Hub, Party, Proven
from gateway.domain.errors import (
    GatewayError,
    HubBusy,
    Malformed,
    Misconfigured,
    Refused,
    Replayed,
    SchemaViolation,
    Unauthenticated,
    Unauthorised,
)
from gateway.exchange.answering import Heard, Outcome, act
from gateway.exchange.directory import Directory, Terms
from gateway.exchange.identity import Seen, identify
from gateway.exchange.meta.inquiry import MetaInquiry, meta_terms
from gateway.exchange.records import (
    IN,
    Received,
    answered_leaf,
    exchange_changes,
    first_leaf,
    part,
    sealed_parts,
    stored_sealed,
)
from gateway.exchange.refusing import refusal_answer
from gateway.exchange.wire import Answer, Sealed, Sealing, Wire
from gateway.store.conflicts import commit, prepared_again
from gateway.store.plan import Add, Plan, Update
from gateway.store.tables import ExchangeRow, RefusalTallyRow
from gateway.store.unit_of_work import UnitOfWork
from gateway.trust.secrets import MasterKey
from gateway.validation.library import SchemaLibrary
from gateway.validation.minimise import excess

_log = structlog.get_logger("simojo.inbound")

SEALED_AGAIN_AFTER = timedelta(seconds=240)
"""A stored answer's own timestamp is fresh for 300 s; before that runs out the same body is sealed anew."""


class Inbound:
    """Receives messages. One for the process; safe to use from many threads."""

    def __init__(
        self,
        *,
        directory: Directory,
        library: SchemaLibrary,
        casework: Casework,
        unit_of_work: UnitOfWork,
        master: MasterKey,
        hub: Hub,
        clock: Callable[[], datetime],
        max_bytes: int,
        deliveries_made: Callable[[], None],
    ) -> None:
        self._directory = directory
        self._library = library
        self._casework = casework
        self._unit_of_work = unit_of_work
        self._replay_key = master.derive("message-identity")
        self._address_key = master.derive("refusal-address")
        self._hub = hub
        self._clock = clock
        self._max_bytes = max_bytes
        self._deliveries_made = deliveries_made

    def receive(self, message: Message, wire: Wire, interaction: Interaction) -> Sealed:
        """Take one message and give the sealed answer, which is on disk when this returns.

        Whatever is wrong is said in the answer. A fault of ours that leaves no trace in the store (it cannot write, a
        credential is missing) is answered unsigned, and the message may be sent again.
        """
        try:
            return self._receive(message, wire, interaction)
        except GatewayError as fault:
            _log.error("message-not-kept", agency=message.agency, interaction=message.interaction, code=fault.code)
            return self._unsigned(message, wire, fault)

    def _receive(self, message: Message, wire: Wire, interaction: Interaction) -> Sealed:
        try:
            opened = wire.open(message, self._max_bytes)  # 1. shape
            party = self._directory.party(message.agency)
            proven = wire.authenticate(message, opened, party, self._hub, message.received_at)  # 2. authenticate
        except Refused as refusal:
            return self.refuse_unknown(message, wire, _explained(message, interaction, refusal))
        return prepared_again(lambda: self._answer(message, wire, interaction, proven, party))

    def refuse_unknown(self, message: Message, wire: Wire, refusal: Refused) -> Sealed:
        """Refuse somebody who did not prove to be anybody: counted per address, minute and code, and answered."""
        self.count(message, refusal.code)
        return self._unsigned(message, wire, refusal)

    def _unsigned(self, message: Message, wire: Wire, error: GatewayError) -> Sealed:
        answer = refusal_answer(self._directory.adapters.get(message.agency), message, wire, error)
        return wire.seal(answer, None, self._hub, message.received_at)

    def count(self, message: Message, code: str) -> None:
        """Count a refusal of somebody unknown; at the end of its minute it becomes a leaf."""
        minute = message.received_at.replace(second=0, microsecond=0)
        key = {"minute": minute, "address": self._address(message.address), "code": code}
        commit(self._unit_of_work, Plan.of(Add(RefusalTallyRow, key, "count")))

    def _answer(self, message: Message, wire: Wire, interaction: Interaction, proven: Proven, party: Party) -> Sealed:
        seen = self._identify(message, wire, interaction, proven, party)
        exchange = self._casework.new_id()
        try:
            terms = self._authorise(seen)  # 3. authorise
            earlier = self._replay(seen)  # 4. replay
            if earlier is not None:
                return earlier
            wire.check_fresh(proven, seen.at)  # 5. fresh
        except Refused as refusal:
            return self._refuse(seen, exchange, _explained(message, interaction, refusal), binds=False)
        except Misconfigured as fault:  # ours: no certificate to encrypt the answer to
            return self._refuse(seen, exchange, fault, binds=False)
        try:
            outcome = self._process(seen, terms, exchange)
        except Refused as refusal:
            return self._refuse(seen, exchange, refusal, binds=True)
        except HubBusy:
            raise
        except GatewayError as fault:  # ours: a mapping that raised, a schema or a setting that is missing
            return self._refuse(seen, exchange, fault, binds=False)
        return self._keep(seen, exchange, outcome.answer, outcome=outcome, binds=True)

    # --- 2 to 5 ---------------------------------------------------------------------------------------------------

    def _identify(self, message: Message, wire: Wire, interaction: Interaction, proven: Proven, party: Party) -> Seen:
        terms: Terms | Unauthorised
        try:
            terms = self._terms(message, interaction)
        except Unauthorised as uncovered:
            terms = uncovered  # raised in step 3: an agreement activated meanwhile covers the next message
        return identify(message, wire, interaction, proven, party=party, terms=terms, key=self._replay_key)

    def _terms(self, message: Message, interaction: Interaction) -> Terms:
        if isinstance(interaction, MetaInquiry):
            return meta_terms(self._directory.adapters[message.agency], interaction)
        return self._directory.terms(message.agency, interaction.name, message.received_at)

    def _authorise(self, seen: Seen) -> Terms:
        if isinstance(seen.terms, Unauthorised):
            raise seen.terms
        terms = seen.terms
        said = seen.proven.agreement
        if said is not None and said != terms.reference:
            raise Unauthorised(
                f"the message names agreement {said[:80]!r}, in force is {terms.reference}",
                code="agreement-mismatch",
                clause=terms.reference,
            )
        if terms.agreed.confidential and seen.proven.plain is None:
            raise Unauthorised(
                f"the agreement calls {terms.interaction.name} confidential, and the message came in clear: encrypt it "
                "to the hub's certificate after signing",
                code="encryption-missing",
                clause=f"{terms.reference} confidential (Pasal 20 c)",
            )
        size = len(seen.message.body if seen.proven.plain is None else seen.proven.plain)
        if size > terms.agreed.max_size:
            raise Malformed(
                f"the body has {size} bytes, agreed are {terms.agreed.max_size}",
                code="body-too-large",
                clause=f"{terms.reference} max_size",
            )
        _recipient(seen)
        return terms

    def _replay(self, seen: Seen) -> Sealed | None:
        if seen.message_id is None:
            return None
        row = self._casework.reader.exchange_by_message(IN, seen.message.agency, seen.message_id)
        if row is None:
            return None
        if row.content != seen.content:
            raise Replayed(
                "this message id was used before with other content: give every message an id of its own",
            )
        return self._answer_again(seen, row)

    def _answer_again(self, seen: Seen, row: ExchangeRow) -> Sealed:
        """The stored bytes while they are fresh; later the identical body, sealed anew and recorded."""
        parts = {each.name: each.body for each in self._casework.reader.parts(row.id)}
        again = (name for name in parts if name.startswith("answer-at-") and not name.endswith(("-headers", "-plain")))
        latest = max(again, default="answer")
        if row.sealed_at is not None and seen.at - row.sealed_at < SEALED_AGAIN_AFTER:
            return stored_sealed(parts[f"{latest}-headers"], parts[latest])
        first = stored_sealed(parts["answer-headers"], b"")
        answer = Answer(
            status=first.status,
            body=parts["answer-body"],
            media_type=first.plain_type or first.headers.get("Content-Type", ""),
        )
        received = self._received(seen, row.id, code=row.code, case_id=row.case_id, binds=True)
        sealed = seen.wire.seal(answer, self._sealing(seen, self._leaf_named(row)), self._hub, seen.at)
        name = f"answer-at-{int(seen.at.timestamp())}"
        key = self._casework.vault.exchange_key(row.case_id, row.at)
        leaf = answered_leaf(self._casework.leaves, received, sealed, key.key, name=name)
        plan = key.plan + Plan.of(
            Update(ExchangeRow, {"id": row.id}, {"sealed_at": row.sealed_at}, {"sealed_at": seen.at}),
            *(part(row.id, each, body) for each, body in sealed_parts(sealed, name).items()),
            leaf.row,
        )
        commit(self._unit_of_work, plan)
        return sealed

    def _leaf_named(self, row: ExchangeRow) -> str:
        leaves = self._casework.reader.leaves_of_exchange(row.id)
        return leaves[0].hash.hex()  # the first leaf of an exchange is the one that its answers name

    # --- 6 to 8 ---------------------------------------------------------------------------------------------------

    def _process(self, seen: Seen, terms: Terms, exchange: str) -> Outcome:
        document = self._library.document(_request_document(terms), soap=terms.agreed.transport.is_soap)
        payload = seen.wire.read(seen.proven, document.id)  # 6. validate
        beyond = excess(document, payload, terms.agreed.personal.fields)  # 7. minimise
        if beyond:
            raise SchemaViolation(
                f"personal data beyond the agreement: {', '.join(each.path for each in beyond[:5])}",
                code="personal-data-excess",
                clause=f"{terms.reference} personal_data",
                violations=beyond,
            )
        return self._map(seen, terms, payload, exchange)  # 8. map

    def _map(self, seen: Seen, terms: Terms, payload: Payload, exchange: str) -> Outcome:
        occasion = Occasion(
            actor=f"agency/{seen.message.agency}", occurred_at=seen.at, entered_at=seen.at, exchange=exchange
        )
        steps = CaseSteps(self._casework, occasion)
        return act(
            Heard(
                terms=terms,
                message=seen.message,
                proven=seen.proven,
                payload=payload,
                message_id=seen.message_id,
                exchange=exchange,
            ),
            seen.wire,
            steps,
            self._casework,
            self._library,
            seen.at,
        )

    # --- 9 and 10 -------------------------------------------------------------------------------------------------

    def _refuse(self, seen: Seen, exchange: str, error: GatewayError, *, binds: bool) -> Sealed:
        adapter = self._directory.adapters[seen.message.agency]
        payload = seen.proven.document if isinstance(seen.proven.document, dict) else None
        answer = refusal_answer(adapter, seen.message, seen.wire, error, payload=payload, exchange=exchange)
        return self._keep(seen, exchange, answer, code=error.code, binds=binds)

    def _keep(
        self,
        seen: Seen,
        exchange: str,
        answer: Answer,
        *,
        outcome: Outcome | None = None,
        code: str | None = None,
        binds: bool,
    ) -> Sealed:
        case_id = outcome.case_id if outcome else None
        received = self._received(seen, exchange, code=code, case_id=case_id, binds=binds)
        key = self._casework.vault.exchange_key(case_id, seen.at)
        first = first_leaf(self._casework.leaves, received, answer, key.key)
        sealed = seen.wire.seal(answer, self._sealing(seen, first.hash), self._hub, seen.at)  # 9. seal
        second = answered_leaf(self._casework.leaves, received, sealed, key.key)
        plan = key.plan + Plan((*exchange_changes(received, answer, sealed), first.row, second.row))
        if outcome is not None:
            plan = plan + outcome.plan
        commit(self._unit_of_work, plan)  # 10. commit
        self._deliveries_made()
        return sealed

    def _received(self, seen: Seen, exchange: str, *, code: str | None, case_id: str | None, binds: bool) -> Received:
        return Received(
            exchange=exchange,
            message=seen.message,
            actor=seen.proven.actor,
            interaction=seen.message.interaction,
            agreement=seen.agreement,
            message_id=seen.message_id if binds else None,
            relates_to=seen.proven.relates_to,
            content=seen.content,
            case_id=case_id,
            code=code,
            at=seen.at,
            plain=seen.proven.plain,
        )

    def _sealing(self, seen: Seen, leaf: str) -> Sealing:
        try:
            recipient = _recipient(seen)
        except Misconfigured:  # step 3 has refused for it, and this is that refusal
            recipient = None
        return Sealing(
            message=seen.message, proven=seen.proven, agreement=seen.agreement, leaf=leaf, recipient=recipient
        )

    def _address(self, address: str) -> str:
        return hmac.digest(self._address_key, address.encode(), "sha256").hex()[:32]


def _explained(message: Message, interaction: Interaction, refusal: Refused) -> Refused:
    """The refusal of a sender who is not proven, with what the meta-service that was asked finds besides."""
    if isinstance(interaction, MetaInquiry) and isinstance(refusal, Unauthenticated | Malformed):
        return interaction.explain(message, refusal)
    return refusal


def _recipient(seen: Seen) -> x509.Certificate | None:
    """The certificate that the answer is encrypted to; None for one in clear.

    Raises Misconfigured `encryption-certificate-missing`.
    """
    return seen.party.recipient(seen.at, soap=seen.message.transport.is_soap) if seen.is_confidential else None


def _request_document(terms: Terms) -> str:
    """What the agency says: the request of an Inquiry or Submission, the answer of a Request."""
    return terms.interaction.answer if isinstance(terms.interaction, Request) else terms.interaction.request
