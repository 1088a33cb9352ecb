"""An agreement (Pasal 21(2)): what two parties said they would exchange, and how. One value, immutable.

The file that people write is TOML; its shape is a JSON Schema in `schemas/agreement/`, checked by
`gateway.validation.agreement_file` before `agreement_from_document` reads it here. The canonical form (RFC 8785) of
what was read is what is hashed, signed by both parties and stored: comments and the order of keys do not count.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import rfc8785

from gateway.contract.adapter import Repeat
from gateway.contract.message import Transport
from gateway.domain.errors import Misconfigured

ANY_SERVICE = "*"
_AS_SAID = ("id", "version", "number", "agency", "guide_version", "prior_discussion")
_DUTIES = ("confidentiality", "traffic_security", "own_audit_trail")
_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_SIZE = re.compile(r"([0-9]+)(B|KiB|MiB|GiB)")
_BYTES = {"B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
_RATE = re.compile(r"([0-9]+)/(s|min)")
_DAYS = re.compile(r"([0-9]+) hari kerja")
_YEARS = re.compile(r"([0-9]+) years?")


@dataclass(frozen=True, kw_only=True)
class RetrySchedule:
    """When a delivery is tried again: waits in seconds that grow by `factor`, and how many attempts in all."""

    first_s: float = 5.0
    factor: float = 2.0
    max_s: float = 600.0
    attempts: int = 8


@dataclass(frozen=True, kw_only=True)
class PersonalData:
    """Which personal fields may travel, and what for. `fields` are paths below the document's root, both ways."""

    purpose: str
    fields: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class AgreedInteraction:
    """One agreed interaction: model (21(2)c.1), services (c.2), data and format (c.3), security, service level.

    `answer_within_days` are hari kerja; `call_timeout_s` seconds; `max_size` bytes; `rate_per_s` messages;
    `keep_for_years` years of retention; `concurrency` calls at once at most, None where nothing was agreed.
    `visible_again_s`, of a mailbox: seconds after which an item that was not acknowledged can be collected again.
    `result` and `formats`, of a batch: the schema of what is said of each record, and the forms of its files.
    """

    name: str
    model: str
    services: tuple[str, ...]
    service_class: str
    transport: Transport
    security: str
    request: str
    reply: str | None
    answer: str | None
    answer_within_days: int | None
    call_timeout_s: float
    max_size: int
    rate_per_s: float | None
    keep_for_years: int
    repeat: Repeat | None
    minimum_requirements: str
    confidential: bool
    personal: PersonalData
    retry: RetrySchedule = field(default_factory=RetrySchedule)
    concurrency: int | None = None
    visible_again_s: float | None = None
    result: str | None = None
    formats: tuple[str, ...] = ()

    @property
    def version(self) -> str:
        """The version of its schemas, as the id of its request says it; "none" where that id has none."""
        parts = self.request.split("/")
        return parts[2] if len(parts) == 4 else "none"

    def covers(self, service: str) -> bool:
        """Tell whether cases of that service are within the agreement."""
        return ANY_SERVICE in self.services or service in self.services


@dataclass(frozen=True)
class Contact:
    """Whom to call: a unit or function, never a person by name. `role` is pengelola, teknis or keamanan."""

    role: str
    name: str
    email: str


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """One version of an agreement. `document` is the file's content, whose canonical form is hashed and signed.

    `valid_from` and `valid_until` are days of Jakarta, both included; `number` is that of the written agreement.
    `guide_version` is the usage guide that was accepted (Pasal 20 a); `confidentiality` and `traffic_security` are the
    duties of Pasal 20 c and d as agreed; `prior_discussion` is its record (Pasal 21(2)b); `own_audit_trail` says that
    the agency keeps a trail of its own (Pasal 22(2)).
    """

    id: str
    version: str
    number: str
    agency: str
    valid_from: date
    valid_until: date
    legal_basis: tuple[str, ...]
    guide_version: str
    prior_discussion: str
    confidentiality: str
    traffic_security: str
    own_audit_trail: bool
    interactions: tuple[AgreedInteraction, ...]
    document: Mapping[str, Any]
    contacts: tuple[Contact, ...] = ()

    def in_force(self, on: date) -> bool:
        """Tell whether `on` lies between `valid_from` and `valid_until`, both included."""
        return self.valid_from <= on <= self.valid_until

    def interaction(self, name: str) -> AgreedInteraction | None:
        """The agreed interaction of that name, or None."""
        return next((each for each in self.interactions if each.name == name), None)


def agreement_from_document(document: Mapping[str, Any]) -> Agreement:
    """Read a document that keeps to the agreement schema; dates may be dates or ISO text.

    Raises Misconfigured `agreement-malformed`, naming the place.
    """
    plain = _plain(document)
    head = plain["agreement"]
    valid_from, valid_until = (date.fromisoformat(head[name]) for name in ("valid_from", "valid_until"))
    if valid_until < valid_from:
        raise _malformed("agreement/valid_until", f"a day not before {valid_from}", head["valid_until"])
    interactions = tuple(_interaction(each) for each in plain["interaction"])
    names = [each.name for each in interactions]
    if len(set(names)) != len(names):
        raise _malformed("interaction", "each name once", ", ".join(names))
    return Agreement(
        **{name: head[name] for name in (*_AS_SAID, *_DUTIES)},
        valid_from=valid_from,
        valid_until=valid_until,
        legal_basis=tuple(head["legal_basis"]),
        interactions=interactions,
        document=plain,
        contacts=tuple(Contact(each["role"], each["name"], each["email"]) for each in head.get("contacts", ())),
    )


def to_document(agreement: Agreement) -> dict[str, Any]:
    """Give the file's content as JSON, dates as ISO text: a copy, so that changing it changes no agreement."""
    return dict(_plain(agreement.document))


def canonical_bytes(agreement: Agreement) -> bytes:
    """Give the form that is hashed and signed (RFC 8785)."""
    return rfc8785.dumps(to_document(agreement))


def agreement_hash(agreement: Agreement) -> str:
    """Give the SHA-256 of the canonical form, in hex."""
    return hashlib.sha256(canonical_bytes(agreement)).hexdigest()


def from_canonical(text: str | bytes) -> Agreement:
    """Read a stored canonical form.

    Raises Misconfigured `agreement-malformed`: it is not what `canonical_bytes` wrote.
    """
    try:
        return agreement_from_document(json.loads(text))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _malformed("the stored form", "what canonical_bytes wrote", type(error).__name__) from error


def _interaction(said: Mapping[str, Any]) -> AgreedInteraction:
    where = f"interaction {said['name']}"
    retry, personal = said.get("retry"), said["personal_data"]
    return AgreedInteraction(
        name=said["name"],
        model=said["model"],
        services=tuple(said["services"]),
        service_class=said["service_class"],
        transport=Transport(said["transport"]),
        security=said["security"],
        request=said["request"],
        reply=said.get("reply"),
        answer=said.get("answer"),
        answer_within_days=_optional(_DAYS, said.get("answer_within"), f"{where}/answer_within"),
        call_timeout_s=_duration(said["call_timeout"], f"{where}/call_timeout"),
        max_size=_size(said["max_size"], f"{where}/max_size"),
        rate_per_s=_rate(said.get("rate"), f"{where}/rate"),
        keep_for_years=_optional(_YEARS, said["keep_for"], f"{where}/keep_for") or 0,
        repeat=Repeat(said["repeat"]) if "repeat" in said else None,
        minimum_requirements=said["minimum_requirements"],
        confidential=said["confidential"],
        personal=PersonalData(purpose=personal["purpose"], fields=frozenset(personal["fields"])),
        retry=_retry(retry, where) if retry else RetrySchedule(),
        concurrency=said.get("concurrency"),
        visible_again_s=_duration(said["visible_again"], f"{where}/visible_again") if "visible_again" in said else None,
        result=said.get("result"),
        formats=tuple(said.get("formats", ())),
    )


def _retry(said: Mapping[str, Any], where: str) -> RetrySchedule:
    return RetrySchedule(
        first_s=_duration(said["first"], f"{where}/retry/first"),
        factor=float(said["factor"]),
        max_s=_duration(said["max"], f"{where}/retry/max"),
        attempts=said["attempts"],
    )


def _duration(text: str, where: str) -> float:
    match = _DURATION.fullmatch(text)
    if match is None or float(match[1]) <= 0:
        raise _malformed(where, "a duration such as 500ms, 10s, 5m or 1h", text)
    return float(match[1]) * _SECONDS[match[2]]


def _size(text: str, where: str) -> int:
    match = _SIZE.fullmatch(text)
    if match is None or int(match[1]) == 0:
        raise _malformed(where, "a size such as 64KiB or 5MiB", text)
    return int(match[1]) * _BYTES[match[2]]


def _rate(text: str | None, where: str) -> float | None:
    if text is None:
        return None
    match = _RATE.fullmatch(text)
    if match is None or int(match[1]) == 0:
        raise _malformed(where, "a rate such as 20/s or 60/min", text)
    return int(match[1]) / (60 if match[2] == "min" else 1)


def _optional(pattern: re.Pattern[str], text: str | None, where: str) -> int | None:
    if text is None:
        return None
    match = pattern.fullmatch(text)
    if match is None:
        raise _malformed(where, "a period such as 3 hari kerja, or 10 years", text)
    return int(match[1])


def _plain(value: Any) -> Any:
    """JSON of what TOML gave: dates as ISO text, fractions refused (RFC 8785 has one spelling for each number)."""
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):
        raise _malformed("a number", "a whole number", str(value))
    return value


def _malformed(where: str, expected: str, found: str) -> Misconfigured:
    return Misconfigured(
        f"agreement, at {where}: expected {expected}, found {found[:80]!r}", code="agreement-malformed"
    )
