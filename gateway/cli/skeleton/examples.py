"""Examples of a document: two that pass, and some that are refused, each for the one reason that it gives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from gateway.cli.skeleton.documents import Document, Kind, Member
from gateway.contract.message import Json
from gateway.validation.examples import FAIL

_OTHER: Mapping[Kind, str] = MappingProxyType(
    {Kind.TEXT: "Contoh lain.", Kind.NIK: "9999014506900002", Kind.PHONE: "+6281200000018", Kind.DATE: "2026-03-06"}
)
"""Another value of a kind."""

_BROKEN: Mapping[Kind, tuple[tuple[str, str, str], ...]] = MappingProxyType(
    {
        Kind.TOKEN: (("empty", "", "is not empty"), ("too-long", "x" * 65, "has at most 64 characters")),
        Kind.TEXT: (("empty", "", "is not empty"),),
        Kind.FLAG: (("in-words", "ya", "is true or false"),),
        Kind.DATE: (("in-words", "kemarin", "is a date such as 2026-03-05"),),
        Kind.NIK: (("too-short", "123", "has 16 digits"),),
        Kind.PHONE: (("local", "081200000017", "begins with + and the country"),),
    }
)
"""Values that a kind refuses: how the example is called, the value, and why."""


@dataclass(frozen=True, kw_only=True)
class Written:
    """One example. `why` is empty for one that passes."""

    name: str
    said: Mapping[str, Json]
    why: str = ""


def examples_of(document: Document) -> Iterator[Written]:
    """The examples of a document."""
    said: dict[str, Json] = {each.name: each.example for each in document.members}
    first, last = document.members[0], document.members[-1]
    yield Written(name="complete", said=said)
    yield Written(name="other", said=_other(document, said))
    without = {name: value for name, value in said.items() if name != first.name}
    yield Written(name=f"without-{_kebab(first.name)}{FAIL}", said=without, why=f"{first.name} is required.")
    yield Written(name=f"unknown-member{FAIL}", said={**said, "catatan": "x"}, why="catatan is not agreed.")
    for member in dict.fromkeys((first, last)):
        for how, value, why in _BROKEN[member.kind]:
            name = f"{_kebab(member.name)}-{how}{FAIL}"
            yield Written(name=name, said={**said, member.name: value}, why=f"{member.name} {why}.")


def _other(document: Document, said: Mapping[str, Json]) -> Mapping[str, Json]:
    """With its flags the other way; without flags its last member is another."""
    flags: dict[str, Json] = {each.name: not each.example for each in document.members if each.kind is Kind.FLAG}
    return {**said, **(flags or _changed(document.members[-1]))}


def _changed(member: Member) -> Mapping[str, Json]:
    return {member.name: _OTHER.get(member.kind, f"{member.example}-2")}


def _kebab(name: str) -> str:
    return "".join(f"-{each.lower()}" if each.isupper() else each for each in name)
