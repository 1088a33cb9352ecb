"""Tables of faults: what comes, and what the hub does about it, for sms, email, courier and the bank.

`tests/exchange/test_tables.py` plays every row through the real pipeline; docs/dialects-<agency>.md shows the same rows
to people, and `tests/docs/test_dialect_tables.py` holds the two equal. `python -m tests.exchange.tables` prints them.
"""
