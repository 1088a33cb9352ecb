"""The way of a message from an agency, the same for all of them:

     1. shape         bounded, hardened parsing
     2. authenticate  the client certificate is the agency's (mTLS); decrypted where it came encrypted; the profile
                      verifies, and only what it verified is used from here on
     3. authorise     an active agreement covers agency, interaction and moment; what it calls confidential came so
     4. replay        a message id seen before: the same answer, or refused when its content differs
     5. fresh         the version that it is spoken under is the one that holds, and its timestamp is inside the window;
                      what comes so far is new and draws on the agreed rate
     6. validate      against the agreed schema version, every violation with its path
     7. minimise      no personal data beyond what the agreement permits
     8. map           the adapter's pure function; the domain applies or refuses
     9. seal          the signed answer, naming the leaf that holds the message; encrypted where that is agreed, or
                      where the message was
    10. commit        everything as one plan, for which no thread waits; then the answer leaves

A meta-service goes the same way; in 3 it needs no agreement, and the refusal of an echo says what else was found. So
does an agency that comes to its mailbox, in place of 8: what leaves with the answer, or what its word means, is in 10.

Refusals up to step 2 come from nobody we know: they are counted, not kept. Refusals in 3 to 5 are kept and do not
bind the message id, since the same message may be let in later (a new agreement, a new timestamp). Outcomes of 6 to
8 are final and bind it. A fault of ours binds nothing. Where a message bears no id, a refusal binds nothing at all: its
sender has no other id to take, and what it was refused for may be ours to mend (decision 0073).

A repeat and whatever is refused in 3 to 5 draw on a rate of their own before anything is written: whoever captured a
message of an agency can send it as often as they like, and neither uses up the rate of its new messages nor fills the
ledger. What bears no id draws on it as well when it is refused later. A message beyond either rate is answered unsigned
and not kept: keeping it would cost what the rate protects.

An answer that has to be encrypted needs a certificate of the agency for it: where staff registered none, nothing
happens. Of a confidential interaction a proven sender is told in clear what step 3 refuses for want of one, and all
that is answered unsigned: that it is beyond its rate (RateLimited), that the store cannot take the exchange now
(HubBusy), and whatever other fault of ours is not kept, such as a key that cannot be used. None tells of the body.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import cache, partial
from typing import Any, TypeVar

import structlog

from gateway.casework.desk import Casework
from gateway.casework.occasion import Occasion
from gateway.casework.steps import CaseSteps
from gateway.contract.adapter import Interaction
from gateway.contract.message import Message
from gateway.dialect.party import Hub, Party, Proven
from gateway.domain.errors import (
    GatewayError,
    HubBusy,
    Misconfigured,
    RateLimited,
    Refused,
    Replayed,
)
from gateway.exchange.answering import Heard, Outcome, act, read_agreed
from gateway.exchange.authorising import authorise, hold_to_version, spoken_for
from gateway.exchange.client_certificates import ClientCertificates, check_shown
from gateway.exchange.directory import Directory, Terms
from gateway.exchange.entry import Entry
from gateway.exchange.hearing import Allowance, Hearing, binds_id, count
from gateway.exchange.identity import Seen, identify
from gateway.exchange.keeping import Keeping
from gateway.exchange.mailbox.service import Nothing
from gateway.exchange.records import IN
from gateway.exchange.refusing import refusal_answer
from gateway.exchange.repeats import is_overtaken
from gateway.exchange.spoken import Telling
from gateway.exchange.unknown_senders import UnknownSenders, explained
from gateway.exchange.wire import Sealed, Wire
from gateway.store.conflicts import begun
from gateway.store.kept_no_more import kept_no_more
from gateway.store.pending import Going, Judged, Pending, Prepared, Waiting
from gateway.store.tables import ExchangeRow
from gateway.store.unit_of_work import Submissions
from gateway.trust.secrets import Derives
from gateway.validation.library import SchemaLibrary

_log = structlog.get_logger("simojo.inbound")

T = TypeVar("T")


class Inbound:
    """Receives messages. One for the process; safe to use from many threads. `unknown_senders` refuses the others."""

    def __init__(
        self,
        *,
        directory: Directory,
        library: SchemaLibrary,
        casework: Casework,
        unit_of_work: Submissions,
        master: Derives,
        hub: Hub,
        clock: Callable[[], datetime],
        max_bytes: int,
        deliveries_made: Callable[[], None],
        allowance: Allowance,
        client_certificates: ClientCertificates,
        not_proven: Callable[[Message, Refused], None] = lambda _message, _refusal: None,
    ) -> None:
        self._directory = directory
        self._library = library
        self._casework = casework
        self._unit_of_work = unit_of_work
        self._replay_key = master.derive("message-identity")
        self._hub = hub
        self._clock = clock
        self._max_bytes = max_bytes
        self._keeping = Keeping(
            directory=directory,
            casework=casework,
            hub=hub,
            deliveries_made=deliveries_made,
        )
        self._allowance = allowance
        self._client_certificates = client_certificates
        self.unknown_senders = UnknownSenders(
            directory=directory,
            address_key=master.derive("refusal-address"),
            hub=hub,
            not_proven=not_proven,
        )

    def begin(self, message: Message, wire: Wire, interaction: Interaction) -> Going[Sealed]:
        """Take one message and give the sealed answer, or what becomes it once everything is on disk.

        Whatever is wrong is said in the answer. A fault of ours that leaves no trace in the store (it cannot write, a
        credential is missing) is answered unsigned, and the message may be sent again. Raises nothing of its own.
        """
        return self._told(message, wire, lambda: self._begun(message, wire, interaction))

    def begin_refusal(self, message: Message, code: str, value: T) -> Going[T]:
        """Count a refusal of somebody unknown, and give `value` once that is durable. Raises HubBusy."""
        return begun(lambda: self.unknown_senders.counted(message, code, value), self._unit_of_work)

    def _told(self, message: Message, wire: Wire, step: Callable[[], Going[Sealed]]) -> Going[Sealed]:
        """What a step of a message gives; a fault in it, or in what follows from it, is told as an answer."""
        try:
            going = step()
        except RateLimited as limited:
            _log.warning("rate-limited", agency=message.agency, interaction=message.interaction)
            return self.unknown_senders.unsigned(message, wire, limited)
        except GatewayError as fault:
            _log.error("message-not-kept", agency=message.agency, interaction=message.interaction, code=fault.code)
            return self.unknown_senders.unsigned(message, wire, fault)
        if isinstance(going, Pending):
            otherwise = going.otherwise
            return replace(going, otherwise=lambda: self._told(message, wire, otherwise))
        return going

    def _begun(self, message: Message, wire: Wire, interaction: Interaction) -> Going[Sealed]:
        try:
            opened = wire.open(message, self._max_bytes)  # 1. shape
        except Refused as refusal:
            prepared = self.unknown_senders.unproven(message, wire, interaction, refusal)
            return begun(lambda: prepared, self._unit_of_work)
        hearing = Hearing(
            message=message, wire=wire, interaction=interaction, opened=opened, spend=cache(self._allowance)
        )
        return begun(lambda: self._hear(hearing), self._unit_of_work)  # 10. commit

    def _heard_again(self, hearing: Hearing, last: bool) -> Going[Sealed]:
        """From step 1, after there was nothing to tell: so a sender who is not agreed with any more hears so."""
        hearing.patient = not last
        return self._told(hearing.message, hearing.wire, lambda: begun(lambda: self._hear(hearing), self._unit_of_work))

    def _hear(self, hearing: Hearing) -> Judged[Sealed]:
        """Judge the sender by the agency's entry as it is held; if the registry has moved since, by the new one.

        What is kept stands on the entry by its plan. What is not kept and rests on the entry looks first (`hold`).
        """
        message = hearing.message
        if hearing.again:  # after a conflict, what is held may be outdated
            entry = self._directory.current(message.agency)
            opened = hearing.wire.open(message, self._max_bytes)
        else:
            entry = self._directory.held(message.agency)
            opened, hearing.opened, hearing.again = hearing.opened, None, True
        try:
            proven = self._prove(hearing, opened, entry.party)
        except Refused as refusal:
            self._directory.hold(entry)
            return self.unknown_senders.unproven(message, hearing.wire, hearing.interaction, refusal)
        try:
            return self._answer(hearing, entry, proven)
        except RateLimited:
            self._directory.hold(entry)
            raise

    def _prove(self, hearing: Hearing, opened: Any, party: Party) -> Proven:
        message = hearing.message
        if not message.from_folder:  # there is no connection that could show one
            check_shown(self._client_certificates, message.client_certificate, party, message.received_at)
        return hearing.wire.authenticate(message, opened, party, self._hub, message.received_at)  # 2. authenticate

    def _answer(self, hearing: Hearing, entry: Entry, proven: Proven) -> Judged[Sealed]:
        message, interaction, spend = hearing.message, hearing.interaction, hearing.spend
        seen = self._identify(hearing, entry, proven)
        exchange = self._casework.new_id()
        try:
            terms = authorise(seen)  # 3. authorise
            seen, earlier = self._earlier(seen, terms)  # 4. replay
            if earlier is None:
                hold_to_version(seen)  # 5. fresh
                if not message.from_folder:  # a file lies there for as long as it takes to copy it
                    hearing.wire.check_fresh(proven, seen.at)
        except Refused as refusal:
            count(seen, spend, new=False)
            return self._refuse(seen, exchange, explained(message, interaction, refusal), binds=False)
        except Misconfigured as fault:  # ours: no certificate to encrypt the answer to
            count(seen, spend, new=False)
            return self._refuse(seen, exchange, fault, binds=False)
        count(seen, spend, new=earlier is None)
        if earlier is not None:
            return self._again(seen, exchange, earlier)
        try:
            outcome = self._process(seen, terms, exchange, patient=hearing.patient)
        except Refused as refusal:
            return self._refuse(seen, exchange, refusal, binds=binds_id(seen, refusal, spend))
        except HubBusy:
            raise
        except GatewayError as fault:  # ours: a mapping that raised, a schema or a setting that is missing
            return self._refuse(seen, exchange, fault, binds=False)
        if isinstance(outcome, Nothing):
            self._directory.hold(entry)
            return Waiting(message.agency, outcome.seconds, partial(self._heard_again, hearing))
        return self._keeping.keep(seen, exchange, outcome.answer, outcome=outcome, binds=True)

    # --- 2 to 5 ---------------------------------------------------------------------------------------------------

    def _identify(self, hearing: Hearing, entry: Entry, proven: Proven) -> Seen:
        message, interaction = hearing.message, hearing.interaction
        telling = Telling(message=message, proven=proven, served=interaction, form=hearing.wire.form(proven))
        spoken = spoken_for(self._directory, self._casework.reader, telling, entry)
        return identify(message, hearing.wire, interaction, proven, entry=entry, spoken=spoken, key=self._replay_key)

    def _earlier(self, seen: Seen, terms: Terms) -> tuple[Seen, ExchangeRow | None]:
        """The exchange whose answer this message gets; none for what is to be taken anew, and then binds nothing."""
        if seen.message_id is None:
            return seen, None
        row = self._casework.reader.exchange_by_message(IN, seen.message.agency, seen.message_id)
        if row is None:
            return seen, None
        if row.content != seen.content:
            raise Replayed(
                "this message id was used before with other content: give every message an id of its own",
            )
        if is_overtaken(seen, terms, row, self._casework, self._library):
            return replace(seen, message_id=None), None  # the identity stays with the first
        return seen, row

    # --- 6 to 8 ---------------------------------------------------------------------------------------------------

    def _again(self, seen: Seen, exchange: str, earlier: ExchangeRow) -> Judged[Sealed]:
        """The answer to a message that is known: for ever, while its answer is kept for the agreed time alone."""
        if earlier.bodies_gone_at is not None:
            return self._refuse(seen, exchange, kept_no_more(self._casework.reader, earlier), binds=False)
        return self._keeping.again(seen, earlier)

    def _process(self, seen: Seen, terms: Terms, exchange: str, *, patient: bool) -> Outcome | Nothing:
        payload = read_agreed(terms, seen.wire, seen.proven, self._library)  # 6. validate, 7. minimise
        occasion = Occasion(
            actor=f"agency/{seen.message.agency}", occurred_at=seen.at, entered_at=seen.at, exchange=exchange
        )
        steps = CaseSteps(self._casework, occasion)
        return act(  # 8. map
            Heard(
                entry=seen.entry,
                terms=terms,
                message=seen.message,
                proven=seen.proven,
                payload=payload,
                message_id=seen.message_id,
                exchange=exchange,
                patient=patient,
            ),
            seen.wire,
            steps,
            self._casework,
            self._library,
            seen.at,
        )

    # --- 9 -------------------------------------------------------------------------------------------------

    def _refuse(self, seen: Seen, exchange: str, error: GatewayError, *, binds: bool) -> Prepared[Sealed]:
        adapter = self._directory.adapters[seen.message.agency]
        payload = seen.proven.document if isinstance(seen.proven.document, dict) else None
        answer = refusal_answer(adapter, seen.message, seen.wire, error, payload=payload, exchange=exchange)
        return self._keeping.keep(seen, exchange, answer, code=error.code, binds=binds)
