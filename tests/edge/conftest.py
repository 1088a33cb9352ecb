"""The web application of a hub whose clock the test holds."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from tests.edge.visitors import Visitor
from tests.office.conftest import furnished, house
from tests.office.house import House

__all__ = ["furnished", "house"]


@pytest.fixture
def visitor(house: House) -> Visitor:
    """Somebody with a browser or a program."""
    return Visitor(TestClient(house.gateway.api))
