"""A store that refuses the hub's own work while small writes still fit: its health must not say that all is well."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Connection, Engine

from gateway.domain.errors import HubBusy
from gateway.operations.health import store_fault
from gateway.store.engine import open_engine
from gateway.store.plan import Add, Committed, Conflict, Insert, Plan, Update
from gateway.store.room import SPILLED, use_room
from gateway.store.tables import CounterRow, DocumentRow
from gateway.store.unit_of_work import GroupCommit, transaction
from gateway.store.unit_of_work.statements import execute
from gateway.store.unit_of_work.trouble import STANDS_S
from tests.operations.ledgers import NOW
from tests.postgres import Server

FULL = "the store cannot write now (its disk is full); nothing was kept, send again"
SMALL = Plan.of(Add(CounterRow, {"name": "small"}, "value"))

REFUSING = """
    CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'no room' USING ERRCODE = 'disk_full'; END $$;
    CREATE TRIGGER no_room BEFORE INSERT ON document EXECUTE FUNCTION no_room()
"""
"""On PostgreSQL a server whose disk is full for new rows of this table, as far as its clients can tell."""


class Seconds:
    """A clock that a test moves."""

    at = 0.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def writer(engine: Engine, seconds: Seconds) -> Iterator[GroupCommit]:
    opened = GroupCommit(engine, seconds=seconds)
    yield opened
    opened.close()


def rows(name: str) -> Plan:
    """A plan that adds a row, as large as the document of an exchange may be."""
    row = {"case_id": "c-1", "kind": "plan", "media_type": "application/pdf", "body": bytes(1 << 20), "made_at": NOW}
    return Plan.of(Insert(DocumentRow, {**row, "sha256": name}))


@contextmanager
def full(engine: Engine) -> Iterator[None]:
    """The disk is full for what is large, until the block ends; what is small still fits."""
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()

        def limited(connection: Connection, statement: str) -> None:
            begins = statement == "BEGIN IMMEDIATE"
            if begins:
                connection.exec_driver_sql(f"PRAGMA max_page_count={pages + 5}")
            try:
                execute(connection, statement)
            finally:
                if not begins:
                    connection.exec_driver_sql(f"PRAGMA max_page_count={1 << 30}")

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(transaction, "execute", limited)
            yield
        return
    with engine.connect() as connection:
        connection.exec_driver_sql(REFUSING)
    yield
    with engine.connect() as connection:
        connection.exec_driver_sql("DROP FUNCTION no_room CASCADE")


def test_what_the_hubs_own_work_met_is_told_although_small_writes_fit(engine: Engine, writer: GroupCommit) -> None:
    assert store_fault(writer) == ""
    with full(engine):
        with pytest.raises(HubBusy, match="its disk is full"):
            writer.commit(rows("a"))
        assert writer.commit(SMALL) == Committed()
        assert [store_fault(writer) for _ in range(3)] == [FULL] * 3
    assert store_fault(writer) == FULL  # nobody has tried since
    assert writer.commit(rows("a")) == Committed()
    assert store_fault(writer) == ""


def test_it_stands_for_some_seconds_where_nobody_tries_again(
    engine: Engine, writer: GroupCommit, seconds: Seconds
) -> None:
    """A balancer sends nothing to a hub that is not ready: so it has to be ready again without being sent anything."""
    with full(engine):
        for name in ("a", "b"):
            seconds.at += STANDS_S - 0.5
            with pytest.raises(HubBusy):
                writer.commit(rows(name))
        seconds.at += STANDS_S - 0.5
        assert store_fault(writer) == FULL  # since the last failure, not the first
    seconds.at += 0.5
    assert store_fault(writer) == ""


def test_a_plan_of_which_nothing_was_written_ends_no_trouble(engine: Engine, writer: GroupCommit) -> None:
    stale = Update(CounterRow, {"name": "absent"}, {"value": 1}, {"value": 2})
    with full(engine), pytest.raises(HubBusy):
        writer.commit(rows("a"))
    assert writer.commit(Plan.of(stale, *rows("a").changes)) == Conflict(stale)
    assert store_fault(writer) == FULL
    assert writer.commit(rows("a")) == Committed()
    assert store_fault(writer) == ""


def no_rows(writer: GroupCommit) -> None:
    """A plan at fault itself."""
    with pytest.raises(KeyError):
        writer.commit(Plan.of(Update(CounterRow, {"no_such_column": 1}, {}, {"value": 1}), *rows("a").changes))


def twice(writer: GroupCommit) -> None:
    """A constraint that a message broke."""
    with pytest.raises(HubBusy):
        writer.commit(Plan.of(*rows("a").changes, *rows("a").changes))


@pytest.mark.parametrize("meet", [no_rows, twice])
def test_a_message_that_is_at_fault_itself_holds_up_nobody(
    writer: GroupCommit, meet: Callable[[GroupCommit], None]
) -> None:
    meet(writer)
    assert store_fault(writer) == ""


def test_a_look_has_postgresql_write_more_than_fits_into_memory(server: Server) -> None:
    url = server.create("room")
    engine = open_engine(url)
    setting, counting = SPILLED
    with engine.connect() as connection:
        connection.exec_driver_sql("BEGIN")
        connection.exec_driver_sql(setting)
        told = connection.exec_driver_sql(f"EXPLAIN (ANALYZE, BUFFERS) {counting}").scalars()
        written = next(line for line in told if "temp" in line)
        assert int(written.rpartition("written=")[2]) * 8 >= 256  # pages of 8 KB
        connection.exec_driver_sql("SET LOCAL temp_file_limit = '64kB'")
        use_room(connection)  # a server that lets nobody try says nothing of its room
        connection.exec_driver_sql("ROLLBACK")
    engine.dispose()
    server.drop("room")


def test_a_server_without_room_is_told_before_any_work_meets_it(server: Server) -> None:
    engine = open_engine(server.create("no-room"))
    writer = GroupCommit(engine)
    with engine.connect() as connection:
        connection.exec_driver_sql(
            "CREATE TABLE counter (name text PRIMARY KEY, value integer NOT NULL);"
            "CREATE FUNCTION public.generate_series(integer, integer) RETURNS SETOF integer LANGUAGE plpgsql AS $$"
            " BEGIN RAISE EXCEPTION 'no room' USING ERRCODE = 'disk_full'; END $$;"
            'ALTER DATABASE "no-room" SET search_path = public, pg_catalog'
        )
    engine.dispose()  # sessions from now on find no room for what they spill
    assert store_fault(writer) == FULL
    assert writer.commit(SMALL) == Committed()
    writer.close()
    engine.dispose()
    server.drop("no-room")
