"""An office with a database of its own for each test."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from gateway.operations.registry import Registry
from gateway.transport.http import HttpClient
from tests.operations.ledgers import Office
from tests.operations.registrars import registry_of
from tests.operations.status_office import StatusOffice
from tests.operations.status_town import Town
from tests.store.conftest import engine, migrated

__all__ = ["engine", "migrated"]


@pytest.fixture
def office(engine: Engine) -> Iterator[Office]:
    opened = Office(engine)
    yield opened
    opened.writer.close()


@pytest.fixture
def filled(office: Office) -> Office:
    """The same, with 13 leaves under three checkpoints."""
    office.fill()
    return office


@pytest.fixture
def registry(office: Office) -> Registry:
    return registry_of(office)


@pytest.fixture
def town(office: Office) -> Iterator[Town]:
    web = StatusOffice()
    with HttpClient(clock=time.monotonic) as client:
        yield Town(office, web, client)
    web.close()
