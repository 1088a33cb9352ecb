"""The PostgreSQL server of a test process, and databases on either engine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

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
