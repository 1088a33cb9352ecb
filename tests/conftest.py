"""The PostgreSQL server of a test process, and databases on either engine.

And the collector of garbage goes through what a test made, not through what all of them share: without this a fourth of
the suite's time is the collector's.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest
from fastapi.dependencies import models

from tests.databases import ENGINES, Databases
from tests.postgres import Server


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A server of this test process, started when a test first asks for it."""
    with Server() as started:
        yield started


@pytest.fixture(scope="session", params=ENGINES)
def databases(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Databases:
    """Databases of one engine; a test that asks for them runs once on each."""
    if request.param == "sqlite":
        return Databases(tmp_path_factory.mktemp("databases"))
    return Databases(tmp_path_factory.mktemp("databases"), request.getfixturevalue("server"))


# --- garbage --------------------------------------------------------------------------------------------------------

gc.disable()


def pytest_collection_finish() -> None:
    """All imported code and thousands of tests stand until the end: nothing in them is garbage."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 10, 10)  # few of the many objects that a test makes are garbage
    gc.enable()


def pytest_runtest_teardown() -> None:
    """FastAPI remembers thousands of routes' functions, and by them every hub that has ended: it forgets them."""
    for each in vars(models).values():
        if hasattr(each, "cache_clear"):
            each.cache_clear()
