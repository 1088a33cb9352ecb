from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.errors import Refused
from gateway.domain.skrd import MAX_AMOUNT, ChargeLine, rupiah, terbilang
from tests.domain.journeys import SKRD_350


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "nol"),
        (1, "satu"),
        (10, "sepuluh"),
        (11, "sebelas"),
        (12, "dua belas"),
        (20, "dua puluh"),
        (21, "dua puluh satu"),
        (100, "seratus"),
        (111, "seratus sebelas"),
        (1_000, "seribu"),
        (1_001, "seribu satu"),
        (2_100, "dua ribu seratus"),
        (11_000, "sebelas ribu"),
        (101_000, "seratus satu ribu"),
        (1_000_000, "satu juta"),
        (1_250_000, "satu juta dua ratus lima puluh ribu"),
        (1_001_001, "satu juta seribu satu"),
        (1_000_000_000, "satu miliar"),
        (1_000_000_000_000, "satu triliun"),
        (2_017_000_000_019, "dua triliun tujuh belas miliar sembilan belas"),
    ],
)
def test_amounts_in_words(number: int, words: str) -> None:
    assert terbilang(number) == words


ONES = dict(
    zip(["satu", "dua", "tiga", "empat", "lima", "enam", "tujuh", "delapan", "sembilan"], range(1, 10), strict=True)
)
SCALES = {"ribu": 10**3, "juta": 10**6, "miliar": 10**9, "triliun": 10**12}


def read(words: str) -> int:
    """Read number words back, one word after another."""
    total = group = last = 0
    for word in words.replace("seribu", "satu ribu").replace("seratus", "satu ratus").split():
        if word in ONES:
            group, last = group + ONES[word], ONES[word]
        elif word in ("sepuluh", "sebelas"):
            group += {"sepuluh": 10, "sebelas": 11}[word]
        elif word in ("belas", "puluh", "ratus"):
            group += {"belas": 10, "puluh": 9 * last, "ratus": 99 * last}[word]
        elif word == "triliun":
            total, group = (total + group) * SCALES[word], 0
        else:
            total, group = total + group * SCALES[word], 0
    return total + group


@given(st.integers(1, MAX_AMOUNT) | st.integers(1, 10**6))
def test_words_say_the_number_and_nothing_else(number: int) -> None:
    words = terbilang(number)
    assert read(words) == number
    assert "satu ratus" not in words
    assert "satu puluh" not in words
    assert words == " ".join(words.split())


@pytest.mark.parametrize("number", [-1, MAX_AMOUNT + 1])
def test_a_number_out_of_range_has_no_words(number: int) -> None:
    with pytest.raises(Refused) as caught:
        terbilang(number)
    assert caught.value.code == "amount-invalid"


@pytest.mark.parametrize(
    ("amount", "text"), [(0, "Rp0"), (999, "Rp999"), (1_250_000, "Rp1.250.000"), (-1_000, "-Rp1.000")]
)
def test_rupiah_groups_by_points(amount: int, text: str) -> None:
    assert rupiah(amount) == text


@given(st.integers(-MAX_AMOUNT, MAX_AMOUNT))
def test_rupiah_reads_back(amount: int) -> None:
    assert int(rupiah(amount).replace("Rp", "").replace(".", "")) == amount


def test_an_skrd_adds_up_its_lines_pasal_14_6() -> None:
    skrd = replace(
        SKRD_350,
        lines=(
            ChargeLine(description="luas bangunan", quantity=120, unit_price=10_000),
            ChargeLine(description="prasarana", quantity=1, unit_price=50_000),
        ),
    )
    assert skrd.amount == 1_250_000
    assert skrd.amount_in_words == "satu juta dua ratus lima puluh ribu rupiah"


@pytest.mark.parametrize(
    "lines",
    [
        (),
        (ChargeLine(description="gratis", quantity=1, unit_price=0),),
        (ChargeLine(description="terlalu besar", quantity=2, unit_price=2**52),),
    ],
)
def test_an_skrd_of_nothing_or_of_too_much_is_refused(lines: tuple[ChargeLine, ...]) -> None:
    with pytest.raises(Refused) as caught:
        replace(SKRD_350, lines=lines)
    assert caught.value.code == "skrd-invalid"


@pytest.mark.parametrize(("quantity", "unit_price"), [(0, 1), (-1, 1), (1, -1)])
def test_a_charge_line_is_never_negative(quantity: int, unit_price: int) -> None:
    with pytest.raises(Refused, match="quantity"):
        ChargeLine(description="salah", quantity=quantity, unit_price=unit_price)


@pytest.mark.parametrize("code", ["", "   99887", "99887-17", "9" * 29, "９９８８７", "99887\n"])
def test_a_payment_code_is_a_virtual_account_in_digits_pasal_14_2(code: str) -> None:
    with pytest.raises(Refused, match="payment code") as caught:
        replace(SKRD_350, payment_code=code)
    assert (caught.value.code, caught.value.clause) == ("skrd-invalid", "Pasal 14(2)")
    assert replace(SKRD_350, payment_code="9" * 28).payment_code == "9" * 28
