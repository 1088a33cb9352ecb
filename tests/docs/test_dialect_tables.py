"""docs/dialects.md and docs/dialects/ show the tables that are played, row by row, and no other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.exchange.tables.all import TABLES
from tests.exchange.tables.pages import COUNTED, INDEX, PAGES, tables_of, with_tables


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_a_page_has_every_row_that_is_played_and_no_other(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    shown = re.findall("<!-- table: (.+?) -->", text)
    assert sorted(shown) == sorted({COUNTED} if path == INDEX else tables_of(path.stem))
    assert with_tables(text) == text, "run python -m tests.exchange.tables"


def test_every_page_of_the_folder_is_of_a_dialect_that_is_played() -> None:
    assert {each.stem for each in INDEX.with_suffix("").iterdir()} == set(TABLES)


def test_a_name_stands_once_in_a_table() -> None:
    for page, tables in TABLES.items():
        for title, rows in tables.items():
            names = [row.name for row in rows]
            assert len(set(names)) == len(names), (page, title)
