"""A database of its own for each test, migrated, with its one writer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import SQLModel

from gateway.store import claims
from gateway.store.claims import Taken
from gateway.store.engine import open_engine
from gateway.store.lanes import Lane
from gateway.store.plan import Committed, Insert, Plan
from gateway.store.reading import Reader
from gateway.store.schema import prepare
from gateway.store.unit_of_work import GroupCommit
from tests.databases import Databases
from tests.store.claiming import Take, lane
from tests.store.rows import NOW, Put


@pytest.fixture(scope="session")
def migrated(databases: Databases) -> Iterator[str]:
    """The URL of a database that has all tables and is copied for each test."""
    with databases.new() as url:
        engine = open_engine(url)
        prepare(engine)
        engine.dispose()
        yield url


@pytest.fixture
def engine(databases: Databases, migrated: str) -> Iterator[Engine]:
    with databases.new(migrated) as url:
        opened = open_engine(url)
        yield opened
        opened.dispose()


@pytest.fixture
def sqlite_engine(tmp_path: Path) -> Iterator[Engine]:
    """For what only a file can do, such as fill its disk."""
    opened = open_engine(f"sqlite:///{tmp_path / 'simojo.db'}")
    prepare(opened)
    yield opened
    opened.dispose()


@pytest.fixture
def reader(engine: Engine) -> Reader:
    return Reader(engine)


@pytest.fixture
def writer(engine: Engine) -> Iterator[GroupCommit]:
    opened = GroupCommit(engine)
    yield opened
    opened.close()


@pytest.fixture
def put(writer: GroupCommit) -> Put:
    """Commit rows of one table."""

    def insert(model: type[SQLModel], *rows: dict[str, Any]) -> None:
        assert writer.commit(Plan(tuple(Insert(model, row) for row in rows))) == Committed()

    return insert


@pytest.fixture
def take(writer: GroupCommit) -> Take:
    def claimed(wanted: int, now: datetime = NOW, *lanes: Lane, **more: Any) -> Taken:
        ways = lanes or (lane(),)
        writer.within(lambda each: claims.open_lanes(each, [(way.agency, way.interaction) for way in ways]))
        return writer.within(lambda each: claims.take(each, ways, wanted, now, **more))

    return claimed
