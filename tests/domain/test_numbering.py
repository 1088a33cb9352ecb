from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.errors import Misconfigured
from gateway.domain.numbering import check_template, counter_scope, format_number

TEMPLATE = "{NNN}/{TYPE}/{ROMAN-MONTH}/{YYYY}"


def test_a_number_is_written_from_its_template() -> None:
    assert format_number(TEMPLATE, 7, "pbg", date(2026, 4, 1)) == "007/PBG/IV/2026"
    assert format_number("503.{NNNN}/{MM}.{YYYY}", 12345, "pbg", date(2026, 12, 1)) == "503.12345/12.2026"


def test_the_counter_restarts_with_the_year_and_not_with_the_month() -> None:
    january, december = date(2026, 1, 1), date(2026, 12, 31)
    assert counter_scope(TEMPLATE, "pbg", january) == counter_scope(TEMPLATE, "pbg", december)
    assert counter_scope(TEMPLATE, "pbg", january) != counter_scope(TEMPLATE, "pbg", date(2027, 1, 1))
    assert counter_scope(TEMPLATE, "pbg", january) != counter_scope(TEMPLATE, "krk", january)


def test_types_that_a_template_does_not_tell_apart_share_a_counter() -> None:
    day = date(2026, 1, 1)
    assert counter_scope("{NNN}/{YYYY}", "pbg", day) == counter_scope("{NNN}/{YYYY}", "krk", day)
    assert counter_scope("{NNN}/{TYPE}", "pbg", day) == counter_scope("{NNN}/{TYPE}", "pbg", date(2027, 1, 1))


cells = st.tuples(
    st.integers(1, 2000), st.sampled_from(["pbg", "krk", "sip-dokter"]), st.dates(date(2025, 1, 1), date(2027, 12, 31))
)


@given(st.sampled_from([TEMPLATE, "{NNN}/{YYYY}", "{NNN}/{TYPE}", "{N}-{MM}-{YYYY}"]), cells, cells)
def test_equal_numbers_come_from_one_scope_and_sequence(
    template: str, one: tuple[int, str, date], two: tuple[int, str, date]
) -> None:
    if format_number(template, *one) == format_number(template, *two):
        assert (counter_scope(template, *one[1:]), one[0]) == (counter_scope(template, *two[1:]), two[0])


@pytest.mark.parametrize(
    ("template", "why"),
    [
        ("{NNN}/{BULAN}", "BULAN"),
        ("{NNN}/{nnn}", "nnn"),
        ("{TYPE}/{YYYY}", "exactly one"),
        ("{NNN}/{NNN}", "exactly one"),
        ("{NNN}/{YYYY", "brace"),
        ("{NNN}/YYYY}", "brace"),
        ("{NNN}/{}", "knows no"),
        ("", "exactly one"),
    ],
)
def test_a_template_that_makes_no_number_is_misconfigured(template: str, why: str) -> None:
    uses: tuple[Callable[[], str], ...] = (
        lambda: check_template(template),
        lambda: format_number(template, 1, "pbg", date(2026, 1, 1)),
        lambda: counter_scope(template, "pbg", date(2026, 1, 1)),
    )
    for use in uses:
        with pytest.raises(Misconfigured, match=why):
            use()


def test_a_sequence_starts_at_one() -> None:
    with pytest.raises(ValueError, match="starts at 1"):
        format_number(TEMPLATE, 0, "pbg", date(2026, 1, 1))
