"""One furnished store for each process, copied for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.exchange.stage import Stage, copied, furnish
from tests.exchange.town import Door, Street


@pytest.fixture(scope="session")
def door() -> Iterator[Door]:
    opened = Door()
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def street() -> Iterator[Street]:
    opened = Street()
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory, door: Door, street: Street) -> Path:
    folder = tmp_path_factory.mktemp("exchange") / "template"
    furnish(folder, door, street)
    return folder


@pytest.fixture
def stage(template: Path, door: Door, street: Street, request: pytest.FixtureRequest) -> Iterator[Stage]:
    opened = Stage(copied(template, template.parent / f"test-{request.node.name[:60]}-{id(request)}"), door, street)
    yield opened
    opened.close()
