"""What `simojo adapter new` is asked for, held to what can be. Each refusal says what may be given instead."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from keyword import iskeyword
from types import MappingProxyType

from gateway.contract.adapter import AgencyKind
from gateway.contract.message import Transport
from gateway.domain.errors import Refused
from gateway.domain.facts import ASK_KINDS

_AGENCY = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*", re.ASCII)
_INTERACTION = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*", re.ASCII)
_NAME = re.compile(r"[^\W_](?:[\w .,()/'-]*[\w.)])?")
_TAKEN = frozenset({"simojo", "agreement", "catalogue"})
"""Folders of schemas/ that are no agency's."""

_WITH_SECRETS = frozenset({"SendPin"})
"""Asks whose message holds what nobody stores: only the profile of an aggregator fills it in (`gateway.dialect`)."""


class Model(StrEnum):
    """The seven interaction models, as agreements name them."""

    QUERY = "query"
    REQUEST = "request"
    NOTIFICATION = "notification"
    INQUIRY = "inquiry"
    SUBMISSION = "submission"
    MAILBOX = "mailbox"
    BATCH = "batch"


SERVES: Mapping[Model, str] = MappingProxyType(
    {
        Model.QUERY: "VerifyResident",
        Model.REQUEST: "RequestRecommendation",
        Model.NOTIFICATION: "NotifyApplicant",
        Model.MAILBOX: "RequestRecommendation",
    }
)
"""The Ask that each model serves when none is named; the other models serve none: there the agency speaks first."""

SERVABLE = tuple(sorted(name for name in ASK_KINDS if name not in _WITH_SECRETS))
"""What a case asks of the outside, and a skeleton can serve."""

INTERACTIONS: Mapping[Model, str] = MappingProxyType(
    {
        Model.QUERY: "registry-check",
        Model.REQUEST: "technical-recommendation",
        Model.NOTIFICATION: "notice",
        Model.INQUIRY: "permit-validity",
        Model.SUBMISSION: "field-report",
        Model.MAILBOX: "incoming-work",
        Model.BATCH: "field-reports",
    }
)
"""What an interaction of each model is called when no name is given."""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One adapter with one interaction. `serves` is an Ask by name, None where the agency speaks first.

    `year` is that in which the agreement begins. `apart`: a distribution of its own.
    """

    agency: str
    name: str
    kind: AgencyKind
    model: Model
    transport: Transport
    interaction: str
    serves: str | None
    year: int
    apart: bool

    @property
    def security(self) -> str:
        """Our own profile of the transport: both parties sign."""
        return "wss-x509" if self.transport.is_soap else "jws"

    @property
    def module(self) -> str:
        """The agency's id as Python can import it."""
        return self.agency.replace("-", "_")

    @property
    def package(self) -> str:
        """The Python package that holds the adapter."""
        return f"simojo_adapter_{self.module}" if self.apart else f"adapters.{self.module}"

    @property
    def agreement(self) -> str:
        """The agreement's id."""
        return f"{self.agency}-{self.year}"


def chosen(
    *,
    agency: str,
    name: str | None,
    kind: AgencyKind,
    model: Model,
    transport: Transport,
    interaction: str | None,
    serves: str | None,
    year: int,
    apart: bool,
) -> Choice:
    """The choice, what was left out filled in.

    Raises Refused: `agency-invalid`, `name-invalid`, `interaction-invalid`, `serves-invalid`, `transport-invalid`.
    """
    _check_agency(agency)
    called = name or f"Instansi {agency}"
    if len(called) > 80 or not _NAME.fullmatch(called):
        raise Refused(
            f"--name {called[:80]!r}: a name has at most 80 letters, digits, blanks and .,()/'- in one line",
            code="name-invalid",
        )
    spoken = interaction or INTERACTIONS[model]
    if len(spoken) > 40 or not _INTERACTION.fullmatch(spoken):
        raise Refused(
            f"--interaction {spoken[:60]!r}: at most 40 small letters and digits, with - between words, such as "
            f"{INTERACTIONS[model]}",
            code="interaction-invalid",
        )
    if model is Model.BATCH and transport.is_soap:
        raise Refused(
            "a batch is a file, and travels over REST or through a watched folder: give --transport rest",
            code="transport-invalid",
        )
    return Choice(
        agency=agency,
        name=called,
        kind=kind,
        model=model,
        transport=transport,
        interaction=spoken,
        serves=_served(model, serves),
        year=year,
        apart=apart,
    )


def _check_agency(agency: str) -> None:
    if not 2 <= len(agency) <= 31 or not _AGENCY.fullmatch(agency):
        raise Refused(
            f"agency {agency[:60]!r}: an id has 2 to 31 small letters and digits, begins with a letter, and may have - "
            "between words, such as dinsos or satpol-pp",
            code="agency-invalid",
        )
    if agency in _TAKEN or iskeyword(agency):
        raise Refused(
            f"agency {agency!r}: that word has another meaning here, choose another id", code="agency-invalid"
        )


def _served(model: Model, serves: str | None) -> str | None:
    if model not in SERVES:
        if serves is not None:
            raise Refused(
                f"--serves {serves[:60]} does not go with a {model}: there the agency speaks first, leave it out",
                code="serves-invalid",
            )
        return None
    asked = serves or SERVES[model]
    if asked in _WITH_SECRETS:
        raise Refused(
            f"{asked} holds a secret that a security profile of its own fills in: begin from adapters/sms",
            code="serves-invalid",
        )
    if asked not in SERVABLE:
        raise Refused(
            f"--serves {asked[:60]!r}: a case has no such need, it has {', '.join(SERVABLE)}", code="serves-invalid"
        )
    return asked
