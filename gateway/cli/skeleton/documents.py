"""The documents of each model, member by member: little enough to be read at a glance, real enough to be exchanged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from gateway.cli.skeleton.choice import Choice, Model
from gateway.contract import samples


class Kind(StrEnum):
    """The types of members that the templates know."""

    TOKEN = "Token"  # noqa: S105 - a short text without line breaks, no secret
    TEXT = "Text"
    FLAG = "Flag"
    DATE = "Date"
    NIK = "Nik"
    PHONE = "Phone"


@dataclass(frozen=True, kw_only=True)
class Member:
    """One member. `source` is what our mapping writes there, in Python; `personal` its kind of personal data, or ""."""

    name: str
    kind: Kind
    example: str | bool
    text: str
    source: str = ""
    personal: str = ""


@dataclass(frozen=True, kw_only=True)
class Document:
    """One document by its name in the agreement (`request`, `reply`, `answer`)."""

    name: str
    text: str
    members: tuple[Member, ...]

    @property
    def personal(self) -> tuple[Member, ...]:
        """The members that are personal data."""
        return tuple(each for each in self.members if each.personal)

    @property
    def kinds(self) -> frozenset[str]:
        """The types that occur."""
        return frozenset(each.kind.value for each in self.members)


def _member(name: str, kind: Kind, example: str | bool, text: str, source: str = "", personal: str = "") -> Member:
    return Member(name=name, kind=kind, example=example, text=text, source=source, personal=personal)


_CASE = _member("case", Kind.TOKEN, samples.CASE_ID, "The case, as DPM-PTSP names it.", "case.id")
_SERVICE = _member("service", Kind.TOKEN, "krk", "The service that is applied for.", "case.service")
_PERMIT = _member("permitNumber", Kind.TOKEN, samples.NUMBER, "As printed on the permit.")
_WORDS = _member("text", Kind.TEXT, "Sesuai.", "For people.")
_APPLICANT = _member("applicantName", Kind.TEXT, "Siti Contoh", "Who applies.", "case.applicant.name", personal="name")

_ASKED: Mapping[str, tuple[Member, ...]] = MappingProxyType(
    {
        "VerifyResident": (
            _member("nik", Kind.NIK, "9999014506900001", "Nomor Induk Kependudukan.", "str(case.applicant.nik)", "nik"),
            _APPLICANT,
        ),
        "RequestRecommendation": (
            _APPLICANT,
            _member("address", Kind.TEXT, "Jalan Contoh 17", "Where.", "case.site.address", "address"),
            _member("purpose", Kind.TEXT, "Rumah tinggal", "What for.", "case.site.purpose"),
        ),
        "NotifyApplicant": (
            _member("phone", Kind.PHONE, "+6281200000017", "Of the applicant.", "str(case.applicant.phone)", "phone"),
            _member("notice", Kind.TOKEN, "approved", "Which notice it is.", "ask.notice.value"),
            _member("text", Kind.TEXT, "Permohonan disetujui.", "What the applicant is told.", "ask.text"),
        ),
        "ReportStatus": (
            _member("status", Kind.TOKEN, "complete", "How the case stands.", "ask.status.value"),
            _member("at", Kind.TOKEN, "2026-03-02T09:00:00+07:00", "Since when.", "ask.at.isoformat()"),
            _member("by", Kind.TEXT, "DPM-PTSP", "Who says so.", "ask.by"),
        ),
    }
)
"""What a message says beside case and service, by the Ask that it serves."""

_TOLD: Mapping[str, tuple[Member, ...]] = MappingProxyType(
    {
        "VerifyResident": (
            _member("registered", Kind.FLAG, True, "Whether the registry knows this person so."),
            _WORDS,
        ),
        "RequestRecommendation": (
            _member("number", Kind.TOKEN, "400/17/2026", "The recommendation's number."),
            _member("date", Kind.DATE, "2026-03-05", "The date that it bears."),
            _member("favourable", Kind.FLAG, True, "Whether the agency has no objection."),
            _member("official", Kind.TEXT, "Budi Contoh", "Who signed it.", personal="official"),
        ),
    }
)
"""What an answer says beside the case, by the Ask."""

_DONE = (_member("done", Kind.FLAG, True, "Whether the agency did what was asked."), _WORDS)


def heard_kind(serves: str) -> str:
    """The name of the template that reads an answer."""
    return serves if serves in _TOLD else "other"


def documents_of(choice: Choice) -> tuple[Document, ...]:
    """The documents of the chosen interaction, the first speaker's first."""
    if choice.serves is not None:
        return tuple(_outbound(choice, choice.serves))
    request = (_PERMIT,) if choice.model is Model.INQUIRY else (_PERMIT, _WORDS)
    asks = "asks about a permit" if choice.model is Model.INQUIRY else "tells what it found about a permit"
    first = Document(name="request", text=f"{choice.agency} {asks}.", members=request)
    if choice.model is Model.INQUIRY:
        valid = _member("valid", Kind.FLAG, True, "Whether the permit is in force.")
        return first, Document(name="reply", text="How the permit stands.", members=(_PERMIT, valid))
    return (first,)


def _outbound(choice: Choice, serves: str) -> list[Document]:
    members = (_CASE, _SERVICE, *_ASKED.get(serves, ()))
    found = [Document(name="request", text=f"DPM-PTSP tells {choice.agency} of a case.", members=members)]
    if choice.model in (Model.QUERY, Model.REQUEST):
        name = "reply" if choice.model is Model.QUERY else "answer"
        told = (_CASE, *_TOLD.get(serves, _DONE))
        found.append(Document(name=name, text=f"{choice.agency} answers.", members=told))
    return found
