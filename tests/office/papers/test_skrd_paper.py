from dataclasses import replace
from datetime import date

from gateway.domain.skrd import ChargeLine
from gateway.office.papers.skrd import skrd_pdf
from tests.domain.journeys import SKRD_350
from tests.office.papers.reading import info_of, squeezed, text_of, xmp_of

TITLE = "Kepala Bidang Contoh"
CHARGED = replace(
    SKRD_350,
    payer_address="Jalan #1 *Contoh* $2$",
    lines=(
        ChargeLine(description="Retribusi per m²", quantity=1_120, unit_price=9_500),
        ChargeLine(description="Plakat", quantity=1, unit_price=50_000),
    ),
)


def test_the_form_says_all_that_an_skrd_has_to_say_pasal_14_6() -> None:
    text = text_of(skrd_pdf(CHARGED, signatory_title=TITLE, service_name="Persetujuan Bangunan Gedung"))
    for part in (
        "SURAT KETETAPAN RETRIBUSI DAERAH",
        "Nomor: 974/0017/2026",
        "Masa retribusi:Maret 2026",
        "Tahun:2026",
        "Jenis perizinan:Persetujuan Bangunan Gedung",
        "Nama:Siti Contoh",
        "Alamat:Jalan #1 *Contoh* $2$",
        "NPWRD:R-17",
        "Dasar pengenaan:Perda contoh",
        "Kode rekening:4.1.2.03.01",
        "1Retribusi per m²1.120Rp9.500Rp10.640.000",
        "2Plakat1Rp50.000Rp50.000",
        "Jumlah yang harus dibayarRp10.690.000",
        "Dengan huruf:Sepuluh juta enam ratus sembilan puluh ribu rupiah",
        "998872600000000000017",
        "Bank Contoh",
        "0000000017",
        "10 (sepuluh) hari kerja sejak pemberitahuan diterima",
        "dianggap hangus",
        "pada tanggal 2 Maret 2026",
        TITLE,
        "Pejabat Contoh",
        "NIP. 19800101 200501 1 001",
    ):
        assert squeezed(part) in text, part


def test_without_a_name_the_service_is_printed_by_its_code() -> None:
    assert "Jenisperizinan:PBG" in text_of(skrd_pdf(SKRD_350, signatory_title=TITLE))


def test_equal_assessments_give_equal_bytes_dated_as_issued() -> None:
    first = skrd_pdf(SKRD_350, signatory_title=TITLE)
    assert skrd_pdf(SKRD_350, signatory_title=TITLE) == first
    later = skrd_pdf(replace(SKRD_350, issued_on=date(2026, 3, 3)), signatory_title=TITLE)
    assert info_of(first)["/CreationDate"] == "D:20260301170000Z"
    assert info_of(later)["/CreationDate"] == "D:20260302170000Z"
    assert "<pdfaid:part>2</pdfaid:part>" in xmp_of(first)
