"""Tables of faults: for each dialect what comes, and what the hub does about it: retry, refuse, or ask a person.

A row (`row.Row`) is written in one way everywhere; `answers` and `scenes` help to play it. `all.TABLES` has all rows
by page and table. `tests/exchange/test_tables.py` plays each of them; docs/dialects.md and docs/dialects/ show the same
rows to people, and `tests/docs/test_dialect_tables.py` holds the two equal. After a change:
`python -m tests.exchange.tables`.
"""
