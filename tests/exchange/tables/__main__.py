"""Write the tables of docs/dialects.md and docs/dialects/ anew: `python -m tests.exchange.tables`."""

from __future__ import annotations

from tests.exchange.tables.pages import PAGES, with_tables

if __name__ == "__main__":
    for path in PAGES:
        path.write_text(with_tables(path.read_text(encoding="utf-8")), encoding="utf-8")
