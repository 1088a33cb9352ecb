from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.domain.errors import Refused
from gateway.domain.ikm import ELEMENTS, PRINTED_WEIGHT, Answers, Band, band, element_means, index
from tests.domain.strategies import values


def filled(*marks: int) -> Answers:
    return Answers(**{f"u{place}": mark for place, mark in enumerate(marks, 1)})


BEST, WORST = filled(*[4] * 9), filled(*[1] * 9)


def test_the_published_pair_91_48_and_90_56() -> None:
    # 29 surveys whose marks add up to 955: 8 of all fours, 17 with three threes, 4 with nine and a half below
    surveys = [BEST] * 8 + [filled(3, 3, 3, *[4] * 6)] * 15 + [filled(*[3] * 7, 4, 4)] * 5 + [filled(*[3] * 9)]
    assert sum(sum(map(int, vars(each).values())) for each in surveys) == 955
    assert index(surveys) == Decimal("91.48")
    assert index(surveys, PRINTED_WEIGHT) == Decimal("90.56")


def test_the_printed_weight_cannot_exceed_99() -> None:
    assert index([BEST]) == Decimal("100.00")
    assert index([BEST], Fraction(11, 100)) == Decimal("99.00")
    assert index([WORST]) == Decimal("25.00")


def test_rounding_is_half_up_and_comes_before_banding() -> None:
    assert index([filled(4, 4, 4, 4, 4, 4, 4, 4, 3), BEST]) == Decimal("98.61")  # 98.6111
    eighth = [BEST] * 7 + [filled(3, *[4] * 8)]
    assert index(eighth, Fraction(1, 10)) == Decimal("89.69")  # 89.6875
    assert element_means(eighth)[0] == Decimal("3.88")  # 3.875, which half-even would leave at 3.88 as well
    assert element_means([*eighth, *eighth, *[BEST] * 24])[0] == Decimal("3.95")  # 3.95 exactly


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("100", Band.A),
        ("88.31", Band.A),
        ("88.30", Band.B),
        ("76.61", Band.B),
        ("76.60", Band.C),
        ("65.00", Band.C),
        ("64.99", Band.D),
        ("24.75", Band.D),
    ],
)
def test_bands_of_permenpan_14_2017(value: str, expected: Band) -> None:
    assert band(Decimal(value)) is expected


def test_bands_have_names() -> None:
    assert [each.words for each in Band] == ["Sangat baik", "Baik", "Kurang baik", "Tidak baik"]
    assert len(ELEMENTS) == 9


@pytest.mark.parametrize("value", ["-0.01", "100.01"])
def test_an_impossible_index_has_no_band(value: str) -> None:
    with pytest.raises(Refused, match="0 to 100"):
        band(Decimal(value))


@pytest.mark.parametrize("mark", [0, 5, True, 2.0])
def test_an_answer_is_a_whole_number_1_to_4(mark: int) -> None:
    with pytest.raises(Refused, match=r"U2 .prosedur."):
        filled(4, mark, *[4] * 7)


def test_no_survey_no_index() -> None:
    with pytest.raises(Refused) as caught:
        index([])
    assert caught.value.code == "survey-empty"
    with pytest.raises(Refused):
        element_means([])


@given(st.lists(values(Answers), min_size=1, max_size=10))
@settings(max_examples=50)
def test_the_index_lies_between_25_and_100_and_order_does_not_matter(surveys: list[Answers]) -> None:
    found = index(surveys)
    assert Decimal(25) <= found <= Decimal(100)
    assert index(surveys[::-1]) == found
    assert index(surveys * 2) == found
    assert index([*surveys, BEST]) >= found
    assert all(1 <= each <= 4 for each in element_means(surveys))
