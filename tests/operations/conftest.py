"""An office with a database of its own for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.store.engine import open_engine
from gateway.store.schema import prepare
from tests.operations.ledgers import Office


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    engine = open_engine(f"sqlite:///{tmp_path / 'simojo.db'}")
    prepare(engine)
    opened = Office(engine)
    yield opened
    opened.writer.close()
    engine.dispose()


@pytest.fixture
def filled(office: Office) -> Office:
    """The same, with 13 leaves under three checkpoints."""
    office.fill()
    return office
