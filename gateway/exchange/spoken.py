"""Which version of an agreement a message from an agency is spoken under, and whether that one holds for it.

What an agency begins goes by the version in force on the day. A message of another version, told by what it names
(`agr` of a JWS), by its element (SOAP) or by its profile, is known by that version's terms and refused, unless it is
the repeat of one that was answered while they held: then it gets that answer again.

A callback goes by the version under which its message was sent, whatever is in force by now, and is refused in the
form of another one. Which message it answers is told by RelatesTo or `rel`, or else by its body: by that over SOAP only
once it is read, so the form alone says the version here, and `gateway.exchange.answering` compares.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from gateway.contract.adapter import Adapter, Document, Interaction, Request
from gateway.contract.agreement import Agreement
from gateway.contract.message import Message
from gateway.dialect.party import Proven
from gateway.domain.calendar import local_date
from gateway.domain.errors import Unauthorised
from gateway.exchange.directory import Directory, Terms
from gateway.exchange.entry import Entry
from gateway.exchange.terms import terms_under
from gateway.store.reading import Reader


class VersionExpected(Unauthorised):
    """An answer in another version than that of its message: the same may be said again under the right one."""

    default_code = "version-expected"


@dataclass(frozen=True, kw_only=True)
class Spoken:
    """The terms that a message is spoken under, or why none cover it; `not_now`: why they do not hold for a new one."""

    terms: Terms | Unauthorised
    not_now: Unauthorised | None = None


@dataclass(frozen=True, kw_only=True)
class Telling:
    """What a proven message tells of its version.

    `served` is the interaction at its address, `form` the id of the document that its element belongs to, None where
    the transport does not tell.
    """

    message: Message
    proven: Proven
    served: Interaction
    form: Document | None

    def fits(self, terms: Terms) -> bool:
        """Whether it may be spoken under these terms."""
        return (
            terms.interaction.security == self.served.security
            and self.proven.agreement in (None, terms.reference)
            and self.form in (None, terms.heard_document)
        )


def spoken_under(telling: Telling, directory: Directory, reader: Reader, entry: Entry) -> Spoken:
    """Find the terms of a message, by the agency's `entry`."""
    message = telling.message
    in_force: Terms | Unauthorised
    try:
        in_force = directory.terms(message.agency, telling.served.name, message.received_at, entry)
    except Unauthorised as uncovered:
        in_force = uncovered
    now = entry.active_agreement(local_date(message.received_at))
    if now is None or entry.suspended is not None:
        return Spoken(terms=in_force)
    if isinstance(telling.served, Request):
        answered = _answered(telling, directory, reader, entry)
        if answered is not None:
            return answered
    if isinstance(in_force, Terms) and telling.fits(in_force):
        return Spoken(terms=in_force)
    return _in_another(telling, directory, entry, now, in_force) or Spoken(terms=_held_to_profile(telling, in_force))


def _in_another(
    telling: Telling, directory: Directory, entry: Entry, now: Agreement, in_force: Terms | Unauthorised
) -> Spoken | None:
    """The terms of a version that is not in force, where it is spoken under one; None where it is not."""
    adapter = directory.adapters[telling.message.agency]
    others = (terms_under(adapter, each, telling.served.name) for each in entry.begun if each is not now)
    other = next((each for each in others if each is not None and telling.fits(each)), None)
    if other is None:
        return None
    if isinstance(telling.served, Request):
        return Spoken(terms=other)
    refusal = not_now(telling, entry, other, now)
    if isinstance(in_force, Terms) and in_force.agreed.confidential and telling.proven.plain is None:
        return Spoken(terms=refusal)  # what was answered in clear before is not repeated in clear
    return Spoken(terms=other, not_now=refusal)


def _held_to_profile(telling: Telling, in_force: Terms | Unauthorised) -> Terms | Unauthorised:
    """The terms in force, if what was proven was proven as they have it."""
    if not isinstance(in_force, Terms) or in_force.interaction.security == telling.served.security:
        return in_force
    return Unauthorised(
        f"agreement {in_force.reference} has {telling.served.name} with profile {in_force.interaction.security}, not "
        f"with {telling.served.security}",
        clause=in_force.reference,
    )


def _answered(telling: Telling, directory: Directory, reader: Reader, entry: Entry) -> Spoken | None:
    """The terms of the message that a callback names as the one it answers; None where it names none of ours."""
    agency, name = telling.message.agency, telling.served.name
    named = (reader.delivery_by_message(agency, each) for each in _named(telling, directory.adapters[agency]))
    row = next((each for each in named if each is not None and each.interaction == name), None)
    if row is None:
        return None
    try:
        terms = directory.terms_of(agency, row.interaction, row.agreement, row.agreement_version, entry=entry)
    except Unauthorised as uncovered:
        return Spoken(terms=uncovered)
    return Spoken(terms=terms, not_now=None if telling.fits(terms) else _expected(terms))


def _named(telling: Telling, adapter: Adapter) -> Iterator[str]:
    """The messages that a callback may answer, by id, as its addressing has it or its body in each version's way."""
    if telling.proven.relates_to:
        yield telling.proven.relates_to
        return
    body = telling.proven.document
    for each in adapter.named(telling.served.name):
        if isinstance(each, Request) and each.answers is not None and isinstance(body, dict):
            with suppress(KeyError, TypeError, ValueError, AttributeError):  # validation will say what is wrong
                yield str(each.answers(body))


def _expected(terms: Terms) -> VersionExpected:
    return VersionExpected(
        f"this answers a message that was sent under {terms.reference}: answer it under the same, as "
        f"{terms.heard_document}",
        clause=terms.reference,
    )


def not_now(telling: Telling, entry: Entry, spoken: Terms, now: Agreement) -> Unauthorised:
    """The refusal of what is said under a version that is not in force."""
    said, holds = spoken.reference, f"{now.id}/{now.version}"
    place = f"/rest/{entry.agency}/openapi.json"
    if telling.message.transport.is_soap:
        place = f"/soap/{entry.agency}/{telling.served.name}?wsdl"
    if spoken.agreement in entry.coming(local_date(telling.message.received_at)):
        return Unauthorised(
            f"agreement {said} is in force from {spoken.agreement.valid_from} on; until then it is {holds}, whose "
            f"documents are at {place}",
            code="version-not-yet",
            clause=holds,
        )
    ended = "is no longer in force" if spoken.agreement in entry.active else "was ended"
    return Unauthorised(
        f"agreement {said} {ended}: {holds} is in force, since {now.valid_from}, and its documents are at {place}",
        code="version-superseded",
        clause=holds,
    )
