"""What a person reads from a paper, held against the store field by field.

Tolerant of how people write (case, spaces, punctuation, titles before and after a name, abbreviations in addresses,
forms of a date), and exact beyond that: there is no "nearly", which would let a name be guessed piece by piece.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from gateway.office.checking.stored import StoredPermit


class Field(StrEnum):
    """What can be read from a paper, in the order of the form."""

    NUMBER = "number"
    DAY = "day"
    SERVICE = "service"
    UNTIL = "until"
    """A date until which the permit is said to be valid: SIMOJO stores none, a permit stands until it is revoked."""
    HOLDER = "holder"
    LOCATION = "location"


PERSONAL = frozenset({Field.HOLDER, Field.LOCATION})
"""Told as same or different alone, and so many times at most."""

MAX_VALUE = 300


class Result(StrEnum):
    """What came of one field."""

    SAME = "same"
    DIFFERS = "differs"
    UNREADABLE = "unreadable"
    """No date in a form that is known."""


@dataclass(frozen=True)
class Compared:
    """One field and what came of it; the stored value is not in it."""

    field: Field
    result: Result


def compare(permit: StoredPermit, said: Mapping[Field, str]) -> tuple[Compared, ...]:
    """Compare the fields that were filled in, in the order of the form."""
    filled = {each: said[each][:MAX_VALUE] for each in Field if said.get(each, "").strip()}
    return tuple(Compared(field, _result(permit, field, value)) for field, value in filled.items())


def differences(compared: Iterable[Compared]) -> tuple[Field, ...]:
    """The fields in which paper and store differ."""
    return tuple(each.field for each in compared if each.result is Result.DIFFERS)


def normal_name(name: str) -> str:
    """A name without case, punctuation and titles: `Dra. Hj. Siti Contoh, M.Si.` is `siti contoh`."""
    words = _words(name)
    return " ".join([each for each in words if each not in _TITLES] or words)


def normal_address(address: str) -> str:
    """An address without case and punctuation, with its abbreviations as one word: `Jln. Contoh No.05` as `jl ...`."""
    spaced = re.sub(r"(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])", " ", address.replace(".", ". "))
    words = (_ADDRESS_WORDS.get(each, each) for each in _words(spaced))
    return " ".join((each.lstrip("0") or "0") if each.isdecimal() else each for each in words if each)


def read_day(text: str) -> date | None:
    """Read `2 Maret 2026`, `02-03-2026`, `2/3/2026`, `2026-03-02` and the like; None for anything else.

    Numbers are day, month, year, as in Indonesia, unless the year comes first.
    """
    parts = re.findall(r"\d+|[^\W\d_]+", unicodedata.normalize("NFKC", text).casefold())
    if len(parts) == 4 and not parts[0].isdecimal():  # the weekday: Senin, 2 Maret 2026
        parts = parts[1:]
    if len(parts) != 3:
        return None
    first, month, last = parts
    year, day = (first, last) if len(first) == 4 else (last, first)
    in_year = _MONTHS.get(month[:3], 0) if not month.isdecimal() else int(month)
    if not (year.isascii() and day.isascii() and year.isdecimal() and day.isdecimal() and len(year) == 4):
        return None
    try:
        return date(int(year), in_year, int(day))
    except ValueError:
        return None


def initials(name: str) -> str:
    """A name as far as it is shown to who holds the paper: `S*** C***`, whatever its length."""
    return " ".join(f"{each[0].upper()}***" for each in normal_name(name).split()[:6])


def _result(permit: StoredPermit, field: Field, value: str) -> Result:
    match field:
        case Field.DAY | Field.UNTIL:
            read = read_day(value)
            if read is None:
                return Result.UNREADABLE
            same = field is Field.DAY and read == (permit.day or permit.since)
        case Field.NUMBER:
            same = _joined(value) == _joined(permit.number)
        case Field.SERVICE:
            known = {" ".join(_words(each)) for each in (permit.service, permit.service_name)}
            same = " ".join(_words(value)) in known
        case Field.HOLDER:
            same = normal_name(value) == normal_name(permit.holder)
        case Field.LOCATION:
            same = normal_address(value) == normal_address(permit.location)
    return Result.SAME if same else Result.DIFFERS


def _joined(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def _words(text: str) -> list[str]:
    """Words without case and punctuation. Full stops within a title join (`M.Si.` is `msi`), others separate."""
    plain = re.sub(r"['’`]", "", unicodedata.normalize("NFKC", text).casefold())
    return [word for run in re.split(r"[^\w.]+", plain) for word in _parts(run.split("."))]


def _parts(parts: list[str]) -> list[str]:
    joined = "".join(parts)
    if joined in _TITLES or all(len(each) <= 1 for each in parts):
        return [joined] if joined else []
    return [each for each in parts if each]


_MONTH_NAMES = "jan feb/peb mar apr mei/may jun jul agu/agt/aug sep okt/oct nov/nop des/dec"
_MONTHS = {name: place for place, names in enumerate(_MONTH_NAMES.split(" "), start=1) for name in names.split("/")}
_TITLE_WORDS = """
dr drs dra drg ir prof h hj haji hajjah kh bpk bapak ibu sdr sdri tn ny
sh se st sp skm skom spd ssos sip sig ssi ssn spt sked spsi sstp stp samd amd ak apt
mm mh mt msi mkes mkom mpd mhum msc ma mba mp map msm mkn phd
"""
_TITLES = frozenset(_TITLE_WORDS.split())
_ADDRESS_WORDS = {
    "jalan": "jl",
    "jln": "jl",
    "nomor": "",
    "no": "",
    "gang": "gg",
    "kelurahan": "kel",
    "kecamatan": "kec",
    "perumahan": "perum",
    "blok": "bl",
    "blk": "bl",
}
