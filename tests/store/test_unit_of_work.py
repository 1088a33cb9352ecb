"""Plans are committed whole or not at all, and an answer never leaves before its plan is durable."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event

from gateway.domain.errors import HubBusy
from gateway.store.plan import Add, Committed, Conflict, Insert, Plan, Update
from gateway.store.reading import Reader
from gateway.store.tables import (
    CounterRow,
    DeadlineRow,
    DocumentRow,
    OpeningRow,
)
from gateway.store.unit_of_work import GroupCommit, transaction, waiting
from gateway.store.unit_of_work.statements import ASKED_AT_ONCE, execute
from tests.store.plans import NOW, advance, counter, deadline

# --- many at once --------------------------------------------------------------------------------------------------


@contextmanager
def held_writer(
    engine: Engine, batch: int = 128, gate: threading.Event | None = None
) -> Iterator[tuple[GroupCommit, list[str]]]:
    """A writer that is kept inside its first transaction until the block ends, while plans pile up behind it.

    With a gate of the caller's own it goes on as soon as that is set.

    Gives the writer, and the list of statements that begin and end transactions.
    """
    statements: list[str] = []
    gate, inside = gate or threading.Event(), threading.Event()

    def watched(connection: Connection, statement: str) -> Any:
        if connection.engine is engine:  # the statements of a transaction's begin and end, and no others
            statements.append(statement.split(maxsplit=1)[0])
            inside.set()
            assert gate.wait(30)
        return execute(connection, statement)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transaction, "execute", watched)
        writer = GroupCommit(engine, batch=batch)
        blocker = writer.submit(Plan.of(counter("blocker")))
        assert inside.wait(30)
        yield writer, statements
        gate.set()
        writer.close()
        assert blocker.result() == Committed()


def test_many_waiting_plans_share_one_commit(engine: Engine, reader: Reader) -> None:
    with held_writer(engine) as (writer, statements):
        futures = [writer.submit(Plan.of(counter(f"n-{number}"))) for number in range(100)]
    assert [future.result() for future in futures] == [Committed()] * 100
    assert statements == ["BEGIN", "COMMIT"] * 2
    assert all(reader.counter(f"n-{number}") == 1 for number in range(100))


def test_in_a_shared_commit_only_the_plan_that_conflicts_is_left_out(engine: Engine, reader: Reader) -> None:
    with held_writer(engine) as (writer, statements):
        stale = advance("absent", 1)
        futures = [
            writer.submit(Plan.of(counter("a"))),
            writer.submit(Plan.of(stale, counter("lost"))),
            writer.submit(Plan.of(counter("b"))),
        ]
    assert [future.result() for future in futures] == [Committed(), Conflict(stale), Committed()]
    assert statements == ["BEGIN", "COMMIT"] * 2
    assert (reader.counter("a"), reader.counter("lost"), reader.counter("b")) == (1, None, 1)


def test_two_plans_on_one_row_take_two_transactions_and_the_later_sees_the_first(engine: Engine) -> None:
    with held_writer(engine) as (writer, statements):
        first, second = counter("same", 1), counter("same", 2)
        futures = [writer.submit(Plan.of(each)) for each in (first, second)]
        moved = [writer.submit(Plan.of(advance("same", 1))), writer.submit(Plan.of(advance("same", 2)))]
    assert [future.result() for future in futures] == [Committed(), Conflict(second)]
    assert [future.result() for future in moved] == [Committed(), Committed()]
    assert statements == ["BEGIN", "COMMIT"] * 5


def test_a_crowd_is_gathered_into_one_commit(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "GATHER_S", 60.0)
    gate = threading.Event()
    with held_writer(engine, gate=gate) as (writer, statements):
        futures = [writer.submit(Plan.of(counter(f"n-{number}"))) for number in range(waiting.CROWD)]
        gate.set()
        late = range(waiting.CROWD, waiting.GATHERED)
        futures += [writer.submit(Plan.of(counter(f"n-{number}"))) for number in late]
        assert [future.result(30) for future in futures] == [Committed()] * waiting.GATHERED
    assert statements == ["BEGIN", "COMMIT"] * 2


def test_who_comes_alone_waits_for_nobody(writer: GroupCommit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "GATHER_S", 60.0)
    for number in range(5):
        assert writer.submit(Plan.of(counter(f"n-{number}"))).result(30) == Committed()


def test_closing_waits_for_no_crowd(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "GATHER_S", 3600.0)
    with held_writer(engine) as (writer, statements):
        futures = [writer.submit(Plan.of(counter(f"n-{number}"))) for number in range(waiting.CROWD)]
    assert [future.result(0) for future in futures] == [Committed()] * waiting.CROWD
    assert statements == ["BEGIN", "COMMIT"] * 2


def test_more_rows_than_one_statement_takes_are_all_written_and_all_guarded(
    writer: GroupCommit, reader: Reader
) -> None:
    many = 2 * ASKED_AT_ONCE + 3
    claims = [counter(f"n-{number}") for number in range(many)]
    assert writer.commit(Plan(tuple(claims))) == Committed()
    assert all(reader.counter(f"n-{number}") == 1 for number in (0, 63, 64, many - 1))
    moved = [advance(f"n-{number}", 1) for number in range(many)]
    stale = advance("n-7", 2)
    assert writer.commit(Plan((*moved[8:], stale))) == Conflict(stale)
    assert writer.commit(Plan(tuple(moved))) == Committed()
    assert {reader.counter(f"n-{number}") for number in (0, 7, many - 1)} == {2}
    taken = counter(f"n-{many - 1}")
    assert writer.commit(Plan((*[counter(f"m-{number}") for number in range(many)], taken))) == Conflict(taken)
    assert reader.counter("m-0") is None


def test_any_number_of_rows_is_written_whole_and_in_order(writer: GroupCommit, reader: Reader) -> None:
    for many in (*range(1, 18), 63, 64, 65, 127, 129):
        names = [f"{many}-{number}" for number in range(many)]
        plan = Plan(tuple(Insert(CounterRow, {"name": name, "value": at}) for at, name in enumerate(names)))
        assert writer.commit(plan) == Committed()
        assert [reader.counter(name) for name in names] == list(range(many))


def test_tallies_of_many_threads_all_count(writer: GroupCommit, reader: Reader) -> None:
    with ThreadPoolExecutor(16) as pool:
        outcomes = list(pool.map(lambda _: writer.commit(Plan.of(Add(CounterRow, {"name": "n"}, "value"))), range(200)))
    assert outcomes == [Committed()] * 200
    assert reader.counter("n") == 200


def test_plans_that_count_the_same_share_a_commit_and_all_count(engine: Engine, reader: Reader) -> None:
    stale = advance("absent", 1)
    tally = Add(CounterRow, {"name": "n"}, "value", 2)
    with held_writer(engine) as (writer, statements):
        futures = [writer.submit(Plan.of(counter(f"n-{number}"), tally)) for number in range(50)]
        lost = writer.submit(Plan.of(tally, stale))
        other = writer.submit(Plan.of(tally, Add(CounterRow, {"name": "m"}, "value"), tally))
    assert [future.result() for future in [*futures, other]] == [Committed()] * 51
    assert lost.result() == Conflict(stale)
    assert statements == ["BEGIN", "COMMIT"] * 2
    assert (reader.counter("n"), reader.counter("m")) == (104, 1)


def test_who_looks_at_a_count_or_sets_it_sees_what_was_counted_before(engine: Engine, reader: Reader) -> None:
    tally = Add(CounterRow, {"name": "n"}, "value")
    seen = [Update(CounterRow, {"name": "n"}, {"value": value}, {}) for value in (1, 2)]
    with held_writer(engine) as (writer, statements):
        one_by_one = Plan.of(counter("n"), tally, *seen, tally, advance("n", 3), tally, advance("n", 4))
        futures = [writer.submit(Plan.of(each)) for each in one_by_one.changes]
        both = writer.submit(Plan.of(Update(CounterRow, {"name": "n"}, {"value": 5}, {}), tally))
        last = writer.submit(Plan.of(tally))
    outcomes = [future.result() for future in [*futures, both, last]]
    assert [type(each) is Conflict for each in outcomes] == [each in (2, 7) for each in range(10)]
    assert statements == ["BEGIN", "COMMIT"] * 10  # the two that look share one
    assert reader.counter("n") == 7


def test_of_many_who_claim_one_key_exactly_one_gets_it(writer: GroupCommit) -> None:
    with ThreadPoolExecutor(16) as pool:
        outcomes = list(pool.map(lambda number: writer.commit(Plan.of(counter("id", number))), range(50)))
    assert sum(isinstance(outcome, Committed) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 49


# --- when the store cannot -----------------------------------------------------------------------------------------


def test_a_broken_constraint_fails_the_plan_that_breaks_it_and_no_other(engine: Engine, reader: Reader) -> None:
    opening = {"digest": "d", "case_id": "c-1"}
    with held_writer(engine) as (writer, statements):
        innocent = [writer.submit(Plan.of(counter("before"))), writer.submit(Plan.of(Insert(OpeningRow, opening)))]
        guilty = writer.submit(Plan.of(counter("lost"), Insert(OpeningRow, opening)))
        innocent.append(writer.submit(Plan.of(counter("after"))))
    assert [each.result() for each in innocent] == [Committed()] * 3
    with pytest.raises(HubBusy, match="IntegrityError") as caught:
        guilty.result()
    assert caught.value.after_s is not None
    assert caught.value.__cause__ is not None
    together, alone = ["BEGIN", "ROLLBACK"], ["BEGIN", "COMMIT"]
    assert statements == [*alone, *together, *alone, *alone, "BEGIN", "ROLLBACK", *alone]
    assert (reader.counter("before"), reader.counter("lost"), reader.counter("after")) == (1, None, 1)
    assert reader.opening("d") is not None


def test_a_full_disk_keeps_nothing_and_the_store_goes_on_when_there_is_room(
    sqlite_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, reader = sqlite_engine, Reader(sqlite_engine)
    with engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    limits = [pages + 5]

    def limited(connection: Connection, statement: str) -> Any:
        if statement == "BEGIN IMMEDIATE":
            connection.exec_driver_sql(f"PRAGMA max_page_count={limits[-1]}")
        return execute(connection, statement)

    monkeypatch.setattr(transaction, "execute", limited)
    writer = GroupCommit(engine)
    large = Insert(
        DocumentRow,
        {
            "case_id": "c-1",
            "sha256": "00",
            "kind": "plan",
            "media_type": "application/pdf",
            "body": bytes(1 << 20),
            "made_at": NOW,
        },
    )
    with pytest.raises(HubBusy, match="its disk is full"):
        writer.commit(Plan.of(counter("a"), large, counter("b")))
    assert (reader.counter("a"), reader.counter("b"), reader.documents("c-1")) == (None, None, [])
    assert writer.commit(Plan.of(counter("small"))) == Committed()
    limits.append(pages + 1000)
    assert writer.commit(Plan.of(large)) == Committed()
    writer.close()


def test_damage_that_is_met_behind_the_first_row_of_an_answer_is_busy_for_all(sqlite_engine: Engine) -> None:
    """SQLite gives the first row when it is asked, and looks for the others when they are fetched."""
    names = [f"guard-{number:04}" for number in range(2000)]
    with closing_writer(sqlite_engine) as writer:
        assert writer.commit(Plan(tuple(counter(name) for name in names))) == Committed()
    sqlite_engine.dispose()
    damage_index_leaf(str(sqlite_engine.url.database), names[-1])
    with held_writer(sqlite_engine) as (writer, _):
        futures = [writer.submit(Plan.of(advance(names[0], 1), advance(names[-1], 1), deadline("c-1")))]
        futures += [writer.submit(Plan.of(counter(f"a-{number}"))) for number in range(3)]
    for future in futures:
        with pytest.raises(HubBusy, match="its file is damaged"):
            future.result(0)
    assert writer.trouble() != ""
    assert Reader(sqlite_engine).counter("a-0") is None


@contextmanager
def closing_writer(engine: Engine) -> Iterator[GroupCommit]:
    writer = GroupCommit(engine)
    yield writer
    writer.close()


def damage_index_leaf(file: str, value: str) -> None:
    """Make the page of an index unreadable that holds this value."""
    alone = sqlite3.connect(file)
    alone.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    size = alone.execute("PRAGMA page_size").fetchone()[0]
    alone.close()
    whole = bytearray(Path(file).read_bytes())
    leaves = [at for at in range(0, len(whole), size) if whole[at] == 10 and value.encode() in whole[at : at + size]]
    assert len(leaves) == 1
    whole[leaves[0] : leaves[0] + size] = b"\xff" * size
    Path(file).write_bytes(whole)


def test_what_the_driver_itself_raises_is_busy(writer: GroupCommit) -> None:
    def asks_the_driver(connection: Connection) -> None:
        driver: Any = connection.connection.driver_connection
        driver.execute("SELECT nothing FROM nowhere")

    with pytest.raises(HubBusy, match="cannot write now"):
        writer.within(asks_the_driver)
    assert writer.commit(Plan.of(counter("a"))) == Committed()


def test_a_value_that_the_store_refuses_is_busy_and_names_the_cause(writer: GroupCommit, reader: Reader) -> None:
    naive = {"case_id": "c-1", "kind": "reply", "due_at": datetime(2026, 1, 5)}  # noqa: DTZ001 - the negative case
    with pytest.raises(HubBusy, match="StatementError") as caught:
        writer.commit(Plan.of(counter("a"), Insert(DeadlineRow, naive)))
    assert "time zone" in str(caught.value.__cause__)
    assert reader.counter("a") is None


def test_a_fault_in_a_plan_reaches_its_caller_and_the_writer_goes_on(writer: GroupCommit, reader: Reader) -> None:
    with pytest.raises(KeyError, match="no_such_column"):
        writer.commit(Plan.of(counter("a"), Update(CounterRow, {"no_such_column": 1}, {}, {"value": 1})))
    assert reader.counter("a") is None
    assert writer.commit(Plan.of(counter("a"))) == Committed()


def test_a_database_locked_by_another_process_is_busy(engine: Engine, reader: Reader) -> None:
    begin, waits = {
        "sqlite": ("BEGIN IMMEDIATE", "PRAGMA busy_timeout=20"),
        "postgresql": ("BEGIN; LOCK TABLE counter", "SET lock_timeout=20"),
    }[engine.dialect.name]

    def impatient(connection: Any) -> None:
        connection.exec_driver_sql(waits)

    event.listen(engine, "engine_connect", impatient)
    writer = GroupCommit(engine)
    with engine.connect() as other:
        other.exec_driver_sql(begin)
        with pytest.raises(HubBusy):
            writer.commit(Plan.of(counter("a")))
        other.exec_driver_sql("ROLLBACK")
    assert writer.commit(Plan.of(counter("a"))) == Committed()
    writer.close()


def test_more_plans_than_the_queue_holds_are_refused_at_once(engine: Engine, reader: Reader) -> None:
    full = GroupCommit(engine, queue=0)
    with pytest.raises(HubBusy, match="more changes wait"):
        full.commit(Plan.of(counter("a")))
    full.close()
    assert reader.counter("a") is None


def test_closing_drains_what_waits_and_takes_nothing_more(engine: Engine, reader: Reader) -> None:
    with held_writer(engine, batch=1) as (writer, statements):
        futures = [writer.submit(Plan.of(counter(f"n-{number}"))) for number in range(20)]
    assert [future.result(0) for future in futures] == [Committed()] * 20
    assert statements == ["BEGIN", "COMMIT"] * 21
    assert all(reader.counter(f"n-{number}") == 1 for number in range(20))
    with pytest.raises(HubBusy, match="closing"):
        writer.commit(Plan.of(counter("late")))
    writer.close()
    assert reader.counter("late") is None
