"""The permit document (dokumen perizinan, Pasal 1 number 12), laid out to be signed.

It carries the reserved number, because nothing can be added to a signed PDF later; whether that number is in force is
what the address in the QR code tells.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from types import MappingProxyType

from gateway.domain.case import PermitCase
from gateway.domain.catalogue import ServiceClass
from gateway.domain.errors import CaseRefusal
from gateway.domain.events import SigningMethod
from gateway.office.papers.layout import LETTERHEAD, Letterhead, indonesian_date, make_pdf
from gateway.office.papers.signatory import Signatory

LEGAL_BASIS = (
    "Undang-Undang Nomor 25 Tahun 2009 tentang Pelayanan Publik;",
    "Peraturan Presiden Nomor 97 Tahun 2014 tentang Penyelenggaraan Pelayanan Terpadu Satu Pintu;",
    "Peraturan Walikota Mojokerto Nomor 18 Tahun 2020 tentang Penyelenggaraan Pelayanan Perizinan dan Non Perizinan "
    "secara Elektronik.",
)
"""What every permit rests on, as Perwali 18/2020 itself cites it; a type's own law is put before these."""

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
    signatory: Signatory,
    legal_basis: tuple[str, ...] = LEGAL_BASIS,
    agency_names: Mapping[str, str] = MappingProxyType({}),
    letterhead: Letterhead = LETTERHEAD,
) -> bytes:
    """Lay the permit out as PDF/A-2b; the same arguments give the same bytes.

    `issued_on` is printed and is the file's creation date; `verify_url` (http or https, at most 300 ASCII characters)
    is what the QR code says; `agency_names` gives agencies' names by id, an agency without one is printed by its id.
    Electronic signing leaves a mark where wet ink leaves room (13(5), 16(2)).

    Raises CaseRefusal `number-missing` without a reserved number, InvalidIdentifier for a site outside the city's
    kelurahan, Misconfigured `verify-url-invalid`.
    """
    if case.reserved_number is None:
        raise CaseRefusal(
            f"case {case.id} has no permit number: reserve one before the document is laid out",
            code="number-missing",
            clause="Pasal 11(3)i",
        )
    data = {
        "title": case.service_name,
        "number": case.reserved_number,
        "basis": legal_basis,
        "considering": tuple(_considering(case, agency_names)),
        "grant": _GRANT[case.service_class],
        "holder": holder_rows(case.applicant),
        "site": _site_rows(case.site),
        "conditions": tuple(_conditions(case)) or (_NO_CONDITIONS,),
        "issued_on": indonesian_date(issued_on),
        "electronic": case.signing is SigningMethod.ELECTRONIC,
        "signatory": signatory_data(signatory),
        "verify_url": verify_url,
    }
    return make_pdf("permit.typ", data, letterhead=letterhead, made_on=issued_on, images={"qr": _qr(verify_url)})
