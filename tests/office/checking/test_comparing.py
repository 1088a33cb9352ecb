"""Paper against store, field by field (Pasal 22(4)c): tolerant of how people write, exact beyond that."""

from __future__ import annotations

from datetime import date

import pytest

from gateway.office.checking.comparing import Field, Result, compare, differences, initials, normal_name, read_day
from gateway.office.checking.stored import Standing, StoredPermit

PERMIT = StoredPermit(
    case_id="c-1",
    number="001/PBG/III/2026",
    service="pbg",
    service_name="Persetujuan Bangunan Gedung (contoh)",
    standing=Standing.VALID,
    day=date(2026, 3, 2),
    since=date(2026, 3, 4),
    district="Magersari",
    holder="Dra. Hj. Siti Contoh, M.Si.",
    location="Jl. Contoh No. 05 RT 01/RW 02",
    signed="",
    prepared="",
)


@pytest.mark.parametrize(
    ("field", "same", "different"),
    [
        (Field.NUMBER, "001 / pbg / iii / 2026", "002/PBG/III/2026"),
        (Field.DAY, "Senin, 2 Maret 2026", "4 Maret 2026"),
        (Field.DAY, "02-03-2026", "03-02-2026"),
        (Field.DAY, "2026-03-02", "2025-03-02"),
        (Field.SERVICE, "PERSETUJUAN  BANGUNAN GEDUNG (Contoh)", "Izin Reklame"),
        (Field.HOLDER, "SITI CONTOH", "Siti Contoh Dua"),
        (Field.HOLDER, "Ibu siti contoh, M.Si", "Siti"),
        (Field.LOCATION, "jalan contoh nomor 5, RT.1 RW.2", "Jl. Contoh No. 50 RT 01/RW 02"),
        (Field.LOCATION, "JLN CONTOH NO.05 RT01 RW02", "Jl. Contoh No. 5"),
    ],
)
def test_the_same_is_the_same_however_it_is_written(field: Field, same: str, different: str) -> None:
    assert [each.result for each in compare(PERMIT, {field: same})] == [Result.SAME]
    assert differences(compare(PERMIT, {field: different})) == (field,)


def test_an_end_date_on_a_paper_is_a_difference_since_none_is_stored() -> None:
    assert differences(compare(PERMIT, {Field.UNTIL: "2 Maret 2031"})) == (Field.UNTIL,)


@pytest.mark.parametrize("text", ["kemarin", "31-02-2026", "2 Maret 26", "2 2", "٢ Maret ٢٠٢٦", "1 2 3 4 5", "-", "0"])
def test_what_is_no_date_is_said_to_be_none_and_never_different(text: str) -> None:
    assert read_day(text) is None
    assert [each.result for each in compare(PERMIT, {Field.DAY: text})] == [Result.UNREADABLE]


def test_empty_fields_are_not_compared() -> None:
    assert compare(PERMIT, {Field.HOLDER: "  ", Field.DAY: ""}) == ()


def test_every_month_is_read_in_both_languages() -> None:
    indonesian = "Januari Februari Maret April Mei Juni Juli Agustus September Oktober November Desember"
    english = "January February March April May June July August September October November December"
    for names in (indonesian, english):
        assert [read_day(f"1 {name} 2026") for name in names.split()] == [date(2026, n, 1) for n in range(1, 13)]


def test_a_name_that_is_all_titles_is_still_a_name() -> None:
    assert normal_name("Drs. H. Ali.Contoh") == "ali contoh"
    assert normal_name("Haji") == "haji"


def test_initials_say_neither_the_name_nor_its_length() -> None:
    assert initials("Dra. Hj. Siti Contoh, M.Si.") == "S*** C***"
    assert initials("PT Contoh Sejahtera") == "P*** C*** S***"
