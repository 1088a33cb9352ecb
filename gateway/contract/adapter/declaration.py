"""What an author declares: the interaction models, typed, and the adapter that holds them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Generic, Literal, TypeAlias, TypeVar

from gateway.contract.adapter.answers import Accept, Decline, Heard
from gateway.contract.message import Payload, Refusal, Reply
from gateway.contract.versions import version_order
from gateway.domain.case import PermitCase
from gateway.domain.events import Ask, CaseEvent, Reference

A = TypeVar("A", bound=Ask)
E = TypeVar("E", bound=CaseEvent)

Document: TypeAlias = str
"""The id of a published schema document: `<agency>/<interaction>/<version>/<name>`."""

Found: TypeAlias = Mapping[Reference, tuple[PermitCase, ...]]
"""The cases that the hub found for each reference that `about` named; an unknown reference has an empty tuple."""


class AgencyKind(StrEnum):
    """Pasal 4(3)b knows two kinds: horizontal stands beside the office in the city, vertical does not.

    Horizontal are the city's own dinas and what it runs itself (its mail relay). Vertical is everybody whom the city
    does not command: central government, banks, and contractors such as an SMS aggregator or a courier. The regulation
    has no third word for those, and the hub treats neither kind otherwise: what differs stands in each agreement.
    """

    VERTICAL = "vertical"
    HORIZONTAL = "horizontal"


@dataclass(frozen=True)
class Agency:
    """An agency by its short id (used in paths and file names) and its full name."""

    id: str
    name: str
    kind: AgencyKind


class Repeat(StrEnum):
    """What the hub may do when it cannot know whether a message arrived."""

    SAFE = "safe"
    """Asking again changes nothing."""
    SAME_ID = "same-id"
    """The agency recognises the message id and answers as before."""
    PROBE = "probe"
    """Ask first with the interaction named in `probe`."""
    NEVER = "never"
    """A person decides."""


@dataclass(frozen=True, kw_only=True)
class Interaction:
    """What every model shares.

    `security` names the dialect (`wss-x509`, `jws`, `snap-bi`, `oss-token`, `basic`, ...); `path` is appended to the
    endpoint that staff configured; `redact` names payload members whose values are secrets, filled in by the dialect
    at sending and stored masked; `request` is the schema of what the first speaker sends. In a message of ours
    `{member}` in `path` is that member of the payload, and each `{{document:<sha256>}}` in a member that `documents`
    names becomes that document of the case, in base64, at sending.

    `version` is that of its schemas, the folder they lie in. A name may be declared once for each version, with other
    mappings, transport or security: an agreement takes the one whose request it names. `since` and `until` are the
    first and the last version of the agreement that have it, "" for no bound: an interaction that agreement 1.1 adds
    is declared with `since="1.1"`, and one that 1.1 has no more with `until="1.0"`.
    """

    name: str
    security: str
    request: Document
    version: str = "1.0"
    path: str = ""
    redact: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()
    since: str = ""
    until: str = ""

    def is_of(self, agreement_version: str) -> bool:
        """Tell whether it is declared for that version of the agreement."""
        order = version_order(agreement_version)
        begun = not self.since or version_order(self.since) <= order
        return begun and (not self.until or order <= version_order(self.until))


@dataclass(frozen=True, kw_only=True)
class Outbound(Interaction, Generic[A]):
    """The hub speaks first. `to_agency(case, ask, message_id)` is pure and is called once per delivery.

    `too_late(case, day)` says for officers, in Indonesian, why nothing may leave on that day any more, "" while it may;
    asked before each attempt, since a delivery may be held back or sent again weeks later.
    """

    serves: type[A]
    to_agency: Callable[[PermitCase, A, str], Payload]
    repeat: Repeat
    probe: str | None = None
    too_late: Callable[[PermitCase, date], str] | None = None


@dataclass(frozen=True, kw_only=True)
class Query(Outbound[A]):
    """Asked and answered in one call; retried only while that is safe.

    `method` GET (RFC 9110, 9.3.1) sends no body: all that is asked stands in `path`. It is spoken over REST, under a
    profile that signs no body.
    """

    reply: Document
    to_case: Callable[[PermitCase, A, Payload], Heard]
    method: Literal["GET", "POST"] = "POST"


@dataclass(frozen=True, kw_only=True)
class Notification(Outbound[A]):
    """Told and acknowledged. Without `reply`, any 2xx answer is the acknowledgement."""

    reply: Document | None = None
    to_case: Callable[[PermitCase, A, Payload], Heard] | None = None


@dataclass(frozen=True, kw_only=True)
class Request(Outbound[A]):
    """Asked now, answered later by callback. `answers` reads the id of our message from an answer's body.

    With `answers` None the answer is correlated by WS-Addressing RelatesTo, or the `rel` header member over REST.
    """

    answer: Document
    to_case: Callable[[PermitCase, A, Payload], Accept | Decline]
    answers: Callable[[Payload], str] | None = None


@dataclass(frozen=True, kw_only=True)
class Mailbox(Outbound[A]):
    """Laid down for an agency that has no endpoint; it collects each item, and acknowledges it.

    An item is the message that would have been sent, under one message id however often it is collected: `repeat` is
    SAME_ID. `on_collected` tells what the acknowledgement means for the case; None: nothing but that it came.
    """

    on_collected: Callable[[PermitCase, A], Accept] | None = None


@dataclass(frozen=True, kw_only=True)
class Inbound(Interaction):
    """The agency speaks first. `about` names the references that the hub looks up before the mapping is called.

    `identity` reads the message's identity from its body, for dialects that carry no message id.
    """

    about: Callable[[Payload], tuple[Reference, ...]]
    identity: Callable[[Payload], str] | None = None


@dataclass(frozen=True, kw_only=True)
class Inquiry(Inbound):
    """The agency asks; the hub answers from what it knows. Changes nothing."""

    reply: Document
    answer: Callable[[Payload, Found], Payload | Decline]


@dataclass(frozen=True, kw_only=True)
class Submission(Inbound):
    """The agency tells; the hub records, applies, and acknowledges.

    `says_state`: its messages bear no id and say how something stands. One that comes again after another about the
    same cases is taken anew (decision 0073), so the mapping has to compare with the case and to say nothing twice.
    """

    to_cases: Callable[[Payload, Found], Accept | Decline]
    reply: Document | None = None
    says_state: bool = False


@dataclass(frozen=True, kw_only=True)
class Expected(Generic[E]):
    """What an agency's file about some days should name: each case to which `fact` came in those days.

    `at` says when that was. `own`: only facts that this agency told. `names(payload, case)` says whether a record that
    was accepted is about the fact of that case; one that is about something else names nothing. Of a case that neither
    the file nor an earlier one of its interaction named, `missed` says for an officer what is missing and what to do,
    "" for nothing. The days are the manifest's `period`: a file that does not say it is refused.
    """

    fact: type[E]
    at: Callable[[E], datetime]
    names: Callable[[Payload, PermitCase], bool]
    missed: Callable[[PermitCase], str]
    own: bool = False


@dataclass(frozen=True, kw_only=True)
class Batch(Inbound):
    """A file of records. `request` is the schema of one record, `result` of what is said of each.

    The agency's file: `about` and `to_cases` are called for each record, and `result_of` writes what became of it (by
    the mapping's own word, or the refusal). The office's file: `to_agency` makes the record of one case, None for a
    case that is not in it; `about` and `to_cases` are then called with the agency's result of each record, which says
    its `number` in the file.

    `expects`: what an agency's file should name. `quiet` are the values of `outcome` in the result of which staff need
    not know; the other lines they can read.
    """

    result: Document
    to_cases: Callable[[Payload, Found], Accept | Decline]
    result_of: Callable[[Payload, Accept | Decline | Refusal], Payload] | None = None
    to_agency: Callable[[PermitCase], Payload | None] | None = None
    expects: Expected[Any] | None = None
    quiet: tuple[str, ...] = ("accepted",)

    @property
    def is_of_office(self) -> bool:
        """Whether the office sends the file."""
        return self.to_agency is not None


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """For agencies whose answers have their own shape. The payload is None when refused before it was read."""

    refuse: Callable[[Interaction, Refusal, Payload | None], Reply]
    accept: Callable[[Interaction, Payload, Accept], Reply]


@dataclass(frozen=True, kw_only=True)
class Adapter:
    """One agency's plug-in.

    `agreement` is the id it was written for, in every version that its interactions name; `package` holds its schemas
    when it is shipped apart.
    """

    agency: Agency
    agreement: str
    package: str
    interactions: tuple[Interaction, ...]
    dialect: Dialect | None = None

    def interaction(self, name: str) -> Interaction | None:
        """The interaction of that exact name, as it is declared first, or None."""
        return next((each for each in self.interactions if each.name == name), None)

    def dialect_of(self, declared: Interaction) -> Dialect | None:
        """The shape of its answers where it is not ours; a batch is answered in ours, whatever else it speaks."""
        return None if isinstance(declared, Batch) else self.dialect

    def named(self, name: str) -> tuple[Interaction, ...]:
        """All declarations of that exact name."""
        return tuple(each for each in self.interactions if each.name == name)
