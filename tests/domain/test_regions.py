from collections import Counter

import pytest

from gateway.domain.identifiers import InvalidIdentifier
from gateway.domain.regions import CITY_CODE, KELURAHAN, Kelurahan


def test_the_city_has_eighteen_kelurahan_in_three_kecamatan() -> None:
    assert Counter(each.kecamatan for each in KELURAHAN.values()) == {
        "Prajurit Kulon": 6,
        "Magersari": 6,
        "Kranggan": 6,
    }
    assert len({each.name for each in KELURAHAN.values()}) == 18
    assert all(code == each.code and code.startswith(each.kecamatan_code) for code, each in KELURAHAN.items())
    assert all(each.kecamatan_code.startswith(CITY_CODE) for each in KELURAHAN.values())


def test_a_kelurahan_is_found_by_its_code_with_both_numberings() -> None:
    assert Kelurahan.find("35.76.03.1006") == Kelurahan(
        code="35.76.03.1006",
        name="Purwotengah",
        kecamatan="Kranggan",
        kecamatan_code="35.76.03",
        bps_code="3576021",
    )
    assert Kelurahan.find("35.76.01.1003").name == "Mentikan"


@pytest.mark.parametrize("code", ["35.76.01.1001", "3576011003", "", "35.78.01.1003"])
def test_another_code_is_no_kelurahan_of_the_city(code: str) -> None:
    with pytest.raises(InvalidIdentifier, match=r"35\.76\.01\.1003"):
        Kelurahan.find(code)
