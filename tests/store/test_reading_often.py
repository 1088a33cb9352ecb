"""The questions that every message asks: from many threads, after a fault, and after the engine was closed."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, event, text

from gateway.domain.errors import HubBusy
from gateway.store.reading import Reader
from gateway.store.reads import base
from gateway.store.tables import ExchangeRow
from tests.store.rows import Put, exchange


def _named(reader: Reader, number: int) -> str | None:
    found = reader.exchange_by_message("in", "dpupr", f"m-{number}")
    return None if found is None else found.id


def test_many_threads_are_each_told_what_they_asked(reader: Reader, put: Put) -> None:
    put(ExchangeRow, *(exchange(number, number) for number in range(1, 9)))
    numbers = [number % 10 for number in range(200)]
    with ThreadPoolExecutor(8) as threads:
        told = list(threads.map(lambda number: _named(reader, number), numbers))
    assert told == [f"x-{number}" if 1 <= number <= 8 else None for number in numbers]


def test_a_question_that_failed_stands_in_the_way_of_no_other(engine: Engine, reader: Reader, put: Put) -> None:
    put(ExchangeRow, exchange(1, 0))
    assert _named(reader, 1) == "x-1"
    with engine.connect() as connection:
        connection.execute(text("ALTER TABLE exchange RENAME TO put_away"))
        with pytest.raises(HubBusy):
            _named(reader, 1)
        connection.execute(text("ALTER TABLE put_away RENAME TO exchange"))
    assert _named(reader, 1) == "x-1"


def test_a_closed_engine_holds_no_file_and_may_be_asked_again(sqlite_engine: Engine) -> None:
    reader = Reader(sqlite_engine)
    assert _named(reader, 1) is None
    sqlite_engine.dispose()
    assert is_left_alone(sqlite_engine)
    assert _named(reader, 1) is None


def test_a_question_during_which_the_engine_is_closed_holds_no_file_either(sqlite_engine: Engine) -> None:
    reader = Reader(sqlite_engine)
    sqlite_engine.dispose()

    @event.listens_for(sqlite_engine, "checkout", once=True)
    def close(*_: object) -> None:
        sqlite_engine.dispose()

    assert _named(reader, 1) is None
    assert is_left_alone(sqlite_engine)
    assert _named(reader, 1) is None
    assert not is_left_alone(sqlite_engine)


def test_no_more_connections_are_kept_than_the_bound(sqlite_engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "IDLE", 0)
    sqlite_engine.dispose()
    reader = Reader(sqlite_engine)
    for _ in range(3):
        assert _named(reader, 1) is None
        assert is_left_alone(sqlite_engine)


def is_left_alone(engine: Engine) -> bool:
    """Whether nobody has the file open: the write-ahead log can be left by who has it to itself alone."""
    alone = sqlite3.connect(str(engine.url.database), timeout=0)
    try:
        return bool(alone.execute("PRAGMA journal_mode=DELETE").fetchone() == ("delete",))
    except sqlite3.OperationalError:
        return False
    finally:
        alone.close()
