from dataclasses import replace
from datetime import date

import pytest

from gateway.domain.catalogue import SAMPLE, Catalogue, ServiceClass
from gateway.domain.errors import CaseRefusal, Misconfigured
from gateway.domain.events import SigningMethod

TODAY = date(2026, 3, 2)


def test_the_version_in_force_on_the_day_is_found_pasal_19() -> None:
    assert SAMPLE.find("trayek", date(2024, 1, 4)).levied
    assert not SAMPLE.find("trayek", date(2024, 1, 5)).levied


@pytest.mark.parametrize(("code", "day"), [("pbg", date(2020, 3, 9)), ("imb", TODAY), ("PBG", TODAY)])
def test_a_type_that_is_not_offered_is_refused(code: str, day: date) -> None:
    with pytest.raises(CaseRefusal) as caught:
        SAMPLE.find(code, day)
    assert caught.value.code == "service-unknown"


def test_a_type_ends_with_its_newest_version() -> None:
    old = SAMPLE.find("pbg", TODAY)
    new = replace(old, valid_from=date(2026, 1, 1), valid_until=date(2026, 3, 1))
    catalogue = Catalogue((new, old))
    assert catalogue.find("pbg", date(2025, 12, 31)) is old
    assert catalogue.find("pbg", date(2026, 3, 1)) is new
    assert catalogue.codes(date(2026, 3, 1)) == ("pbg",)
    assert catalogue.codes(TODAY) == ()
    with pytest.raises(CaseRefusal, match="none"):
        catalogue.find("pbg", TODAY)


def test_two_versions_cannot_start_on_one_day() -> None:
    kind = SAMPLE.find("pbg", TODAY)
    with pytest.raises(Misconfigured, match="2 versions"):
        Catalogue((kind, kind))


def test_a_type_needs_a_lower_case_code_a_duration_and_a_template() -> None:
    kind = SAMPLE.find("pbg", TODAY)
    for wrong in ({"code": "PBG"}, {"code": ""}, {"duration_days": 0}, {"number_template": "{X}"}):
        with pytest.raises(Misconfigured):
            replace(kind, **wrong)


def test_the_sample_says_that_it_is_one_and_covers_the_kinds_of_service() -> None:
    offered = [SAMPLE.find(code, TODAY) for code in SAMPLE.codes(TODAY)]
    assert {"pbg", "krk", "sip-dokter", "reklame", "lingkungan", "trayek", "aset", "penelitian"} == {
        each.code for each in offered
    }
    assert all("contoh" in each.name and "bukan ketetapan" in each.legal_basis for each in SAMPLE.types)
    assert {each.service_class for each in offered} == set(ServiceClass)
    assert {each.signing for each in offered} == set(SigningMethod)
    assert {each.levied for each in offered} == {True, False}
