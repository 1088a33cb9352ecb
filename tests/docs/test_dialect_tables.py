"""docs/dialects-<agency>.md says what is tested, row by row."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.exchange.tables.all import TABLES
from tests.exchange.tables.row import markdown

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("agency", TABLES)
def test_the_tables_of_a_dialect_are_those_that_are_played(agency: str) -> None:
    text = (DOCS / f"dialects-{agency}.md").read_text(encoding="utf-8")
    shown = re.findall(r"^## (.*?)\n\n(?:(?!\|).*\n)*?(\|.*?\n)(?:\n|\Z)", text, re.MULTILINE | re.DOTALL)
    assert dict(shown) == {title: markdown(rows) for title, rows in TABLES[agency].items()}


@pytest.mark.parametrize("agency", TABLES)
def test_a_name_stands_once_in_a_table(agency: str) -> None:
    for rows in TABLES[agency].values():
        names = [row.name for row in rows]
        assert len(set(names)) == len(names)
