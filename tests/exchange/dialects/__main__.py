"""Writes the tables of docs/dialects.md anew: `python -m tests.exchange.dialects`."""

from tests.exchange.dialects.page import PAGE, with_tables

if __name__ == "__main__":
    PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
