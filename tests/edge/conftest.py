"""The web application of a hub whose clock the test holds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from tests.databases import Databases, Furnished
from tests.edge.hostile.bed import Grounds
from tests.edge.visitors import Visitor
from tests.office.conftest import furnished, house
from tests.office.house import House

__all__ = ["furnished", "house"]


@pytest.fixture
def visitor(house: House) -> Visitor:
    """Somebody with a browser or a program."""
    return Visitor(TestClient(house.gateway.api))


@pytest.fixture(scope="session")
def grounds(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Grounds]:
    """Where hubs behind servers of their own are copied from."""
    folder = tmp_path_factory.mktemp("grounds")
    with databases.new() as url:
        yield Grounds.furnish(folder, Furnished(folder, url, databases))
