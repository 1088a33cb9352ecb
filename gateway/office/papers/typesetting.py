"""Data into a template by typst. The same data gives the same bytes, so a digest can stand for the document."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from gateway.domain.errors import MappingFault

CITY = "Pemerintah Kota Mojokerto"
OFFICE = "Dinas Penanaman Modal dan Pelayanan Terpadu Satu Pintu"
ADDRESS = "Jalan Contoh Nomor 1, Kota Mojokerto"
"""Illustrative: the office sets its own letterhead."""
PLACE = "Mojokerto"

_MONTHS = (
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
)


@dataclass(frozen=True, kw_only=True)
class Signatory:
    """Who signs, as it stands on paper."""

    name: str
    title: str
    nip: str


def letterhead() -> dict[str, Any]:
    """The members that every paper's template needs."""
    return {"city": CITY, "office": OFFICE, "address": ADDRESS, "place": PLACE}


def signature_block(signatory: Signatory) -> dict[str, str]:
    """The members of the signature block."""
    return {"name": signatory.name, "title": signatory.title, "nip": f"NIP {signatory.nip}"}


def indonesian_date(day: date) -> str:
    """Write a date: `2 Maret 2026`."""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def typeset(template: str, data: Mapping[str, Any], made_on: date) -> bytes:
    """Give the PDF (PDF/A-2b) of a template in this folder.

    `data` reaches it as data alone. Raises MappingFault `paper-not-made` when typst cannot lay it out.
    """
    import typst  # heavy, and only papers need it

    midnight = datetime(made_on.year, made_on.month, made_on.day, tzinfo=UTC)
    try:
        pdf: bytes = typst.compile(
            (Path(__file__).parent / template).read_bytes(),
            ignore_system_fonts=True,
            format="pdf",
            sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
            pdf_standards="a-2b",
            timestamp=midnight,
        )
    except typst.TypstError as error:
        raise MappingFault(f"the document cannot be laid out: {error.message[:300]}", code="paper-not-made") from error
    return pdf
