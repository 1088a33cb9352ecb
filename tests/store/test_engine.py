"""Engines, and instants as they are stored."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import Column, Dialect, Engine, Integer, MetaData, Table, insert, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import StatementError

from gateway.domain.errors import Misconfigured
from gateway.store.engine import open_engine
from gateway.store.types import Serial, UtcDateTime

JAKARTA = timezone(timedelta(hours=7))


def test_sqlite_is_opened_so_that_a_commit_is_on_disk_before_it_counts(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'simojo.db'}")
    with engine.connect() as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout", "secure_delete")
        }
    engine.dispose()
    assert found == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "busy_timeout": 10_000,
        "secure_delete": 1,
    }


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("not a url", "cannot be read"),
        ("", "cannot be read"),
        ("postgresql://simojo@db.example", "names no database"),
        ("oracle://simojo@db.example/simojo", "oracle"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
    ],
)
def test_a_url_that_cannot_be_served_is_misconfigured_and_says_what_to_write(url: str, told: str) -> None:
    with pytest.raises(Misconfigured, match=told) as caught:
        open_engine(url)
    assert "sqlite:///" in caught.value.text
    assert caught.value.code == "misconfigured"


@pytest.fixture
def table() -> Table:
    return Table("t", MetaData(), Column("id", Integer, primary_key=True), Column("at", UtcDateTime))


def stored(engine: Engine, table: Table, at: datetime | None) -> datetime | None:
    with engine.connect() as connection:
        table.create(connection)
        connection.execute(insert(table), [{"id": 1, "at": at}])
        found: datetime | None = connection.execute(select(table.c.at)).scalar_one()
    return found


def test_an_instant_comes_back_aware_in_utc(engine: Engine, table: Table) -> None:
    found = stored(engine, table, datetime(2026, 1, 5, 6, 30, 0, 123456, tzinfo=JAKARTA))
    assert found == datetime(2026, 1, 4, 23, 30, 0, 123456, tzinfo=UTC)
    assert found is not None
    assert found.utcoffset() == timedelta(0)


def test_no_instant_stays_none(engine: Engine, table: Table) -> None:
    assert stored(engine, table, None) is None


def test_a_naive_instant_is_refused(engine: Engine, table: Table) -> None:
    with pytest.raises(StatementError, match="time zone"):
        stored(engine, table, datetime(2026, 1, 5, 6, 30))  # noqa: DTZ001 - the negative case


def dialect(url: str) -> Dialect:
    return make_url(url).get_dialect()()


def test_an_aware_instant_from_an_engine_that_keeps_zones_is_left_as_it_is() -> None:
    at = datetime(2026, 1, 5, 6, 30, tzinfo=JAKARTA)
    assert UtcDateTime().process_result_value(at, dialect("postgresql://")) is at


def test_a_serial_counts_by_itself_on_both_engines() -> None:
    assert Serial.compile(dialect=dialect("sqlite://")) == "INTEGER"
    assert Serial.compile(dialect=dialect("postgresql://")) == "BIGINT"
