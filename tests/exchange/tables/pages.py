"""The tables as the pages have them, each between the two comments that bear its name."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from tests.exchange.tables.all import TABLES
from tests.exchange.tables.row import Does, markdown

DOCS = Path(__file__).parents[3] / "docs"
INDEX = DOCS / "dialects.md"
PAGES = (INDEX, *(DOCS / "dialects" / f"{page}.md" for page in TABLES))
COUNTED = "rows of all dialects"
"""The one table that is not of rows: how many there are, by page."""


def tables_of(page: str) -> set[str]:
    """The names of the tables that a page has to show."""
    return {f"{page}: {title}" for title in TABLES[page]}


def with_tables(text: str) -> str:
    """The page with its tables as they are now. Raises KeyError for a table that nobody has."""

    def written(match: re.Match[str]) -> str:
        return f"{match[1]}\n{_table(match[2])}\n{match[3]}"

    return re.sub(r"(<!-- table: (.+?) -->)\n.*?(<!-- end -->)", written, text, flags=re.DOTALL)


def _table(name: str) -> str:
    if name == COUNTED:
        return _counted()
    page, _, title = name.partition(": ")
    return markdown(TABLES[page][title])


def _counted() -> str:
    lines = [f"| dialect | {' | '.join(Does)} |", f"|---|{'---|' * len(Does)}"]
    for page, tables in TABLES.items():
        counts = Counter(row.does for rows in tables.values() for row in rows)
        lines.append(f"| [{page}](dialects/{page}.md) | {' | '.join(str(counts[each]) for each in Does)} |")
    return "\n".join(lines)
