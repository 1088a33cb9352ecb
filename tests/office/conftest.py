"""A house of its own for each test; what is in it is made once and copied."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.office.house import House, opened


@pytest.fixture(scope="session")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with keys and a store that has agreements and staff."""
    folder = tmp_path_factory.mktemp("furnished")
    House.build(folder).gateway.stop()
    return folder


@pytest.fixture
def house(furnished: Path, tmp_path: Path) -> Iterator[House]:
    shutil.copytree(furnished, tmp_path, dirs_exist_ok=True)
    made = opened(tmp_path)
    yield made
    made.gateway.stop()
