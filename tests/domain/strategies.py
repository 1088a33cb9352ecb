"""Hypothesis strategies for every fact, every Ask and whole cases. Numbers are drawn, never anybody's."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

from gateway.domain.calendar import JAKARTA
from gateway.domain.case import PermitCase
from gateway.domain.events import Applicant, ApplicantKind, Ask, CaseEvent
from gateway.domain.facts import ASK_KINDS, EVENT_KINDS
from gateway.domain.identifiers import NIB, NIK, NIP, NPWP, Phone
from gateway.domain.skrd import SKRD

days = st.dates(date(2015, 1, 1), date(2035, 12, 31))
moments = st.datetimes(
    datetime(2015, 1, 1),  # noqa: DTZ001 - hypothesis wants naive bounds and puts the zone on itself
    datetime(2035, 12, 31),  # noqa: DTZ001 - as above
    timezones=st.sampled_from([UTC, JAKARTA]),
)


def digits(count: int) -> st.SearchStrategy[str]:
    return st.text("0123456789", min_size=count, max_size=count)


@st.composite
def niks(draw: st.DrawFn) -> NIK:
    born = draw(st.dates(date(1930, 1, 1), date(2026, 1, 1)))
    day = born.day + draw(st.sampled_from([0, 40]))
    return NIK(f"{draw(digits(6))}{day:02}{born:%m%y}{draw(digits(4))}")


@st.composite
def npwps(draw: st.DrawFn) -> NPWP:
    body = draw(digits(8))
    doubled = [int(each) * (2 - place % 2) for place, each in enumerate(reversed(body))]
    check = -sum(each // 10 + each % 10 for each in doubled) % 10
    return NPWP(draw(st.sampled_from(["", "0"])) + f"{body}{check}{draw(digits(6))}")


@st.composite
def nips(draw: st.DrawFn) -> NIP:
    return NIP(f"{draw(st.dates(date(1950, 1, 1), date(2005, 1, 1))):%Y%m%d}{draw(digits(10))}")


phones = st.integers(8, 11).flatmap(digits).map(lambda tail: Phone(f"08{tail}"))

_LEAVES: dict[Any, st.SearchStrategy[Any]] = {
    str: st.text(max_size=20),
    int: st.integers(1, 4),  # within the bounds of a survey answer, a quantity and a price alike
    bool: st.booleans(),
    date: days,
    datetime: moments,
    NIK: niks(),
    NPWP: npwps(),
    NIP: nips(),
    Phone: phones,
    NIB: digits(13).map(NIB),
}

_NAMED: dict[Any, dict[str, st.SearchStrategy[Any]]] = {
    SKRD: {"payment_code": st.integers(1, 28).flatmap(digits)},
}
"""Members that their type alone does not describe."""


def values(hint: Any) -> st.SearchStrategy[Any]:
    """Any value of that type hint."""
    if hint in _LEAVES:
        return _LEAVES[hint]
    if get_origin(hint) is UnionType:
        (only,) = (each for each in get_args(hint) if each is not NoneType)
        return st.none() | values(only)
    if get_origin(hint) is tuple:
        smallest = 1 if is_dataclass(get_args(hint)[0]) and get_args(hint)[0].__name__ == "ChargeLine" else 0
        return st.lists(values(get_args(hint)[0]), min_size=smallest, max_size=2).map(tuple)
    if isinstance(hint, type) and is_dataclass(hint):
        hints = get_type_hints(hint)
        drawn = {each.name: values(hints[each.name]) for each in fields(hint)}
        if hint is Applicant:  # a person has a NIK; a firm has one, or an NPWP
            foreign = {"kind": st.just(ApplicantKind.COMPANY), "nik": st.none(), "npwp": npwps()}
            return st.builds(hint, **drawn | {"nik": niks()}) | st.builds(hint, **drawn | foreign)
        return st.builds(hint, **drawn | _NAMED.get(hint, {}))
    return st.sampled_from(hint)


def events() -> st.SearchStrategy[CaseEvent]:
    return st.sampled_from(sorted(EVENT_KINDS)).flatmap(lambda kind: values(EVENT_KINDS[kind]))


def asks() -> st.SearchStrategy[Ask]:
    return st.sampled_from(sorted(ASK_KINDS)).flatmap(lambda kind: values(ASK_KINDS[kind]))


def cases() -> st.SearchStrategy[PermitCase]:
    """Any values in any fields, also such as no journey leads to."""
    return values(PermitCase)
