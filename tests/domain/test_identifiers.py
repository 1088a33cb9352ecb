import pickle
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.identifiers import KBLI, NIB, NIK, NIP, NPWP, InvalidIdentifier, Phone, is_mail_address, mask
from tests.domain.strategies import niks, nips, npwps, phones

TODAY = date(2026, 3, 2)


def test_a_nik_tells_birth_and_sex() -> None:
    woman, man = NIK("9999014506900001"), NIK("9999010506010001")
    assert woman.is_female
    assert woman.birth_date(TODAY) == date(1990, 6, 5)
    assert not man.is_female
    assert man.birth_date(TODAY) == date(2001, 6, 5)  # not 1901


def test_the_pivot_is_today_itself() -> None:
    nik = NIK("9999010203260001")
    assert nik.birth_date(date(2026, 3, 2)) == date(2026, 3, 2)
    assert nik.birth_date(date(2026, 3, 1)) == date(1926, 3, 2)


@given(niks())
def test_a_birth_date_never_lies_in_the_future(nik: NIK) -> None:
    born = nik.birth_date(TODAY)
    assert born <= TODAY
    day = born.day + 40 * nik.is_female
    assert nik[6:12] == f"{day:02}{born:%m%y}"


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        ("999901450690000", "16 digits"),
        ("99990145069000012", "16 digits"),
        ("99990145O6900001", "16 digits"),
        ("９９９９０１４５０６９００００１", "16 digits"),
        ("9999014506900001\n", "16 digits"),
        ("9999014513900001", "month"),
        ("9999014500900001", "month"),
        ("9999010006900001", "day"),
        ("9999013206900001", "day"),
        ("9999014006900001", "day"),
        ("9999017206900001", "day"),
        ("9999013106900001", "day"),
        ("9999012902010001", "leap year"),
    ],
)
def test_a_wrong_nik_is_refused_by_its_rule_and_not_echoed(value: str, rule: str) -> None:
    with pytest.raises(InvalidIdentifier, match=rule) as caught:
        NIK(value)
    assert value not in caught.value.text
    assert value[6:12] not in caught.value.text
    assert caught.value.code == "identifier-invalid"


@pytest.mark.parametrize("value", ["9999012902000001", "9999016902960001", "0000013112990001"])
def test_a_leap_day_and_any_region_are_accepted(value: str) -> None:
    assert NIK(value) == value


@pytest.mark.parametrize("value", ["000000000999000", "0000000000999000", "00.000.000.0-999.000", "9999014506900001"])
def test_both_forms_of_npwp_are_accepted(value: str) -> None:
    assert NPWP(value).isdigit()


@pytest.mark.parametrize("value", ["000000001999000", "0000000001999000", "9999014513900001", "00000000099900", ""])
def test_a_wrong_npwp_is_refused(value: str) -> None:
    with pytest.raises(InvalidIdentifier):
        NPWP(value)


@given(npwps(), st.integers(1, 9))
def test_luhn_finds_one_wrong_digit(npwp: NPWP, shift: int) -> None:
    digits = npwp[-15:]
    wrong = str((int(digits[0]) + shift) % 10) + digits[1:]
    with pytest.raises(InvalidIdentifier, match="Luhn"):
        NPWP(wrong)


@pytest.mark.parametrize(
    ("kind", "right", "wrong"), [(NIB, "0" * 13, "0" * 12), (KBLI, "01111", "1111"), (KBLI, "56101", "5610a")]
)
def test_nib_and_kbli_have_their_lengths(kind: type[NIB | KBLI], right: str, wrong: str) -> None:
    assert kind(right) == right
    with pytest.raises(InvalidIdentifier):
        kind(wrong)


def test_a_nip_is_read_as_the_regulation_prints_it() -> None:
    nip = NIP("19800101 200501 1 001")
    assert nip == "198001012005011001"
    assert nip.printed == "19800101 200501 1 001"


@pytest.mark.parametrize("value", ["19800101 200501 1 01", "198013012005011001", "198002302005011001", "abc"])
def test_a_wrong_nip_is_refused(value: str) -> None:
    with pytest.raises(InvalidIdentifier):
        NIP(value)


@pytest.mark.parametrize(
    "value", ["081200000017", "6281200000017", "+6281200000017", "0812-0000-0017", "+62 812 0000 0017"]
)
def test_a_phone_is_stored_in_e164(value: str) -> None:
    phone = Phone(value)
    assert phone == "+6281200000017"
    assert phone.local == "081200000017"


@pytest.mark.parametrize(
    "value", ["81200000017", "0321123456", "+6581200000017", "08120000", "0812000000170000", "", "-0812000000"]
)
def test_a_number_that_gets_no_sms_is_refused_pasal_8_4(value: str) -> None:
    with pytest.raises(InvalidIdentifier):
        Phone(value)


@pytest.mark.parametrize("value", ["siti@contoh.example", "budi.contoh+izin@mail.contoh.example", "a@b.co"])
def test_mail_can_be_sent_to_one_address_pasal_8_4(value: str) -> None:
    assert is_mail_address(value)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "siti",
        "siti@contoh",
        "siti@@contoh.example",
        "siti@contoh.example,budi@contoh.example",
        "Siti <siti@contoh.example>",
        "siti@contoh.example\n",
        "siti@contoh.example\r\nBcc: budi@contoh.example",
        "siti contoh@contoh.example",
        "siti@-contoh.example",
        f"{'s' * 65}@contoh.example",
        f"siti@{'contoh.' * 40}example",
    ],
)
def test_what_is_not_one_mail_address_gets_no_mail(value: str) -> None:
    assert not is_mail_address(value)


@given(st.one_of(niks(), npwps(), nips(), phones))
def test_parsing_again_changes_nothing(value: NIK | NPWP | NIP | Phone) -> None:
    assert type(value)(value) == value
    assert pickle.loads(pickle.dumps(value)) == value  # noqa: S301 - our own bytes, as caches and queues copy them
    assert not hasattr(value, "__dict__")


@given(st.text(max_size=40))
def test_a_mask_never_shows_more_than_six_characters(value: str) -> None:
    shown = mask(value)
    assert len(shown.replace("*", "")) <= 6
    assert len(shown) <= 18
