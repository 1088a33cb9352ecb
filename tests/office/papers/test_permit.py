from dataclasses import replace
from datetime import date

import pytest
import segno

from gateway.domain.case import Stage
from gateway.domain.catalogue import ServiceClass
from gateway.domain.errors import CaseRefusal, Misconfigured
from gateway.domain.events import SigningMethod
from gateway.domain.identifiers import InvalidIdentifier
from gateway.office.papers.layout import Letterhead
from gateway.office.papers.permit import MAX_URL, permit_pdf
from tests.domain.journeys import APPLICANT, SITE, case_in
from tests.office.papers.people import COMPANY, CONDITIONS, HEAD, ISSUED_ON, VERIFY_URL, Head, numbered, permit
from tests.office.papers.reading import (
    fonts_embedded,
    info_of,
    pages_of,
    qr_modules,
    squeezed,
    text_of,
    xmp_of,
)

DARK = 1
EMBLEM = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>'


def test_the_permit_says_what_was_permitted_to_whom_and_where() -> None:
    text = text_of(permit())
    for part in (
        "PEMERINTAH KOTA MOJOKERTO",
        "DINAS PENANAMAN MODAL DAN PELAYANAN TERPADU SATU PINTU",
        "PERSETUJUAN BANGUNAN GEDUNG (CONTOH)",
        "Nomor: 001/PBG/III/2026",
        "Peraturan Walikota Mojokerto Nomor 18 Tahun 2020",
        "tanda terima Nomor 503/17/2026",
        "Rekomendasi teknis DPUPR Nomor dpupr/1 tanggal 2 Maret 2026",
        "SKRD Nomor 974/0017/2026, Rp350.000, dibayar lunas tanggal 2 Maret 2026.",
        "Nama:Siti Contoh",
        "Rumah tinggal",
        "Jalan Contoh 17",
        "Kelurahan / kecamatan:Mentikan / Prajurit Kulon",
        "120 m²",
        *CONDITIONS,
        "pada tanggal 2 Maret 2026",
        "Kepala Dinas Contoh",
        "Dra. Pejabat Contoh, M.Si.",
        "NIP. 19800101 200501 1 001",
        VERIFY_URL,
    ):
        assert squeezed(part) in text, part


def test_the_nik_is_masked_and_contacts_are_left_out() -> None:
    text = text_of(permit())
    assert "NIK:9999**********01" in text
    for hidden in (str(APPLICANT.nik), APPLICANT.phone, APPLICANT.phone.local, APPLICANT.email):
        assert hidden not in text


def test_a_company_is_named_with_who_answers_for_it() -> None:
    text = text_of(permit(numbered(COMPANY)))
    assert "Namabadanusaha:PTContohSejahtera" in text
    assert "Penanggungjawab:SitiContoh" in text
    assert "NPWP:0925*********00" in text
    assert "NIB:9999000000017" in text
    unnamed = text_of(permit(numbered(replace(COMPANY, company=None))))
    assert "Namabadanusaha:-" in unnamed


def test_the_qr_code_is_the_address_for_checking() -> None:
    matrix = segno.make(VERIFY_URL, error="m", micro=False).matrix
    dark = {(x, y) for y, row in enumerate(matrix) for x, module in enumerate(row) if module == DARK}
    assert qr_modules(permit()) == dark
    assert qr_modules(permit(url=VERIFY_URL.replace("001", "002"))) != dark


def test_equal_input_gives_equal_bytes_and_the_date_is_an_argument() -> None:
    first = permit()
    assert permit() == first
    later = permit_pdf(numbered(), verify_url=VERIFY_URL, issued_on=date(2026, 3, 3), signatory=HEAD)
    assert later != first
    assert info_of(first)["/CreationDate"] == "D:20260301170000Z"  # the first hour of 2 March in Mojokerto
    assert info_of(later)["/CreationDate"] == "D:20260302170000Z"


def test_it_is_tagged_pdf_a_2b_with_its_fonts() -> None:
    pdf = permit()
    assert "<pdfaid:part>2</pdfaid:part>" in xmp_of(pdf)
    assert "<pdfaid:conformance>B</pdfaid:conformance>" in xmp_of(pdf)
    assert fonts_embedded(pdf)
    assert info_of(pdf)["/Title"] == "Persetujuan Bangunan Gedung (contoh) 001/PBG/III/2026"


def test_only_electronic_signing_leaves_the_mark_pasal_13_5() -> None:
    assert "Ditandatanganisecaraelektronik" in text_of(permit())
    wet = text_of(permit(replace(numbered(), signing=SigningMethod.WET)))
    assert "elektronik." not in wet.replace("NonPerizinansecaraElektronik", "")
    assert "Ditandatangani" not in wet


def test_a_positive_fiction_is_told_apart_from_an_approval() -> None:
    approved = text_of(permit())
    fiction = text_of(permit(replace(numbered(), approved_by=None)))
    assert "Persetujuanpermohonantanggal2Maret2026" in approved
    assert "dianggapdikabulkan" not in approved
    assert "dianggapdikabulkankarenahukumtanggal2Maret2026(PPNomor28Tahun2025)" in fiction
    assert "Persetujuanpermohonan" not in fiction


@pytest.mark.parametrize(
    ("service_class", "words"),
    [
        (ServiceClass.USAHA, "MEMBERIKANIZINUSAHAKEPADA"),
        (ServiceClass.NON_USAHA, "MEMBERIKANIZINKEPADA"),
        (ServiceClass.NONPERIZINAN, "MEMBERIKANPERSETUJUANKEPADA"),
    ],
)
def test_the_words_of_granting_follow_the_class_of_service(service_class: ServiceClass, words: str) -> None:
    assert words in text_of(permit(replace(numbered(), service_class=service_class)))


def test_without_conditions_payment_decision_or_tanda_terima_nothing_is_made_up() -> None:
    case = replace(
        numbered(), recommendations=(), payment=None, skrd=None, decided_at=None, acknowledgement_number=None
    )
    text = text_of(permit(replace(case, site=replace(SITE, area_m2=None))))
    assert "Tidakadaketentuankhususdarirekomendasiteknis." in text
    for absent in ("SKRD", "Persetujuanpermohonan", "tandaterima", "Luas"):
        assert absent not in text
    assert "Permohonanyangdidaftarkantanggal2Maret2026." in text


def test_agencies_letterhead_and_basis_can_be_named_by_the_office() -> None:
    pdf = permit_pdf(
        numbered(),
        verify_url=VERIFY_URL,
        issued_on=ISSUED_ON,
        signatory=HEAD,
        agency_names={"dpupr": "Dinas Pekerjaan Umum"},
        legal_basis=("Peraturan Contoh",),
        letterhead=Letterhead(
            address="Jalan Contoh 100",
            emblem_svg=EMBLEM,
        ),
    )
    text = text_of(pdf)
    assert "RekomendasiteknisDinasPekerjaanUmumNomor" in text
    assert "1.PeraturanContoh." in text
    assert "JalanContoh100" in text


def test_many_conditions_run_over_pages() -> None:
    case = numbered()
    many = tuple(f"Ketentuan nomor {place} yang harus dipenuhi." for place in range(60))
    pdf = permit(replace(case, recommendations=(replace(case.recommendations[0], conditions=many),)))
    assert pages_of(permit()) == 1
    assert pages_of(pdf) > 1
    assert "Ketentuannomor59" in text_of(pdf)


def test_without_a_reserved_number_there_is_no_document_pasal_11_3_i() -> None:
    with pytest.raises(CaseRefusal) as caught:
        permit(case_in(Stage.PAID))
    assert (caught.value.code, caught.value.clause) == ("number-missing", "Pasal 11(3)i")


def test_a_site_outside_the_city_is_not_permitted() -> None:
    with pytest.raises(InvalidIdentifier):
        permit(numbered(site=replace(SITE, kelurahan="35.16.01.2001")))


@pytest.mark.parametrize(
    "url", ["", "simojo.example/p", "ftp://simojo.example/p", "https://a b", "https://é", "https://a/" + "x" * MAX_URL]
)
def test_an_address_that_is_no_url_is_misconfigured(url: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        permit(url=url)
    assert caught.value.code == "verify-url-invalid"


def test_the_longest_address_still_fits() -> None:
    url = "https://a/" + "x" * (MAX_URL - 10)
    assert url in text_of(permit(url=url))


def test_a_signatory_without_a_nip_cannot_sign_pasal_13_4() -> None:
    with pytest.raises(CaseRefusal) as caught:
        permit_pdf(numbered(), verify_url=VERIFY_URL, issued_on=ISSUED_ON, signatory=Head(nip=None))
    assert (caught.value.code, caught.value.clause) == ("signatory-without-nip", "Pasal 13(4)")
