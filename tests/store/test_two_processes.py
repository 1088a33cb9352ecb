"""What holds when several processes write to one PostgreSQL: each is a unit of work of its own here."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress

import psycopg
import pytest
from sqlalchemy import Connection, Engine, event, insert, text
from sqlalchemy.exc import DBAPIError

from gateway.domain.errors import HubBusy
from gateway.store.engine import open_engine
from gateway.store.listening import CHANNEL
from gateway.store.plan import Add, Committed, Conflict, Insert, Plan, Update, table_of
from gateway.store.reading import Reader
from gateway.store.tables import CounterRow, DeliveryRow, OpeningRow
from gateway.store.unit_of_work import GroupCommit
from gateway.store.unit_of_work.transaction import TRIES
from tests.databases import Databases
from tests.postgres import Server
from tests.store.plans import advance, counter
from tests.store.rows import delivery

# SQLite has one writer: tests/store/test_exclusive.py holds it to that.
pytestmark = pytest.mark.parametrize("databases", ["postgres"], indirect=True)


@pytest.fixture
def url(databases: Databases, migrated: str) -> Iterator[str]:
    with databases.new(migrated) as created:
        yield created


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    opened = open_engine(url)
    yield opened
    opened.dispose()


@pytest.fixture
def two(engine: Engine) -> Iterator[tuple[GroupCommit, GroupCommit]]:
    """Two units of work that know nothing of each other."""
    with ExitStack() as stack:
        made = [GroupCommit(engine) for _ in range(2)]
        for each in made:
            stack.callback(each.close)
        yield made[0], made[1]


def outcomes(two: tuple[GroupCommit, GroupCommit], plans: list[Plan]) -> list[object]:
    with ThreadPoolExecutor(16) as pool:
        return list(pool.map(lambda each: two[each[0] % 2].commit(each[1]), enumerate(plans)))


def test_of_many_who_claim_one_key_exactly_one_gets_it(two: tuple[GroupCommit, GroupCommit], reader: Reader) -> None:
    found = outcomes(two, [Plan.of(counter("id", number), counter(f"of-{number}")) for number in range(40)])
    assert found.count(Committed()) == 1
    winner = reader.counter("id")
    # a plan that lost one claim leaves nothing of its others
    assert [number for number in range(40) if reader.counter(f"of-{number}")] == [winner]


def test_of_many_who_advance_one_row_each_version_has_one_author(
    two: tuple[GroupCommit, GroupCommit], reader: Reader
) -> None:
    two[0].commit(Plan.of(counter("version", 1)))
    found = outcomes(two, [Plan.of(advance("version", 1 + number // 4)) for number in range(40)])
    assert reader.counter("version") == 1 + found.count(Committed())
    assert all(isinstance(each, Conflict | Committed) for each in found)


def test_a_guard_alone_holds_until_its_plan_is_committed(two: tuple[GroupCommit, GroupCommit], reader: Reader) -> None:
    two[0].commit(Plan.of(counter("generation", 1)))
    stands = Update(CounterRow, {"name": "generation"}, {"value": 1}, {})
    found = outcomes(
        two,
        [
            Plan.of(advance("generation", 1)) if number == 20 else Plan.of(stands, counter(f"n-{number}"))
            for number in range(40)
        ],
    )
    kept = {number for number in range(40) if reader.counter(f"n-{number}")}
    assert kept == {number for number, each in enumerate(found) if each == Committed() and number != 20}
    assert found[20] == Committed()
    assert two[1].commit(Plan.of(stands, counter("late"))) == Conflict(stands)


def test_two_expectations_of_one_row_in_one_batch_are_told_apart(engine: Engine, reader: Reader) -> None:
    writer = GroupCommit(engine)
    writer.commit(Plan.of(counter("generation", 2)))
    held = threading.Event()
    first = threading.Thread(target=lambda: writer.within(lambda _: held.wait(30)))
    first.start()
    now, stale = (Update(CounterRow, {"name": "generation"}, {"value": value}, {}) for value in (2, 1))
    futures = [writer.submit(Plan.of(each, counter(f"n-{number}"))) for number, each in enumerate((stale, now, stale))]
    held.set()
    first.join()
    assert [each.result() for each in futures] == [Conflict(stale), Committed(), Conflict(stale)]
    assert [reader.counter(f"n-{number}") for number in range(3)] == [None, 1, None]
    writer.close()


def test_tallies_of_two_processes_all_count(two: tuple[GroupCommit, GroupCommit], reader: Reader) -> None:
    plan = Plan.of(Add(CounterRow, {"name": "n"}, "value"))
    assert outcomes(two, [plan] * 100) == [Committed()] * 100
    assert reader.counter("n") == 100


def test_who_locks_in_a_circle_is_run_again_and_both_commit(
    two: tuple[GroupCommit, GroupCommit], reader: Reader
) -> None:
    two[0].commit(Plan.of(counter("a", 0), counter("b", 0)))
    met = threading.Barrier(2)
    runs: list[str] = []

    def crosswise(first: str, second: str) -> None:
        def work(connection: Connection) -> None:
            runs.append(first)
            for number, name in enumerate((first, second)):
                connection.execute(text("UPDATE counter SET value = value + 1 WHERE name = :name"), {"name": name})
                if number == 0 and len(runs) <= 2:
                    met.wait(30)

        two[first == "b"].within(work)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda pair: crosswise(*pair), (("a", "b"), ("b", "a"))))
    assert len(runs) > 2
    assert (reader.counter("a"), reader.counter("b")) == (2, 2)


def test_a_commit_that_leaves_something_to_deliver_tells_whoever_listens(
    two: tuple[GroupCommit, GroupCommit], engine: Engine
) -> None:
    with psycopg.connect(engine.url.set(drivername="postgresql").render_as_string(False), autocommit=True) as listening:
        listening.execute(f"LISTEN {CHANNEL}".encode())
        two[0].commit(Plan.of(counter("nothing-to-deliver")))
        two[0].commit(Plan.of(Insert(DeliveryRow, delivery("d-1", "c-1/dpupr", 1, "queued"))))
        assert [each.channel for each in listening.notifies(timeout=10, stop_after=1)] == [CHANNEL]
        assert list(listening.notifies(timeout=0)) == []


def test_a_server_killed_while_it_commits_is_said_to_leave_it_unknown(server: Server, url: str) -> None:
    """The plan may be kept or not; the caller is told so, and sends the same again."""
    engine = open_engine(url)
    writer = GroupCommit(engine)
    writer.commit(Plan.of(counter("before")))

    def end_my_session(connection: Connection) -> None:
        # deferred to the COMMIT itself: the session is ended by its own trigger
        connection.execute(text("CREATE TABLE doomed (id int)"))
        connection.execute(
            text(
                "CREATE FUNCTION go() RETURNS trigger LANGUAGE plpgsql AS"
                " 'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END'"
            )
        )
        connection.execute(
            text(
                "CREATE CONSTRAINT TRIGGER go AFTER INSERT ON doomed DEFERRABLE INITIALLY DEFERRED"
                " FOR EACH ROW EXECUTE FUNCTION go()"
            )
        )
        connection.execute(text("INSERT INTO doomed VALUES (1)"))

    with pytest.raises(HubBusy, match="may have kept this or not") as told:
        writer.within(end_my_session)
    assert told.value.code == "commit-unknown"
    assert writer.commit(Plan.of(counter("after"))) == Committed()
    writer.close()
    engine.dispose()


def test_a_server_that_went_away_is_busy_and_taken_up_again_when_it_is_back(migrated: str, server: Server) -> None:
    del server
    with Server() as own:
        engine = open_engine(own.create("simojo"))
        with engine.connect() as connection:
            OpeningRow.metadata.create_all(connection)
        writer, reader = GroupCommit(engine), Reader(engine)
        assert writer.commit(Plan.of(counter("before"))) == Committed()
        own.stop()
        for _ in range(3):
            with pytest.raises(HubBusy, match="cannot write now"):
                writer.commit(Plan.of(counter("meanwhile")))
            with pytest.raises(HubBusy, match="cannot be read now"):
                reader.counter("before")
        own.start()
        assert writer.commit(Plan.of(counter("after"))) == Committed()
        assert (reader.counter("before"), reader.counter("meanwhile"), reader.counter("after")) == (1, None, 1)
        own.stop()
        own.start()  # nobody has met the gap: the pool's connections are dead, and nothing was lost by that
        assert writer.commit(Plan.of(counter("again"))) == Committed()
        writer.close()
        engine.dispose()


def test_what_within_raises_keeps_nothing(two: tuple[GroupCommit, GroupCommit], reader: Reader) -> None:
    two[0].commit(Plan.of(counter("a", 1)))

    def work(connection: Connection) -> None:
        connection.execute(text("UPDATE counter SET value = 9"))
        assert connection.execute(text("SELECT value FROM counter")).scalar_one() == 9
        raise KeyError("no")

    with pytest.raises(KeyError):
        two[0].within(work)
    assert reader.counter("a") == 1


def test_what_goes_on_after_its_connection_was_lost_writes_on_no_other(
    two: tuple[GroupCommit, GroupCommit], reader: Reader
) -> None:
    def work(connection: Connection) -> None:
        with suppress(DBAPIError):
            connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
        connection.execute(text("INSERT INTO counter (name, value) VALUES ('outside', 1)"))

    with pytest.raises(HubBusy, match="nothing was kept"):
        two[0].within(work)
    assert reader.counter("outside") is None


def test_a_session_that_the_server_ended_costs_the_writer_no_plan(engine: Engine, reader: Reader) -> None:
    writer = GroupCommit(engine)
    for number in range(3):
        assert writer.commit(Plan.of(counter(f"n-{number}"))) == Committed()
        with engine.connect() as connection:
            others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            connection.execute(text(f"SELECT pg_terminate_backend(pid, 10000) {others}"))
    writer.close()
    assert [reader.counter(f"n-{number}") for number in range(3)] == [1] * 3


def test_what_the_server_could_not_serialize_is_run_again_and_what_it_never_can_is_busy(
    two: tuple[GroupCommit, GroupCommit], reader: Reader
) -> None:
    tried: list[str] = []

    def undone(connection: Connection, times: int) -> str:
        tried.append("once")
        connection.execute(insert(table_of(CounterRow)).values(name="undone", value=len(tried)))
        if len(tried) <= times:
            connection.execute(text("DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '40001'; END $$"))
        return "kept"

    with pytest.raises(HubBusy):
        two[0].within(lambda connection: undone(connection, 1000))
    assert (len(tried), reader.counter("undone")) == (TRIES, None)
    tried.clear()
    assert two[0].within(lambda connection: undone(connection, 2)) == "kept"
    assert (len(tried), reader.counter("undone")) == (3, 3)


def test_tallies_that_are_counted_in_other_orders_wait_for_each_other_and_never_in_a_circle(
    two: tuple[GroupCommit, GroupCommit], engine: Engine, reader: Reader
) -> None:
    names = [f"n-{number}" for number in range(6)]
    forth = Plan(tuple(Add(CounterRow, {"name": name}, "value") for name in names))
    back = Plan(tuple(Add(CounterRow, {"name": name}, "value") for name in reversed(names)))
    faults: list[str] = []
    event.listen(engine, "handle_error", lambda context: faults.append(type(context.original_exception).__name__))
    assert set(outcomes(two, [forth, back] * 30)) == {Committed()}
    assert [reader.counter(name) for name in names] == [60] * 6
    assert faults == []  # a deadlock would have been run again, a second later
