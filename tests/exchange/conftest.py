"""One furnished store for each process, copied for each test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest

from tests.databases import Databases, Furnished
from tests.exchange import confidential
from tests.exchange.furnishing import furnish
from tests.exchange.kasda import Treasury, treasury_stage
from tests.exchange.kasda_receiver import Quay
from tests.exchange.pasar import market_stage
from tests.exchange.shelves import Desk, Shelf
from tests.exchange.stage import Stage
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
def template(
    databases: Databases, tmp_path_factory: pytest.TempPathFactory, door: Door, street: Street
) -> Iterator[Furnished]:
    folder = tmp_path_factory.mktemp("exchange") / "template"
    with databases.new() as url:
        furnish(folder, url, door, street)
        yield Furnished(folder, url, databases)


_NUMBERS = count(1)


@contextmanager
def hub_folder(template: Furnished) -> Iterator[tuple[Path, str]]:
    """A folder beside the template's, with its keys, and a database of its own."""
    folder = template.folder.parent / f"hub-{next(_NUMBERS)}"
    with template.copied(folder) as url:
        yield folder, url


@pytest.fixture
def stage(template: Furnished, door: Door, street: Street) -> Iterator[Stage]:
    with hub_folder(template) as (folder, url):
        opened = Stage(folder, door, street, url)
        yield opened
        opened.close()


@pytest.fixture
def agreed(stage: Stage) -> Stage:
    """The stage after DPUPR agreed that all it exchanges is confidential."""
    confidential.agree(stage)
    return stage


@pytest.fixture
def market(template: Furnished, door: Door, street: Street) -> Iterator[Stage]:
    """A hub with an agency that sends files (`tests.exchange.pasar`)."""
    with hub_folder(template) as (folder, url), market_stage(folder, url, door, street) as opened:
        yield opened


@pytest.fixture
def shelf() -> Shelf:
    """Deliveries for the workers of a process."""
    return Shelf()


@pytest.fixture
def desk() -> Iterator[Desk]:
    """Where they make attempts, once it is opened."""
    made = Desk()
    yield made
    made.open.set()


@pytest.fixture(scope="session")
def quay() -> Iterator[Quay]:
    opened = Quay()
    yield opened
    opened.close()


@pytest.fixture
def kas(template: Furnished, door: Door, street: Street, quay: Quay) -> Iterator[Treasury]:
    """A hub with an agency that takes the office's files (`tests.exchange.kasda`)."""
    with hub_folder(template) as (folder, url), treasury_stage(folder, url, door, street, quay) as opened:
        yield opened
