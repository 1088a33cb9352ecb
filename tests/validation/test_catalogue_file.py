"""The office's own permit types: read whole, or refused with the place."""

from __future__ import annotations

from datetime import date

import pytest

from gateway.domain.catalogue import ServiceClass
from gateway.domain.errors import Misconfigured
from gateway.domain.events import SigningMethod
from gateway.validation.catalogue_file import MAX_CHARACTERS, read_catalogue

LEAST = """
[[permit_type]]
code = "panti"
name = "Izin Panti Sosial"
service_class = "non-usaha"
recommended_by = ["dinsos"]
levied = false
signing = "electronic"
duration_days = 5
valid_from = 2026-01-01
legal_basis = "contoh"
"""


def test_what_is_left_out_is_as_for_most_types() -> None:
    (found,) = read_catalogue(LEAST).types
    assert (found.code, found.service_class, found.signing) == (
        "panti",
        ServiceClass.NON_USAHA,
        SigningMethod.ELECTRONIC,
    )
    assert (found.recommended_by, found.required_documents, found.paper) == (("dinsos",), ("ktp",), "kertas-panti")
    assert (found.valid_from, found.valid_until, found.positive_fiction) == (date(2026, 1, 1), None, False)
    assert read_catalogue(LEAST).find("panti", date(2026, 3, 2)) == found


def test_a_later_version_takes_the_place_of_an_earlier_one() -> None:
    later = LEAST.replace("2026-01-01", "2026-07-01").replace("duration_days = 5", "duration_days = 3")
    catalogue = read_catalogue(LEAST + later)
    assert [catalogue.find("panti", date(2026, month, 2)).duration_days for month in (3, 7)] == [5, 3]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('code = "panti"', 'code = "Panti"', "/permit_type/0/code"),
        ("levied = false\n", "", "/permit_type/0/levied"),
        ("duration_days = 5", "duration_days = 0", "/permit_type/0/duration_days"),
        ("levied = false", "levied = false\ncolour = 'red'", "/permit_type/0/colour"),
        ("valid_from = 2026-01-01", 'valid_from = "kapan"', "/permit_type/0/valid_from"),
        ("[[permit_type]]", "[[permit", "is not TOML"),
        (LEAST, "", "/permit_type"),
        (LEAST, LEAST + LEAST, "2 versions from 2026-01-01"),
        ("levied = false", 'levied = false\nnumber_template = "{X}"', "number template"),
        (LEAST, "#" * (MAX_CHARACTERS + 1), "at most"),
    ],
)
def test_a_file_that_breaks_its_shape_says_where(old: str, new: str, says: str) -> None:
    with pytest.raises(Misconfigured) as refused:
        read_catalogue(LEAST.replace(old, new))
    assert says in f"{refused.value.text} {[each.path for each in refused.value.violations]}"
