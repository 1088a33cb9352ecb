"""What a meta-service is, and the terms that stand in place of an agreement."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TypeAlias

from gateway.contract.adapter import Adapter, Document, Inbound
from gateway.contract.agreement import Agreement
from gateway.contract.message import Message, Payload
from gateway.dialect.party import Proven
from gateway.domain.errors import Refused
from gateway.exchange.directory import Terms
from gateway.exchange.own_services import about_no_case, own_service

PREFIX = "meta."
"""How the names of meta-services begin; no adapter may declare such a name."""
PATH = "meta/"
"""How their REST paths begin; no adapter may declare such a path."""
REFERENCE = "meta/1.0"
"""What stands in `agr` of a JWS and in leaves, where an agreement stands else."""
JWS = "jws"
MAX_BYTES = 64 * 1024
"""The largest body of a question; an envelope with its certificate has about 5 KiB."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A question that was let in: by whom, proven how, in which exchange."""

    agency: str
    payload: Payload
    message: Message
    proven: Proven
    message_id: str
    exchange: str

    @property
    def at(self) -> datetime:
        """When it arrived."""
        return self.message.received_at


Answers: TypeAlias = Callable[[Asked], Payload]
"""What answers a meta-service. It raises Refused for what is not there, Retriable for what is not there yet."""

Explains: TypeAlias = Callable[[Message, Refused], Refused]
"""Adds to a refusal what else was found, as violations: path the step, rule what was expected, text what came."""


def unexplained(message: Message, refusal: Refused) -> Refused:  # noqa: ARG001 - the form of Explains
    """The refusal as it is."""
    return refusal


@dataclass(frozen=True, kw_only=True)
class MetaInquiry(Inbound):
    """An inquiry about the exchange itself. `explain` sees each refusal of a sender who is not proven."""

    reply: Document
    answer: Answers
    explain: Explains = unexplained
    about: Callable[[Payload], tuple[()]] = field(default=about_no_case)


def meta_terms(adapter: Adapter, inquiry: MetaInquiry) -> Terms:
    """The terms of a meta-service: the hub's own word, the same for every agency and at every time."""
    agreement_id, _, version = REFERENCE.partition("/")
    agreed = own_service(
        inquiry,
        model="inquiry",
        reply=inquiry.reply,
        max_size=MAX_BYTES,
        call_timeout_s=10.0,
        purpose="about the exchange itself, no personal data",
    )
    agreement = Agreement(
        id=agreement_id,
        version=version,
        number="",
        agency=adapter.agency.id,
        valid_from=date.min,
        valid_until=date.max,
        legal_basis=(),
        guide_version="",
        prior_discussion="",
        confidentiality="",
        traffic_security="",
        own_audit_trail=False,
        interactions=(agreed,),
        document={},
    )
    return Terms(adapter=adapter, interaction=inquiry, agreement=agreement, agreed=agreed)


def plain(text: str, most: int) -> str:
    """A text as any transport carries it: at most so many characters, and what cannot be printed as a space."""
    cut = text if len(text) <= most else f"{text[: most - 3]}..."
    return "".join(each if each.isprintable() else " " for each in cut)


def moment(at: datetime) -> str:
    """An instant as replies write it: UTC, to the millisecond."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
