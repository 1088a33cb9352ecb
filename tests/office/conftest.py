"""A house of its own for each test; what is in it is made once and copied."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.databases import Databases, Furnished
from tests.office.house import House, opened


@pytest.fixture(scope="session")
def furnished(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Furnished]:
    """A folder with keys, and a store that has agreements and staff."""
    folder = tmp_path_factory.mktemp("furnished")
    with databases.new() as url:
        House.build(folder, url).gateway.stop()
        yield Furnished(folder, url, databases)


@pytest.fixture
def house(furnished: Furnished, tmp_path: Path) -> Iterator[House]:
    with furnished.copied(tmp_path) as url:
        made = opened(tmp_path, url)
        yield made
        made.gateway.stop()
