"""The permit document (Pasal 11(3)h): what was permitted, to whom, where, on what conditions, and how to check it."""

from __future__ import annotations

import io
from datetime import date

import segno

from gateway.domain.case import PermitCase
from gateway.domain.regions import KELURAHAN
from gateway.office.papers.typesetting import Signatory, indonesian_date, letterhead, signature_block, typeset


def permit_pdf(case: PermitCase, *, verify_url: str, issued_on: date, signatory: Signatory) -> bytes:
    """Lay out the permit of a case whose number is reserved. The same input gives the same bytes.

    The QR code leads to `verify_url`. The applicant's NIK is masked: a permit hangs on walls.
    """
    return typeset("permit.typ", _data(case, verify_url, issued_on, signatory), issued_on)


def _data(case: PermitCase, verify_url: str, issued_on: date, signatory: Signatory) -> dict[str, object]:
    rows = [
        ("Nama", case.applicant.name),
        ("NIK", masked(case.applicant.nik)),
        *((("Badan usaha", case.applicant.company),) if case.applicant.company else ()),
        ("Alamat", case.applicant.address),
        ("Peruntukan", case.site.purpose),
        ("Lokasi", case.site.address),
        ("Kelurahan", _kelurahan(case.site.kelurahan)),
        *((("Luas bangunan", f"{case.site.area_m2} m²"),) if case.site.area_m2 else ()),
        ("Nomor pendaftaran", case.acknowledgement_number or "-"),
        *(
            (f"Rekomendasi {each.agency.upper()}", f"{each.number}, {indonesian_date(each.on)}")
            for each in case.recommendations
        ),
    ]
    return {
        **letterhead(),
        "title": case.service_name,
        "number": case.reserved_number or "-",
        "preamble": (
            "Berdasarkan Peraturan Wali Kota Mojokerto Nomor 18 Tahun 2020 dan permohonan yang telah diverifikasi, "
            "dengan ini diberikan izin kepada:"
        ),
        "rows": [list(row) for row in rows],
        "conditions": [condition for each in case.recommendations for condition in each.conditions],
        "closing": (
            "Dokumen ini berlaku sejak ditandatangani secara elektronik. Bila isi cetakan berbeda dengan data SIMOJO, "
            "data SIMOJO yang berlaku (Pasal 22 ayat 5)."
        ),
        "qr": _qr(verify_url),
        "qr_text": f"Kode QR menuju {verify_url}",
        "verify_url": verify_url,
        "date": indonesian_date(issued_on),
        "signatory": signature_block(signatory),
        "footer": f"{case.service_name} · Nomor {case.reserved_number or '-'} · dokumen elektronik SIMOJO",
    }


def _kelurahan(code: str) -> str:
    """A site outside the city's list (a system of the centre may send one) keeps its code."""
    found = KELURAHAN.get(code)
    return f"{found.name}, Kecamatan {found.kecamatan}" if found else code


def masked(nik: str) -> str:
    """Show the first four and the last two digits of a NIK."""
    return f"{nik[:4]}{'*' * (len(nik) - 6)}{nik[-2:]}"


def _qr(url: str) -> str:
    out = io.BytesIO()
    segno.make(url, error="m", micro=False).save(out, kind="svg", border=2, xmldecl=False)
    return out.getvalue().decode()
