from dataclasses import replace

import pytest

from gateway.domain import events as e
from gateway.domain.case import Stage
from gateway.domain.errors import CaseRefusal
from gateway.office.papers.acknowledgement import tanda_terima_pdf
from tests.domain.journeys import SITE, case_in, opened
from tests.office.papers.reading import info_of, squeezed, text_of

DOCUMENTS = (
    e.AttachedDocument(kind="ktp", name="ktp #1.pdf", sha256="a1" * 32),
    e.AttachedDocument(kind="gambar-rencana", name="denah.dwg", sha256="b2" * 32),
)


def test_the_receipt_says_what_was_lodged_by_whom_and_when_pasal_12_4() -> None:
    case = replace(case_in(Stage.COMPLETE), documents=DOCUMENTS, helper="Petugas Contoh")
    text = text_of(tanda_terima_pdf(case))
    for part in (
        "TANDA TERIMA PENDAFTARAN",
        "Nomor: 503/17/2026",
        "Jenis layanan:Persetujuan Bangunan Gedung (contoh)",
        "Nomor permohonan:K-2026-000017",
        "Didaftarkan:2 Maret 2026 pukul 09.00 WIB, melalui akun pemohon",
        "Dinyatakan lengkap:2 Maret 2026 pukul 09.00 WIB",
        "Petugas bantuan:Petugas Contoh",
        "Nama:Siti Contoh",
        "NIK:9999**********01",
        "Kelurahan / kecamatan:Mentikan / Prajurit Kulon",
        "1ktpktp #1.pdfa1a1a1a1a1a1a1a1",
        "2gambar-rencanadenah.dwgb2b2b2b2b2b2b2b2",
        "14 hari kerja",
        "dikenai retribusi",
        "menyatakan kebenaran data dan dokumen pada 2 Maret 2026 pukul 09.00 WIB",
        "bukan merupakan izin",
    ):
        assert squeezed(part) in text, part


def test_what_a_case_does_not_have_is_not_printed() -> None:
    case = replace(case_in(Stage.COMPLETE, service="krk"), declaration=None)
    text = text_of(tanda_terima_pdf(case))
    assert "Tidakada." in text
    for absent in ("retribusi", "menyatakankebenaran", "Petugasbantuan"):
        assert absent not in text


@pytest.mark.parametrize(
    ("origin", "words"),
    [
        (e.Origin.PORTAL, "melaluiakunpemohon"),
        (e.Origin.COUNTER, "melaluiloketpelayanan"),
        (e.Origin.OSS, "melaluiOSS"),
        (e.Origin.MANUAL, "melaluiberkasmanual"),
    ],
)
def test_the_way_in_is_named(origin: e.Origin, words: str) -> None:
    assert words in text_of(tanda_terima_pdf(replace(case_in(Stage.COMPLETE), origin=origin)))


def test_a_kelurahan_that_is_unknown_is_printed_as_given() -> None:
    case = replace(case_in(Stage.COMPLETE), site=replace(SITE, kelurahan="35.16.01.2001"))
    assert "Kelurahan:35.16.01.2001" in text_of(tanda_terima_pdf(case))


def test_equal_cases_give_equal_bytes_dated_when_complete() -> None:
    case = case_in(Stage.COMPLETE)
    assert tanda_terima_pdf(case) == tanda_terima_pdf(case)
    assert info_of(tanda_terima_pdf(case))["/CreationDate"] == "D:20260301170000Z"


def test_before_it_is_complete_there_is_no_receipt() -> None:
    with pytest.raises(CaseRefusal) as caught:
        tanda_terima_pdf(opened())
    assert (caught.value.code, caught.value.clause) == ("not-complete", "Pasal 12(4)")
