"""docs/dialects.md shows the tables that are tested."""

from __future__ import annotations

import re

from tests.exchange.dialects.page import PAGE, TABLES, with_tables


def test_the_page_has_every_row_that_is_tested_and_no_other() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert set(re.findall("<!-- table: (.+?) -->", text)) == set(TABLES)
    assert with_tables(text) == text, "run python -m tests.exchange.dialects"
