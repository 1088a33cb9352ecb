from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.case import Stage
from gateway.domain.errors import CaseRefusal, Misconfigured
from gateway.domain.events import Applicant
from gateway.domain.skrd import SKRD
from gateway.office.papers.fees import SAMPLE_TARIFF, FeeSchedule, Tariff, charge, virtual_account
from tests.domain.journeys import APPLICANT, SITE, case_in
from tests.office.papers.people import COMPANY, HEAD, ISSUED_ON, Head

PARTNER = "88726"


def charged(
    service: str = "pbg",
    *,
    area_m2: int | None = 120,
    applicant: Applicant = APPLICANT,
    schedule: FeeSchedule = SAMPLE_TARIFF,
    issued_on: date = ISSUED_ON,
    signatory: Head = HEAD,
    npwrd: str | None = None,
) -> SKRD:
    case = case_in(Stage.APPROVED, service)
    case = replace(case, applicant=applicant, site=replace(SITE, area_m2=area_m2))
    return charge(
        case,
        schedule,
        number="0017/SKRD/III/2026",
        issued_on=issued_on,
        payment_code=virtual_account(PARTNER, 17),
        signatory=signatory,
        npwrd=npwrd,
    )


def code_of(error: pytest.ExceptionInfo[CaseRefusal]) -> tuple[str, str]:
    return error.value.code, error.value.clause


@pytest.mark.parametrize(("area_m2", "amount"), [(120, 1_140_000), (20, 190_000), (19, 190_000), (1, 190_000)])
def test_a_building_is_charged_by_its_area_and_a_least_area(area_m2: int, amount: int) -> None:
    assert charged(area_m2=area_m2).amount == amount


def test_the_use_of_assets_is_charged_once() -> None:
    skrd = charged("aset", area_m2=None)
    assert skrd.amount == 250_000
    assert [line.quantity for line in skrd.lines] == [1]


def test_the_assessment_names_payer_period_account_and_signatory() -> None:
    skrd = charged()
    assert (skrd.number, skrd.period, skrd.year) == ("0017/SKRD/III/2026", "Maret 2026", 2026)
    assert (skrd.payer_name, skrd.payer_address) == ("Siti Contoh", "Jalan Contoh 1")
    assert (skrd.payment_code, skrd.npwrd) == ("88726000000000017", "R-K-2026-000017")
    assert (skrd.signatory, skrd.signatory_nip) == (HEAD.name, HEAD.nip)
    assert (skrd.pay_to_bank, skrd.pay_to_account) == (SAMPLE_TARIFF.pay_to_bank, SAMPLE_TARIFF.pay_to_account)
    assert charged(npwrd="1.17").npwrd == "1.17"
    assert charged(applicant=COMPANY).payer_name == "PT Contoh Sejahtera"


def test_the_sample_says_that_it_is_no_law() -> None:
    for tariff in SAMPLE_TARIFF.tariffs:
        assert "bukan peraturan daerah" in tariff.legal_basis
        assert "contoh" in tariff.description
    assert charged().legal_basis == SAMPLE_TARIFF.tariffs[0].legal_basis


def test_the_office_changes_a_tariff_by_a_later_version() -> None:
    old = replace(SAMPLE_TARIFF.tariffs[0], valid_until=date(2026, 12, 31))
    new = replace(old, unit_price=10_000, valid_from=date(2026, 7, 1), valid_until=None, legal_basis="Perda contoh")
    schedule = replace(SAMPLE_TARIFF, tariffs=(new, old))
    assert charged(schedule=schedule, issued_on=date(2026, 6, 30)).amount == 1_140_000
    assert charged(schedule=schedule, issued_on=date(2026, 7, 1)).amount == 1_200_000
    assert charged(schedule=schedule, issued_on=date(2027, 1, 1)).legal_basis == "Perda contoh"


@pytest.mark.parametrize("day", [date(2025, 12, 31), date(2027, 1, 1)])
def test_no_tariff_in_force_means_no_charge(day: date) -> None:
    only = replace(SAMPLE_TARIFF.tariffs[0], valid_from=date(2026, 1, 1), valid_until=date(2026, 12, 31))
    schedule = replace(SAMPLE_TARIFF, tariffs=(only,))
    assert charged(schedule=schedule, issued_on=date(2026, 12, 31)).amount == 1_140_000
    with pytest.raises(CaseRefusal) as caught:
        charged(schedule=schedule, issued_on=day)
    assert code_of(caught) == ("tariff-missing", "Pasal 14(6)")


@pytest.mark.parametrize("area_m2", [None, 0, -5])
def test_a_building_without_an_area_cannot_be_charged(area_m2: int | None) -> None:
    with pytest.raises(CaseRefusal) as caught:
        charged(area_m2=area_m2)
    assert code_of(caught) == ("area-missing", "Pasal 14(6)")


def test_a_type_that_is_not_levied_is_not_charged_pasal_15() -> None:
    with pytest.raises(CaseRefusal) as caught:
        charged("krk")
    assert code_of(caught) == ("not-levied", "Pasal 15")


def test_a_signatory_without_a_nip_signs_no_assessment() -> None:
    with pytest.raises(CaseRefusal) as caught:
        charged(signatory=Head(nip=None))
    assert code_of(caught) == ("signatory-without-nip", "Pasal 13(4)")


@pytest.mark.parametrize("wrong", [{"unit_price": 0}, {"unit_price": -1}, {"least_m2": 0}])
def test_a_tariff_of_nothing_is_misconfigured(wrong: dict[str, int]) -> None:
    good = {"unit_price": 1, "least_m2": 1}
    described = {"service": "pbg", "description": "x", "account_code": "1", "legal_basis": "x"}
    assert Tariff(**described, **good, valid_from=ISSUED_ON).unit_price == 1  # type: ignore[arg-type]  # fields by name
    with pytest.raises(Misconfigured) as caught:
        Tariff(**described, **(good | wrong), valid_from=ISSUED_ON)  # type: ignore[arg-type]  # fields by name
    assert caught.value.code == "tariff-invalid"


@given(st.integers(1, 10**12 - 1), st.integers(1, 10**12 - 1))
def test_payment_codes_are_as_different_as_their_sequences(first: int, second: int) -> None:
    codes = virtual_account(PARTNER, first), virtual_account(PARTNER, second)
    assert (codes[0] == codes[1]) == (first == second)
    assert all(code.startswith(PARTNER) and len(code) == len(PARTNER) + 12 and code.isdigit() for code in codes)


@pytest.mark.parametrize("sequence", [0, -1, 10**12])
def test_a_sequence_that_does_not_fit_gives_no_code(sequence: int) -> None:
    with pytest.raises(ValueError, match="customer number"):
        virtual_account(PARTNER, sequence)


@pytest.mark.parametrize("partner", ["", " 88726", "8872A", "123456789", "٨٨٧٢٦"])
def test_a_company_code_is_one_to_eight_digits(partner: str) -> None:
    assert virtual_account("12345678", 1) == "12345678000000000001"
    with pytest.raises(Misconfigured) as caught:
        virtual_account(partner, 1)
    assert caught.value.code == "partner-id-invalid"
