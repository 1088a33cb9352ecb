"""What holds for every test: the collector of garbage goes through what a test made, not through what all of them share.

Without this a fourth of the suite's time is the collector's.
"""

from __future__ import annotations

import gc

from fastapi.dependencies import models

gc.disable()


def pytest_collection_finish() -> None:
    """All imported code and thousands of tests stand until the end: nothing in them is garbage."""
    gc.collect()
    gc.freeze()
    gc.enable()


def pytest_runtest_teardown() -> None:
    """FastAPI remembers thousands of routes' functions, and by them every hub that has ended: it forgets them."""
    for each in vars(models).values():
        if hasattr(each, "cache_clear"):
            each.cache_clear()
