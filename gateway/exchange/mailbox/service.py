"""What a service of the mailbox is, and the terms that it is used under."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeAlias

from gateway.contract.adapter import Adapter, Document, Inbound, Mailbox
from gateway.contract.agreement import AgreedInteraction, Agreement
from gateway.contract.differences import declared_for
from gateway.contract.message import Payload
from gateway.domain.calendar import local_date
from gateway.domain.errors import Unauthorised
from gateway.exchange.directory import Terms
from gateway.exchange.entry import Entry
from gateway.exchange.own_services import about_no_case, own_service
from gateway.exchange.spoken import Spoken, Telling, not_now
from gateway.store.plan import Plan

PREFIX = "mailbox."
"""How the names of these services begin; no adapter may declare such a name."""
PATH = "mailbox/"
"""How their REST paths begin; no adapter may declare such a path."""
MAX_BYTES = 128 * 1024
"""The largest body of a message to them: 50 acknowledgements with a text each, and an envelope with its certificate."""


@dataclass(frozen=True, kw_only=True)
class Visit:
    """An agency that came, proven and let in: what it asks, and what the registry said of it when it was judged.

    `exchange` is the id of its exchange, `actor` the proof of who came. `patient`: it may be told that there is nothing
    yet, to come again.
    """

    entry: Entry
    adapter: Adapter
    payload: Payload
    exchange: str
    actor: str
    received_at: datetime
    patient: bool

    @property
    def agency(self) -> str:
        """Who came."""
        return self.adapter.agency.id


@dataclass(frozen=True, kw_only=True)
class Handed:
    """What a visit comes to: the answer, and what is committed with it."""

    payload: Payload
    plan: Plan


@dataclass(frozen=True)
class Nothing:
    """Nothing is there yet, and the agency would wait for so many `seconds` more."""

    seconds: float


Serves: TypeAlias = Callable[[Visit], Handed | Nothing]
"""Serves one visit. It reads and plans; the plan is committed with the exchange, or the visit served anew.

Nothing is for those who are patient.
"""


@dataclass(frozen=True, kw_only=True)
class MailboxService(Inbound):
    """One of the two services. Looks up no case by what the message says."""

    reply: Document
    serve: Serves
    about: Callable[[Payload], tuple[()]] = field(default=about_no_case)


def mailboxes(adapter: Adapter, agreement: Agreement) -> tuple[AgreedInteraction, ...]:
    """The interactions of an agreement whose messages the agency collects."""
    return tuple(each for each in agreement.interactions if isinstance(declared_for(adapter, agreement, each), Mailbox))


def mailbox_spoken(adapter: Adapter, service: MailboxService, entry: Entry, telling: Telling) -> Spoken:
    """The terms that a message to a service is spoken under, or why there are none.

    One that names another version that has begun is known by that version, and refused if it is new.
    """
    at = telling.message.received_at
    try:
        terms = mailbox_terms(adapter, service, entry, at)
    except Unauthorised as uncovered:
        return Spoken(terms=uncovered)
    named = (each for each in entry.begun if f"{each.id}/{each.version}" == telling.proven.agreement)
    other = next((each for each in named if each != terms.agreement and mailboxes(adapter, each)), None)
    if other is None:
        return Spoken(terms=terms)
    spoken = replace(terms, agreement=other)
    return Spoken(terms=spoken, not_now=not_now(telling, entry, spoken, terms.agreement))


def mailbox_terms(adapter: Adapter, service: MailboxService, entry: Entry, at: datetime) -> Terms:
    """The terms of a service at that moment: those of the agreement in force, if it has a mailbox.

    If it has none any more, what lies there from an earlier version is collected and acknowledged all the same.
    Raises Unauthorised as `Directory.terms` does.
    """
    entry.check_not_suspended()
    today = local_date(at)
    agreement = entry.agreement_in_force(today)
    begun = (each for each in entry.begun if each.valid_from <= today)
    if not any(mailboxes(adapter, each) for each in begun):
        raise Unauthorised(
            f"agreement {agreement.id} {agreement.version} has no interaction of model mailbox: there is nothing to "
            "collect",
            clause=f"{agreement.id} (Pasal 21(2)c.1)",
        )
    return Terms(adapter=adapter, interaction=service, agreement=agreement, agreed=agreed_service(service))


def agreed_service(service: MailboxService) -> AgreedInteraction:
    """What holds of a service under every agreement that has a mailbox; its items have terms of their own."""
    return own_service(
        service,
        model="mailbox",
        reply=service.reply,
        max_size=MAX_BYTES,
        call_timeout_s=30.0,
        purpose="about messages; what is in them is sealed in each",
    )
