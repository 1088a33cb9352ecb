"""The city offices: requests tell no more than agreed and keep their schema; answers become facts, or are declined."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from gateway.contract.adapter import Accept, AskPerson, Decline, Query, Reason, Request, Retry
from gateway.contract.message import Json, Payload
from gateway.domain.case import PermitCase
from gateway.domain.events import (
    ApplicantKind,
    ArrearsFound,
    AttachedDocument,
    AttentionRaised,
    NoArrearsFound,
    QueryArrears,
    RecommendationGiven,
    Reference,
    RequestRecommendation,
)

NIK = "9999014506900001"


@dataclass(frozen=True)
class Dialect:
    """An office's words: a service, its papers, a favourable answer and what makes it unfavourable, its conditions."""

    service: str
    papers: tuple[str, ...]
    favourable: Mapping[str, Json]
    unfavourable: Mapping[str, Json]
    conditions: tuple[str, ...]
    listed: str


HEAD: Mapping[str, Json] = {"nomor": "1/2026", "tanggal": "2026-03-05", "pejabat": "Budi Contoh"}
DIALECTS: Mapping[str, Dialect] = {
    "dinkes": Dialect(
        "sip-dokter",
        ("str", "ijazah"),
        {**HEAD, "hasil": "direkomendasikan", "strBerlakuSampai": "2029-06-30", "tempatPraktikKe": 2},
        {"hasil": "tidak-direkomendasikan"},
        ("Tempat praktik ke-2.", "STR berlaku sampai 2029-06-30."),
        "syarat",
    ),
    "dlh": Dialect(
        "lingkungan",
        ("dokumen-lingkungan",),
        {**HEAD, "layak": True, "jenisDokumen": "UKL-UPL"},
        {"layak": False},
        ("Dokumen lingkungan: UKL-UPL.",),
        "kewajiban",
    ),
    "dishub": Dialect(
        "trayek",
        ("stnk",),
        {**HEAD, "tahap": "selesai", "setuju": True, "jumlahKendaraan": 4},
        {"setuju": False},
        ("Paling banyak 4 kendaraan.",),
        "syarat",
    ),
    "bakesbangpol": Dialect(
        "penelitian",
        ("proposal",),
        {**HEAD, "setuju": True, "berlakuSampai": "2026-09-05"},
        {"setuju": False},
        ("Rekomendasi berlaku sampai 2026-09-05.",),
        "ketentuan",
    ),
    "bpkpd": Dialect(
        "aset",
        (),
        {**HEAD, "setuju": True, "nilaiPerTahun": 12_500_000},
        {"setuju": False},
        ("Nilai per tahun menurut BPKPD: Rp12.500.000.",),
        "syarat",
    ),
}


ADAPTERS = Path(__file__).parents[2] / "adapters"


@pytest.mark.parametrize("agency", sorted(set(DIALECTS) - {"bpkpd"}))  # which sends its books as a file besides
def test_an_office_is_under_150_lines_altogether(agency: str) -> None:
    modules = (ADAPTERS / agency).glob("*.py")
    assert sum(len(each.read_text(encoding="utf-8").splitlines()) for each in modules) < 150


def declared(agency: str) -> Request[RequestRecommendation]:
    interaction = import_module(f"adapters.{agency}").ADAPTER.interaction("technical-recommendation")
    assert isinstance(interaction, Request)
    return interaction


def heard(agency: str, case: PermitCase, answer: Payload) -> Any:
    return declared(agency).to_case(case, RequestRecommendation(agency=agency), answer)


def given(agency: str, case: PermitCase, answer: Payload) -> RecommendationGiven:
    accepted = heard(agency, case, answer)
    assert isinstance(accepted, Accept)
    assert accepted.final
    (effect,) = accepted.effects
    assert effect.case == case.id
    (event,) = effect.events
    assert isinstance(event, RecommendationGiven)
    return event


def bare(case: PermitCase, service: str) -> PermitCase:
    person = replace(case.applicant, kind=ApplicantKind.PERSON, company=None, npwp=None, nib=None)
    site = replace(case.site, area_m2=None)
    return replace(case, service=service, acknowledgement_number=None, applicant=person, site=site, documents=())


@pytest.mark.parametrize("agency", DIALECTS)
def test_a_request_keeps_its_schema_names_papers_by_digest_and_tells_no_nik(
    agency: str, case: PermitCase, violations: Callable[[str, Payload], list[str]]
) -> None:
    dialect, request = DIALECTS[agency], declared(agency)
    kinds = (*dialect.papers, "ktp")
    papers = tuple(AttachedDocument(kind=kind, name=f"{kind}-siti.pdf", sha256="a" * 64) for kind in kinds)
    full = replace(case, service=dialect.service, documents=papers)
    for each in (full, bare(case, dialect.service)):
        payload = request.to_agency(each, RequestRecommendation(agency=agency), "m-1")
        assert payload["perkara"] == case.id
        assert violations(request.request, payload) == []
        assert not any(word in str(payload) for word in (NIK, case.applicant.phone, case.applicant.email, ".pdf"))
        assert str(payload).count("a" * 64) == (len(dialect.papers) if each is full else 0)


@pytest.mark.parametrize("agency", DIALECTS)
def test_an_answer_becomes_a_recommendation_with_all_that_the_permit_has_to_say_pasal_11_3_d(
    agency: str, case: PermitCase, violations: Callable[[str, Payload], list[str]]
) -> None:
    dialect = DIALECTS[agency]
    answer: Payload = {"perkara": case.id, **dialect.favourable}
    event = given(agency, case, answer)
    assert (event.agency, event.favourable, event.number) == (agency, True, "1/2026")
    assert (event.on, event.by, event.conditions) == (date(2026, 3, 5), "Budi Contoh", dialect.conditions)
    two = given(agency, case, {**answer, dialect.listed: ["Satu.", "Dua."]})
    assert two.conditions == (*dialect.conditions, "Satu.", "Dua.")
    assert not given(agency, case, {**answer, **dialect.unfavourable}).favourable


@pytest.mark.parametrize("agency", DIALECTS)
@pytest.mark.parametrize("change", [{"perkara": "K-OTHER"}, {"tanggal": "2026-02-30"}], ids=["case", "date"])
def test_an_answer_that_is_crossed_or_bears_no_real_date_is_declined(
    agency: str, case: PermitCase, change: dict[str, Json]
) -> None:
    declined = heard(agency, case, {"perkara": case.id, **DIALECTS[agency].favourable, **change})
    assert isinstance(declined, Decline)
    assert declined.reason is Reason.INCONSISTENT
    assert str(next(iter(change.values()))) in declined.text


def test_a_practice_is_not_recommended_under_a_registration_that_has_ended(case: PermitCase) -> None:
    answer: Payload = {"perkara": case.id, **DIALECTS["dinkes"].favourable}
    assert isinstance(heard("dinkes", case, {**answer, "strBerlakuSampai": "2026-03-04"}), Decline)
    assert given("dinkes", case, {**answer, "strBerlakuSampai": "2026-03-05"}).favourable
    lifelong = given("dinkes", case, {**answer, "strBerlakuSampai": "seumur-hidup"})
    assert lifelong.conditions == ("Tempat praktik ke-2.", "STR berlaku seumur hidup.")
    refused: Payload = {"perkara": case.id, **HEAD, "hasil": "tidak-direkomendasikan"}
    assert given("dinkes", case, refused).conditions == ()
    assert not given("dinkes", case, {**refused, "strBerlakuSampai": "2020-01-01"}).favourable


def test_a_study_is_not_recommended_until_a_day_before_the_recommendation(case: PermitCase) -> None:
    answer: Payload = {"perkara": case.id, **DIALECTS["bakesbangpol"].favourable}
    declined = heard("bakesbangpol", case, {**answer, "berlakuSampai": "2026-03-04"})
    assert isinstance(declined, Decline)
    assert given("bakesbangpol", case, {**answer, "berlakuSampai": "2026-03-05"}).favourable


def test_an_entry_in_the_transport_offices_register_leaves_the_request_open(case: PermitCase) -> None:
    entered: Payload = {"perkara": case.id, "tahap": "diterima", "tanggal": "2026-03-03", "nomorAgenda": "AG-1"}
    assert heard("dishub", case, entered) == Accept(final=False)
    assert isinstance(heard("dishub", case, {**entered, "perkara": "K-OTHER"}), Decline)


# --- arrears ------------------------------------------------------------------------------------------------------

ASK = QueryArrears()
DAY = date(2026, 3, 2)
DEBTS: Json = [
    {"jenis": "Pajak Reklame", "masa": "2024", "jumlah": 500_000},
    {"jenis": "Pajak Reklame", "masa": "2025", "jumlah": 750_000},
]


@pytest.fixture
def arrears() -> Query[QueryArrears]:
    interaction = import_module("adapters.bpkpd").ADAPTER.interaction("arrears")
    assert isinstance(interaction, Query)
    return interaction


def test_a_taxpayer_is_asked_about_by_one_number_the_most_exact_that_is_known(
    arrears: Query[QueryArrears], case: PermitCase, violations: Callable[[str, Payload], list[str]]
) -> None:
    firm = replace(case, service="reklame")
    person = bare(firm, "reklame")
    known = replace(firm, references=(Reference(kind="npwpd", value="P200000017"),))
    numbers = [
        (firm, "npwp", "000000000999000"),
        (person, "nik", NIK),
        (replace(firm, applicant=replace(firm.applicant, npwp=None)), "nik", NIK),
        (known, "npwpd", "P200000017"),
    ]
    for each, kind, number in numbers:
        payload = arrears.to_agency(each, ASK, "m-1")
        taxpayer = {"jenis": kind, "nomor": number}
        assert payload == {"perkara": case.id, "layanan": "reklame", "wajibPajak": taxpayer}
        assert violations(arrears.request, payload) == []


def test_a_debt_is_a_fact_and_calls_a_person_with_the_amount_in_whole_rupiah(
    arrears: Query[QueryArrears], case: PermitCase
) -> None:
    reply: Payload = {
        "perkara": case.id,
        "status": "menunggak",
        "perTanggal": "2026-03-02",
        "jumlah": 1_250_000,
        "rincian": DEBTS,
    }
    accepted = arrears.to_case(case, ASK, reply)
    assert isinstance(accepted, Accept)
    (effect,) = accepted.effects
    found, called = effect.events
    assert found == ArrearsFound(agency="bpkpd", amount=1_250_000, on=DAY)
    assert isinstance(called, AttentionRaised)
    assert "Rp1.250.000" in called.text
    wrong = arrears.to_case(case, ASK, {**reply, "jumlah": 1_250_001})
    assert isinstance(wrong, AskPerson)


@pytest.mark.parametrize("status", ["nihil", "tidak-terdaftar"])
def test_who_owes_nothing_or_as_a_person_pays_no_tax_has_no_arrears(
    arrears: Query[QueryArrears], case: PermitCase, status: str
) -> None:
    person = bare(case, "aset")
    reply: Payload = {"perkara": case.id, "status": status, "perTanggal": "2026-03-02"}
    accepted = arrears.to_case(person, ASK, reply)
    assert isinstance(accepted, Accept)
    assert accepted.effects[0].events == (NoArrearsFound(agency="bpkpd", on=DAY),)
    firm = arrears.to_case(case, ASK, reply)
    assert isinstance(firm, Accept if status == "nihil" else AskPerson)


def test_closed_books_are_no_answer_and_another_case_is_for_a_person(
    arrears: Query[QueryArrears], case: PermitCase
) -> None:
    closed: Payload = {"perkara": case.id, "status": "tutup-buku"}
    assert arrears.to_case(case, ASK, closed) == Retry(text="BPKPD: tutup buku", after_s=900)
    assert arrears.to_case(case, ASK, {**closed, "cobaLagiDetik": 60}) == Retry(text="BPKPD: tutup buku", after_s=60)
    crossed = arrears.to_case(case, ASK, {"perkara": "K-OTHER", "status": "nihil", "perTanggal": "2026-03-02"})
    assert isinstance(crossed, AskPerson)
