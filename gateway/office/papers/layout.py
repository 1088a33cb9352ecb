"""What all papers share: the letterhead, text that can be printed, and the run of typst.

Everything that people typed is data. It goes to the template as one JSON input and is set as text there; no word of it
is ever read as markup. Fonts are those inside the typst package and system fonts are ignored, so that every machine
gives the same bytes. The result is PDF/A-2b (ISO 19005-2), tagged, with every font embedded.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Final, TypeAlias

Data: TypeAlias = "str | int | bool | Sequence[Data] | Mapping[str, Data] | None"
"""What a template can be given."""

Rows: TypeAlias = "tuple[tuple[str, str], ...]"
"""Labelled lines of a form: (label, value)."""

PDF_STANDARD: Final = "a-2b"

_WIB = timezone(timedelta(hours=7))  # typst takes fixed offsets only; Jakarta's is one since 1964
_MONTHS = [
    "Januari",
    "Februari",
    "Maret",
    "April",
    "Mei",
    "Juni",
    "Juli",
    "Agustus",
    "September",
    "Oktober",
    "November",
    "Desember",
]  # fmt: skip
_PRINTABLE = (
    (0x20, 0x7E),  # Basic Latin
    (0xA1, 0xAC),
    (0xAE, 0x17F),  # Latin-1 without the soft hyphen, Latin Extended-A
    (0x1CD, 0x21B),  # of Latin Extended-B, the letters with accents
    (0x391, 0x3A1),
    (0x3A3, 0x3CE),  # Greek
    (0x400, 0x45F),  # Cyrillic
    (0x621, 0x63A),
    (0x641, 0x64A),  # Arabic letters
    (0x1E00, 0x1EFF),  # Latin Extended Additional
    (0x2010, 0x2027),  # dashes, quotation marks, ellipsis
    (0x2030, 0x203A),
)


@dataclass(frozen=True, kw_only=True)
class Letterhead:
    """The kop surat. `address` is the line under the office's name; `emblem_svg` the city's arms, as SVG, if any."""

    government: str = "Pemerintah Kota Mojokerto"
    office: str = "Dinas Penanaman Modal dan Pelayanan Terpadu Satu Pintu"
    address: str = "Kota Mojokerto, Provinsi Jawa Timur"
    emblem_svg: str = ""


LETTERHEAD = Letterhead()
"""The office without a street address and arms, which the office adds: no source was read for them."""


def indonesian_date(day: date) -> str:
    """Write a date as papers do: `2 Maret 2026`."""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def month_name(day: date) -> str:
    """Write the month as papers do: `Maret`."""
    return _MONTHS[day.month - 1]


def printable(text: str) -> str:
    """Give `text` on one line, composed (NFC), in characters that the embedded fonts can draw.

    What they cannot draw, and what would steer the line unseen (direction marks, control characters), is written as
    its code point, `[U+A9B1]`: nothing is dropped or exchanged in silence.
    """
    composed = unicodedata.normalize("NFC", " ".join(text.split()))
    return "".join(each if _is_printable(each) else f"[U+{ord(each):04X}]" for each in composed)


def _is_printable(character: str) -> bool:
    return any(first <= ord(character) <= last for first, last in _PRINTABLE)


def make_pdf(
    template: str,
    data: Mapping[str, Data],
    *,
    letterhead: Letterhead,
    made_on: date,
    images: Mapping[str, str] = MappingProxyType({}),
) -> bytes:
    """Set a paper: `template` names a file of this folder, `made_on` is the creation date in the PDF, at 00:00 WIB.

    All text in `data` is made printable here; `images` are SVG drawings of our own making, by name. The same
    arguments give the same bytes, under one version of typst.
    """
    import typst

    source = _template("common.typ") + _template(template)
    made_at = datetime.combine(made_on, time(), tzinfo=_WIB)
    kop = {"government": letterhead.government, "office": letterhead.office, "address": letterhead.address}
    given = {
        **images,
        "paper": json.dumps(_printable_data({**data, "letterhead": kop})),
        "emblem": letterhead.emblem_svg,
    }
    pdf: bytes = typst.compile(
        source,
        format="pdf",
        ignore_system_fonts=True,
        sys_inputs=given,
        pdf_standards=PDF_STANDARD,
        timestamp=made_at,
    )
    return pdf


@cache
def _template(name: str) -> bytes:
    return files(__package__).joinpath(name).read_bytes()


def _printable_data(value: Data) -> Data:
    match value:
        case str():
            return printable(value)
        case Mapping():
            return {key: _printable_data(each) for key, each in value.items()}
        case Sequence():
            return [_printable_data(each) for each in value]
        case _:
            return value
