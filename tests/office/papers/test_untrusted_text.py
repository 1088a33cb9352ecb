"""Applicants and agencies write what they like: it is printed, never obeyed."""

from dataclasses import replace

import pytest

from gateway.office.papers import layout
from gateway.office.papers.layout import printable
from tests.domain.journeys import APPLICANT
from tests.office.papers.people import numbered, permit
from tests.office.papers.reading import pages_of, squeezed, text_of


@pytest.mark.parametrize(
    "name",
    [
        "#panic()",
        '#read("/etc/passwd")',
        "#set text(red)",
        "#paper.number",
        "$x^2$ dan $",
        "*tebal* _miring_ `kode`",
        '"kutip" \'tunggal\' "',
        "\\ \\u{41} \\n",
        "@rujukan <label> // komentar /* komentar */",
        "= judul - butir + angka / istilah: arti",
        "[kurung] {kurawal} ]] }}",
        '", "number": "999/PALSU", "x": "',
        "~ -- --- ...",
        "Ćirić Ñandú Ōkubo ß Łódź",
        "Жуков Ωmega",
        "https://contoh.example/a?b=c#d",
        "",
    ],
)
def test_markup_in_a_name_is_printed_as_it_was_typed(name: str) -> None:
    text = text_of(permit(numbered(replace(APPLICANT, name=name))))
    assert f"Nama:{squeezed(name)}NIK:" in text


def test_a_very_long_name_is_printed_whole() -> None:
    names = ("Panjang" * 60, "Nama Contoh " * 40)
    for name in names:
        pdf = permit(numbered(replace(APPLICANT, name=name)))
        assert f"Nama:{squeezed(name)}NIK:" in text_of(pdf)
        assert pages_of(pdf) <= 2


def test_a_long_word_is_broken_by_nothing_that_would_be_copied() -> None:
    assert "\u200b" not in text_of(permit(numbered(replace(APPLICANT, name="Panjang" * 60))))


@pytest.mark.parametrize(
    ("typed", "printed"),
    [
        ("Siti\nContoh", "Siti Contoh"),
        ("  Siti\t\r\n Contoh\u00a0 ", "Siti Contoh"),
        ("Cafe\u0301", "Café"),
        ("ꦱꦶ", "[U+A9B1][U+A9B6]"),
        ("名", "[U+540D]"),
        ("😀", "[U+1F600]"),
        ("Siti\u202ehotnoC", "Siti[U+202E]hotnoC"),
        ("Si\u200bti\x00\x1b", "Si[U+200B]ti[U+0000][U+001B]"),
        ("soft\u00adhyphen", "soft[U+00AD]hyphen"),
    ],
)
def test_what_cannot_be_drawn_is_named_and_never_dropped(typed: str, printed: str) -> None:
    assert printable(typed) == printed
    assert f"Nama:{squeezed(printed)}NIK:" in text_of(permit(numbered(replace(APPLICANT, name=typed))))


def test_arabic_letters_are_drawn_from_right_to_left() -> None:
    assert printable("علي") == "علي"
    assert "Nama:" + "علي"[::-1] + "NIK:" in text_of(permit(numbered(replace(APPLICANT, name="علي"))))


def test_every_character_that_counts_as_printable_can_be_drawn() -> None:
    ranges = [range(first, last + 1) for first, last in layout._PRINTABLE]
    name = " ".join(chr(each) for span in ranges for each in span)
    case = replace(numbered(replace(APPLICANT, name=name)), service_name=name)
    assert "[U+" not in text_of(permit(case))
