"""What holds for every test: the interpreter's rubbish collection does not look at what all of them share."""

from __future__ import annotations

import gc

gc.disable()


def pytest_collection_finish() -> None:
    """Thousands of tests and all imported code stand until the end: nothing in them is worth looking for again.

    Without this a fifth of the suite's time is the collector's, which goes through them all at every few tests.
    """
    gc.collect()
    gc.freeze()
    gc.enable()
