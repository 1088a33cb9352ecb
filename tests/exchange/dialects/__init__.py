"""The faults of each dialect, a table an agency: what comes, and what the hub does about it.

`tests/exchange/test_dialects.py` plays every row through the real pipelines; docs/dialects.md shows the same rows to
people, and `tests/docs/test_dialects.py` holds the two equal. After a change: `python -m tests.exchange.dialects`.
"""
