"""One attempt of a delivery before its call: prepare once, seal now, commit, so that what leaves is on record first.

1. terms      those in force today, while nothing of it can have arrived: a delivery that was made before a cut-over
              leaves under the version after it. What may have arrived is said again as it was, under the version that
              it was first sent under, while that may be (`gateway.exchange.entry`)
2. map        at the case version that asked, once; the payload is kept for all attempts
3. minimise   no personal data beyond the agreement
4. validate   against the agreed schema: our own mistake must not leave
5. seal       documents put in, fresh timestamp, secrets filled in, encrypted where that is agreed; stored without
              secrets
6. commit     the delivery as being sent, the attempt, the exact bytes and their leaf, guarded by the claim's fence and
              by the registry's generation: what staff changed meanwhile counts

A delivery of a Mailbox is laid down after step 4: nobody is called. When its agency comes for it, steps 1, 5 and 6 are
taken for each collection, which is an attempt like any other; what guards the registry there is the plan of the
exchange by which the agency came.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeAlias, cast

from gateway.casework.desk import Casework
from gateway.contract.adapter import Mailbox, Outbound
from gateway.contract.message import Payload
from gateway.domain.calendar import local_date
from gateway.domain.case import PermitCase
from gateway.domain.deadlines import answer_due
from gateway.domain.errors import MappingFault, Refused, SchemaViolation, Tampered, Unauthorised
from gateway.domain.events import Ask
from gateway.domain.facts import decode_ask
from gateway.exchange.addressing import with_documents, with_members
from gateway.exchange.claiming import LEASE_BEYOND_CALL, LEASE_LEFT_AFTER_CALL
from gateway.exchange.directory import Directory, Terms
from gateway.exchange.entry import Entry
from gateway.exchange.leaving import leaving
from gateway.exchange.mapping import Mapping as MappingCall
from gateway.exchange.speaking import Speaker, Speech, Spoken
from gateway.exchange.states import NOT_CALLED, Delivery
from gateway.primitives.json_writer import JsonWriter
from gateway.store.outgoing import Provision, StoredDelivery
from gateway.store.plan import Change, Plan, Update, unmoved
from gateway.store.sealed_rows import open_delivery, sealed_with
from gateway.store.sealing import DAMAGED, ERASED, erased
from gateway.store.tables import DeliveryRow
from gateway.store.vault import DataKey
from gateway.validation.library import SchemaLibrary
from gateway.validation.minimise import excess

Entries: TypeAlias = dict[str, Entry]
"""What was just read of agencies for attempts that are prepared together; one that is missing is read and noted."""


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """An attempt ready to be committed and then called.

    `row` is the delivery as it was claimed, `sent` as it stands once the plan is committed. `number` is the attempt's
    among all of the delivery's. `key` is the case's data key, for the leaves of what comes back. `stands_on` is the
    guard of the plan that does not hold once the registry has moved: then the attempt is to be prepared anew.
    """

    row: StoredDelivery
    sent: StoredDelivery
    speech: Speech
    spoken: Spoken
    key: bytes
    plan: Plan
    stands_on: Change

    @property
    def number(self) -> int:
        """Among all attempts of this delivery."""
        return self.sent.last_attempt

    @property
    def tries(self) -> int:
        """How many attempts were made since the delivery was last redriven, this one included."""
        return self.sent.attempts

    def outlasts(self, at: datetime) -> bool:
        """Whether the lease would outlast a call that begins now, by LEASE_LEFT_AFTER_CALL."""
        lease = self.sent.lease_until
        longest = timedelta(seconds=self.spoken.call.timeout_s) + LEASE_LEFT_AFTER_CALL
        return lease is not None and at + longest <= lease


@dataclass(frozen=True, kw_only=True)
class Laid:
    """A delivery ready to lie in its agency's mailbox, once the plan is committed."""

    row: StoredDelivery
    plan: Plan


class Preparing:
    """Makes attempts, and what comes before one where an agency collects."""

    def __init__(
        self, directory: Directory, library: SchemaLibrary, casework: Casework, speakers: Mapping[bool, Speaker]
    ) -> None:
        self._directory = directory
        self._library = library
        self._casework = casework
        self._speakers = speakers

    def speaker(self, terms: Terms) -> Speaker:
        """The speaker of an interaction's transport."""
        return self._speakers[terms.agreed.transport.is_soap]

    def prepare(
        self, row: StoredDelivery, at: datetime, provision: Provision | None = None, entries: Entries | None = None
    ) -> Attempt | Laid:
        """Prepare the next attempt; `provision` spares the questions whose answers it has, and so does `entries`.

        What an agency collects is laid down instead.

        Raises Unauthorised or Misconfigured (staff have to act), MappingFault (the adapter is to be mended), Refused
        (the mapping itself says that this cannot be sent, or what an official gave for it is held no longer).
        """
        entry = self._entry(row.agency, {} if entries is None else entries)
        key = self._key(row, entry, provision)
        row = open_delivery(row, {f"case/{row.case_id}": key.key}.get)
        terms, payload = self.said(row, at, entry, provision)  # 1 to 4
        guard = unmoved(entry.generation)
        if isinstance(terms.interaction, Mailbox):
            return Laid(row=row, plan=Plan.of(guard) + key.plan + self._laid_down(row, payload, terms, at, key.key))
        url = self._directory.endpoint(row.agency, terms.interaction, entry)
        speech = Speech(
            terms=terms,
            payload=self.whole(row, terms, payload),
            message_id=row.message_id,
            url=with_members(terms.interaction, url, payload),
            party=entry.party,
            at=at,
        )
        spoken = self.speaker(terms).speak(speech)  # 5
        sent = _sent(row, payload, at, terms)
        plan = Plan.of(guard) + key.plan + leaving(self._casework.leaves, row, sent, speech, spoken, key.key)  # 6
        return Attempt(row=row, sent=sent, speech=speech, spoken=spoken, key=key.key, plan=plan, stands_on=guard)

    def said(
        self, row: StoredDelivery, at: datetime, entry: Entry, provision: Provision | None = None
    ) -> tuple[Terms, Payload]:
        """1 to 4: the terms that a delivery leaves under now, and the payload: that of before where it is the same.

        Raises what `prepare` raises.
        """
        terms = self._terms(row, at, entry)
        self._check_in_time(row, terms, at, provision)
        said_before = row.payload if terms.reference == row.reference else None
        return terms, _read(row, said_before) if said_before else self._payload(row, terms, provision)

    def _check_in_time(self, row: StoredDelivery, terms: Terms, at: datetime, provision: Provision | None) -> None:
        """Raise Refused, in the adapter's words, for what has no use any more on this day."""
        too_late = cast("Outbound[Ask]", terms.interaction).too_late
        if too_late is None:
            return
        case = self._case(row, provision)
        with MappingCall(terms.name):
            said = too_late(case, local_date(at))
        if said:
            raise Refused(said)

    def whole(self, row: StoredDelivery, terms: Terms, payload: Payload) -> Payload:
        """The payload as it leaves, with documents of its case put in. Raises MappingFault `document-missing`."""
        return with_documents(terms.interaction, payload, partial(self._document, row.case_id))

    def _document(self, case_id: str, sha256: str) -> bytes | None:
        row = self._casework.reader.document(case_id, sha256)
        return None if row is None else row.body

    def _terms(self, row: StoredDelivery, at: datetime, entry: Entry) -> Terms:
        on = local_date(at)
        now = entry.active_agreement(on)
        moves = now is not None and f"{now.id}/{now.version}" != row.reference
        if row.last_attempt == 0 or (moves and self._never_arrived(row)):
            return self._directory.terms(row.agency, row.interaction, at, entry)
        own = row.agreement, row.agreement_version
        return self._directory.terms_of(row.agency, row.interaction, *own, on, entry)

    def _never_arrived(self, row: StoredDelivery) -> bool:
        """Whether it is certain of every attempt that the agency has not taken it."""
        ends = [each.outcome for each in self._casework.reader.attempts(row.id)]
        return len(ends) == row.last_attempt and set(ends) <= {Delivery.NOT_SENT.value, NOT_CALLED}

    def _entry(self, agency: str, entries: Entries) -> Entry:
        if agency not in entries:
            entries[agency] = self._directory.current(agency)
        return entries[agency]

    def _key(self, row: StoredDelivery, entry: Entry, provision: Provision | None) -> DataKey:
        """The case's data key; what was read of it holds while the registry stands where it stood then."""
        if provision is None or provision.sealed_key is None:
            return self._casework.vault.case_key(row.case_id)
        stands = provision.generation == entry.generation
        return self._casework.vault.seen_key(row.case_id, provision.sealed_key, stands=stands)

    def _case(self, row: StoredDelivery, provision: Provision | None) -> PermitCase:
        if provision is None or not provision.facts:
            return self._casework.case_at(row.case_id, row.case_version)
        return self._casework.case_of_facts(provision.facts, row.case_version)

    def _payload(self, row: StoredDelivery, terms: Terms, provision: Provision | None) -> Payload:
        case, ask = self._case(row, provision), ask_of(row)
        interaction = cast("Outbound[Ask]", terms.interaction)
        if not terms.agreed.covers(case.service) or interaction.serves is not type(ask):
            raise Unauthorised(
                f"agreement {terms.reference} has {interaction.name} not for {type(ask).__name__} of service "
                f"{case.service}, for which this was to be sent: cancel it, or agree on it",
                clause=f"{terms.reference} services (Pasal 21(2)c.2)",
            )
        with MappingCall(terms.name):
            payload = interaction.to_agency(case, ask, row.message_id)
        document = self._library.document(terms.interaction.request, soap=terms.agreed.transport.is_soap)
        beyond = excess(document, payload, terms.agreed.personal.fields)
        if beyond:
            raise MappingFault(
                f"the adapter {terms.name} sends personal data beyond the agreement: {beyond[0].path}",
                code="own-personal-data-excess",
                clause=f"{terms.reference} personal_data",
            )
        try:
            self.speaker(terms).check(terms, payload)
        except SchemaViolation as violation:
            where = ", ".join(each.path or "/" for each in violation.violations[:5])
            raise MappingFault(
                f"the adapter {terms.name} made a message that breaks the agreed schema: {where}", clause="adapter"
            ) from violation
        return payload

    def _laid_down(self, row: StoredDelivery, payload: Payload, terms: Terms, at: datetime, key: bytes) -> Plan:
        """The agreed time in which it is to be collected and acknowledged begins now."""
        values: dict[str, object] = {
            "state": Delivery.LAID_DOWN.value,
            "due_at": at,
            "lease_until": None,
            "payload": written(payload),
            "agreement": terms.agreement.id,
            "agreement_version": terms.agreement.version,
            "cause": None,
            "outcome": None,
        }
        if terms.agreed.answer_within_days is not None:
            due = answer_due(at, terms.agreed.answer_within_days, self._casework.calendar)
            values |= {"answer_due_at": due.ends_at, "remind_at": due.remind_at}
        place = {"id": row.id}
        values = sealed_with(f"case/{row.case_id}", key, DeliveryRow, place, values)
        return Plan.of(Update(DeliveryRow, place, {"state": row.state, "fence": row.fence}, values))


def ask_of(row: StoredDelivery) -> Ask:
    """The Ask that a delivery answers. Raises Refused `erased`, Tampered `sealed-damaged`."""
    return decode_ask(row.ask_kind, _read(row, row.ask_body))


def _read(row: StoredDelivery, text: str) -> Any:
    if text == ERASED:
        raise erased(f"case/{row.case_id}")
    if text == DAMAGED:
        raise Tampered(
            f"what delivery {row.id} is to say does not open: its key is gone, or it was changed: "
            "restore it from a backup",
            code="sealed-damaged",
        )
    return json.loads(text)


_writer = JsonWriter()


def written(payload: Payload) -> str:
    """A payload as its delivery keeps it."""
    return _writer.write(payload)


def _sent(row: StoredDelivery, payload: Payload, at: datetime, terms: Terms) -> StoredDelivery:
    """The delivery once its attempt is committed: its lease outlasts the call."""
    lease = at + timedelta(seconds=terms.agreed.call_timeout_s) + LEASE_BEYOND_CALL
    return replace(
        row,
        state=Delivery.SENDING.value,
        attempts=row.attempts + 1,
        last_attempt=row.last_attempt + 1,
        lease_until=lease if row.lease_until is None else max(lease, row.lease_until),
        payload=written(payload),
        agreement=terms.agreement.id,
        agreement_version=terms.agreement.version,
        cause=None,
        outcome=None,
    )
