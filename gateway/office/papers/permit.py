"""The permit document (dokumen perizinan, Pasal 1 number 12), laid out to be signed.

It carries the reserved number, because nothing can be added to a signed PDF later; whether that number is in force is
what the address in the QR code tells. The code carries a signed statement too, so that a forged paper shows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from types import MappingProxyType

from gateway.domain.calendar import local_date
from gateway.domain.case import PermitCase
from gateway.domain.catalogue import ServiceClass
from gateway.domain.errors import CaseRefusal, Misconfigured
from gateway.domain.events import SigningMethod
from gateway.domain.regions import Kelurahan
from gateway.domain.skrd import rupiah
from gateway.office.papers.layout import LETTERHEAD, Data, Letterhead, indonesian_date, make_pdf
from gateway.office.papers.parties import holder_rows, site_rows
from gateway.office.papers.signatory import Official, signature_data

LEGAL_BASIS = (
    "Undang-Undang Nomor 25 Tahun 2009 tentang Pelayanan Publik",
    "Peraturan Presiden Nomor 97 Tahun 2014 tentang Penyelenggaraan Pelayanan Terpadu Satu Pintu",
    (
        "Peraturan Walikota Mojokerto Nomor 18 Tahun 2020 tentang Penyelenggaraan Pelayanan Perizinan "
        "dan Non Perizinan secara Elektronik"
    ),
)
"""What every permit rests on, as Perwali 18/2020 itself cites it."""

MAX_URL = 300
"""Longer addresses make a QR code that a telephone cannot read from paper."""

_URL = re.compile(r"https?://[!-~]+")
_GRANT = {
    ServiceClass.USAHA: "Memberikan izin usaha",
    ServiceClass.NON_USAHA: "Memberikan izin",
    ServiceClass.NONPERIZINAN: "Memberikan persetujuan",
}
_NO_CONDITIONS = "Tidak ada ketentuan khusus dari rekomendasi teknis."


def permit_pdf(
    case: PermitCase,
    *,
    verify_url: str,
    issued_on: date,
    signatory: Official,
    legal_basis: tuple[str, ...] = LEGAL_BASIS,
    agency_names: Mapping[str, str] = MappingProxyType({}),
    letterhead: Letterhead = LETTERHEAD,
    statement: str = "",
) -> bytes:
    """Lay the permit out as PDF/A-2b; the same arguments give the same bytes.

    `issued_on` is printed and is the file's creation date; `verify_url` (http or https, with what follows at most 300
    ASCII characters) is printed, and what the QR code says, followed by `statement`, the signed one of
    `gateway.trust.permit_statement`, if there is any (Pasal 22(4)c); `agency_names` gives agencies' names by id, an
    agency without one is printed by its id.
    Electronic signing leaves a mark where wet ink leaves room (13(5), 16(2)).

    Raises CaseRefusal `number-missing` without a reserved number, InvalidIdentifier for a site outside the city's
    kelurahan, Misconfigured `verify-url-invalid`, and what `nip_of` raises for the signatory.
    """
    if case.reserved_number is None:
        raise CaseRefusal(
            f"case {case.id} has no permit number: reserve one before the document is laid out",
            code="number-missing",
            clause="Pasal 11(3)i",
        )
    data: dict[str, Data] = {
        "title": case.service_name,
        "number": case.reserved_number,
        "basis": _listed(legal_basis),
        "considering": _listed(tuple(_considering(case, agency_names))),
        "grant": _GRANT[case.service_class],
        "holder": holder_rows(case.applicant),
        "site": site_rows(case.site, Kelurahan.find(case.site.kelurahan)),
        "conditions": tuple(_conditions(case)) or (_NO_CONDITIONS,),
        "issued_on": indonesian_date(issued_on),
        "electronic": case.signing is SigningMethod.ELECTRONIC,
        "signatory": signature_data(signatory),
        "verify_url": verify_url,
    }
    said = f"{verify_url}?s={statement}" if statement else verify_url
    return make_pdf("permit.typ", data, letterhead=letterhead, made_on=issued_on, images={"qr": _qr(said)})


def _considering(case: PermitCase, agency_names: Mapping[str, str]) -> Iterator[str]:
    receipt = f", tanda terima Nomor {case.acknowledgement_number}" if case.acknowledgement_number else ""
    yield f"Permohonan yang didaftarkan tanggal {indonesian_date(local_date(case.registered_at))}{receipt}"
    for each in case.recommendations:
        name = agency_names.get(each.agency, each.agency.replace("-", " ").upper())
        yield f"Rekomendasi teknis {name} Nomor {each.number} tanggal {indonesian_date(each.on)}"
    if case.decided_at is not None:
        decided = indonesian_date(local_date(case.decided_at))
        if case.approved_by is None:
            yield f"Permohonan dianggap dikabulkan karena hukum tanggal {decided} (PP Nomor 28 Tahun 2025)"
        else:
            yield f"Persetujuan permohonan tanggal {decided}"
    if case.skrd is not None and case.payment is not None:
        paid = indonesian_date(local_date(case.payment.paid_at))
        yield f"SKRD Nomor {case.skrd.number}, {rupiah(case.payment.amount)}, dibayar lunas tanggal {paid}"


def _listed(items: tuple[str, ...]) -> tuple[str, ...]:
    """Punctuate a list as decrees do: a semicolon after each item, a full stop after the last."""
    return (*(f"{each};" for each in items[:-1]), *(f"{each}." for each in items[-1:]))


def _conditions(case: PermitCase) -> Iterator[str]:
    for each in case.recommendations:
        yield from each.conditions


def _qr(url: str) -> str:
    if not _URL.fullmatch(url) or len(url) > MAX_URL:
        raise Misconfigured(
            f"the address for checking permits is {url[:80]!r}: set an http or https URL of at most {MAX_URL} "
            "characters, percent-encoded",
            code="verify-url-invalid",
        )
    import segno

    drawing: str = segno.make(url, error="m", micro=False).svg_inline(border=0, dark="#000")
    return drawing.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
