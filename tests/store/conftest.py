"""A database of its own for each test, migrated, with its one writer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from gateway.store.engine import open_engine
from gateway.store.reading import Reader
from gateway.store.schema import prepare
from gateway.store.unit_of_work import SingleWriter


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    opened = open_engine(f"sqlite:///{tmp_path / 'simojo.db'}")
    prepare(opened)
    yield opened
    opened.dispose()


@pytest.fixture
def reader(engine: Engine) -> Reader:
    return Reader(engine)


@pytest.fixture
def writer(engine: Engine) -> Iterator[SingleWriter]:
    opened = SingleWriter(engine)
    yield opened
    opened.close()
