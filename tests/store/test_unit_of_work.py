"""Plans are committed whole or not at all, and an answer never leaves before its plan is durable."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
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
from tests.store.held import held_writer
from tests.store.plans import NOW, advance, counter

# --- many at once --------------------------------------------------------------------------------------------------


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

    def limited(connection: Connection, statement: str) -> None:
        if statement == "BEGIN IMMEDIATE":
            connection.exec_driver_sql(f"PRAGMA max_page_count={limits[-1]}")
        execute(connection, statement)

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
