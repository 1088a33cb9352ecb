"""Plans are committed whole or not at all, and an answer never leaves before its plan is durable."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Engine, event

from gateway.domain.errors import HubBusy
from gateway.store.plan import Add, Claim, Committed, Conflict, Delete, Insert, Plan, Update
from gateway.store.reading import Reader
from gateway.store.tables import (
    AgencyRow,
    CounterRow,
    DeadlineRow,
    DocumentRow,
    OpeningRow,
    PinChallengeRow,
    TileRow,
    TreeHeadRow,
)
from gateway.store.unit_of_work import SingleWriter

NOW = datetime(2026, 1, 5, 3, 4, 5, tzinfo=UTC)


def counter(name: str, value: int = 1) -> Claim:
    return Claim(CounterRow, ("name",), {"name": name, "value": value})


def advance(name: str, was: int) -> Update:
    return Update(CounterRow, {"name": name}, {"value": was}, {"value": was + 1})


def deadline(case_id: str, kind: str = "reply") -> Insert:
    return Insert(DeadlineRow, {"case_id": case_id, "kind": kind, "due_at": NOW})


# --- what a plan says ----------------------------------------------------------------------------------------------


def test_a_plan_whose_guards_hold_is_committed_whole(writer: SingleWriter, reader: Reader) -> None:
    plan = Plan.of(counter("a")) + Plan.of(deadline("c-1"), Insert(AgencyRow, {"id": "x", "name": "X", "kind": "h"}))
    assert writer.commit(plan) == Committed()
    assert reader.counter("a") == 1
    assert [row.kind for row in reader.deadlines("c-1")] == ["reply"]
    assert reader.agency("x") is not None


def test_a_claim_of_a_taken_key_conflicts_and_keeps_nothing(writer: SingleWriter, reader: Reader) -> None:
    writer.commit(Plan.of(counter("a", 7)))
    again = counter("a", 8)
    assert writer.commit(Plan.of(deadline("c-1"), again, counter("b"))) == Conflict(again)
    assert reader.counter("a") == 7
    assert reader.counter("b") is None
    assert reader.deadlines("c-1") == []


def test_an_update_of_a_changed_row_conflicts_and_keeps_nothing(writer: SingleWriter, reader: Reader) -> None:
    writer.commit(Plan.of(counter("a")))
    assert writer.commit(Plan.of(advance("a", 1))) == Committed()
    late = advance("a", 1)
    assert writer.commit(Plan.of(deadline("c-1"), late)) == Conflict(late)
    assert reader.counter("a") == 2
    assert reader.deadlines("c-1") == []


def test_an_update_of_a_missing_row_conflicts(writer: SingleWriter) -> None:
    change = advance("a", 1)
    assert writer.commit(Plan.of(change)) == Conflict(change)


def test_an_update_can_expect_null_and_a_value_in_its_place(writer: SingleWriter, reader: Reader) -> None:
    agency = {"id": "x", "name": "X", "kind": "h"}
    writer.commit(Plan.of(Insert(AgencyRow, agency)))
    suspend = Update(AgencyRow, {"id": "x"}, {"suspended": None}, {"suspended": "key lost"})
    lift = Update(AgencyRow, {"id": "x"}, {"suspended": "key lost"}, {"suspended": None})
    assert [writer.commit(Plan.of(each)) for each in (lift, suspend, suspend, lift)] == [
        Conflict(lift),
        Committed(),
        Conflict(suspend),
        Committed(),
    ]


def test_an_update_without_values_is_a_guard_alone(writer: SingleWriter, reader: Reader) -> None:
    writer.commit(Plan.of(counter("a")))
    stands = Update(CounterRow, {"name": "a"}, {"value": 1}, {})
    fallen = Update(CounterRow, {"name": "a"}, {"value": 2}, {})
    assert writer.commit(Plan.of(stands, counter("b"))) == Committed()
    assert writer.commit(Plan.of(fallen, counter("c"))) == Conflict(fallen)
    assert (reader.counter("a"), reader.counter("b"), reader.counter("c")) == (1, 1, None)


def test_updates_of_many_rows_each_get_their_own_values(writer: SingleWriter, reader: Reader) -> None:
    writer.commit(Plan(tuple(counter(f"n-{number}", number) for number in range(20))))
    writer.commit(Plan(tuple(advance(f"n-{number}", number) for number in range(20))))
    assert [reader.counter(f"n-{number}") for number in range(20)] == list(range(1, 21))


def test_a_delete_of_nothing_is_no_conflict_unless_it_expects_something(writer: SingleWriter, reader: Reader) -> None:
    writer.commit(Plan.of(counter("a"), counter("b")))
    gone = Delete(CounterRow, {"name": "a"}, expected={"value": 2})
    assert writer.commit(Plan.of(gone, Delete(CounterRow, {"name": "b"}))) == Conflict(gone)
    assert (reader.counter("a"), reader.counter("b")) == (1, 1)
    there = Delete(CounterRow, {"name": "a"}, expected={"value": 1})
    assert writer.commit(Plan.of(there, Delete(CounterRow, {"name": "none"}))) == Committed()
    assert reader.counter("a") is None


def test_rows_put_in_after_a_delete_in_the_same_plan_stay(writer: SingleWriter, reader: Reader) -> None:
    writer.commit(Plan.of(deadline("c-1", "old"), deadline("c-2", "other")))
    writer.commit(Plan.of(Delete(DeadlineRow, {"case_id": "c-1"}), deadline("c-1", "new")))
    assert [row.kind for row in reader.deadlines("c-1")] == ["new"]
    writer.commit(Plan.of(deadline("c-1", "newer"), Delete(DeadlineRow, {"case_id": "c-1"})))
    assert reader.deadlines("c-1") == []
    assert len(reader.deadlines("c-2")) == 1


def test_add_counts_up_and_makes_the_row_when_it_is_missing(writer: SingleWriter, reader: Reader) -> None:
    more = Add(CounterRow, {"name": "a"}, "value")
    writer.commit(Plan.of(more))
    writer.commit(Plan.of(more, Add(CounterRow, {"name": "a"}, "value", 5)))
    assert reader.counter("a") == 7


def test_a_claim_said_twice_in_one_plan_counts_once(writer: SingleWriter, reader: Reader) -> None:
    same = counter("a", 3)
    assert writer.commit(Plan.of(same, counter("a", 3), same)) == Committed()
    assert reader.counter("a") == 3


def test_a_plan_that_claims_one_key_for_two_values_is_a_fault_of_its_author(writer: SingleWriter) -> None:
    with pytest.raises(ValueError, match="twice, with different values"):
        writer.commit(Plan.of(counter("a", 3), counter("a", 4)))


def test_plans_add_up_and_merge_in_order() -> None:
    one, two, three = counter("a"), counter("b"), counter("c")
    assert (Plan.of(one) + Plan.of(two, three)).changes == (one, two, three)
    assert Plan.merge([Plan.of(one), Plan(), Plan.of(two)]).changes == (one, two)


# --- many at once --------------------------------------------------------------------------------------------------


@contextmanager
def held_writer(engine: Engine, batch: int = 128) -> Iterator[tuple[SingleWriter, list[str]]]:
    """A writer that is kept inside its first transaction until the block ends, while plans pile up behind it.

    Gives the writer, and the list of statements that begin and end transactions.
    """
    statements: list[str] = []
    gate, inside = threading.Event(), threading.Event()

    def watch(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement in {"BEGIN IMMEDIATE", "COMMIT", "ROLLBACK"}:
            statements.append(statement)
            inside.set()
            assert gate.wait(30)

    event.listen(engine, "before_cursor_execute", watch)
    writer = SingleWriter(engine, batch=batch)
    blocker = writer.submit(Plan.of(counter("blocker")))
    assert inside.wait(30)
    yield writer, statements
    gate.set()
    writer.close()
    assert blocker.result() == Committed()
    event.remove(engine, "before_cursor_execute", watch)


def test_many_waiting_plans_share_one_commit(engine: Engine, reader: Reader) -> None:
    with held_writer(engine) as (writer, statements):
        futures = [writer.submit(Plan.of(counter(f"n-{number}"))) for number in range(100)]
    assert [future.result() for future in futures] == [Committed()] * 100
    assert statements == ["BEGIN IMMEDIATE", "COMMIT"] * 2
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
    assert statements == ["BEGIN IMMEDIATE", "COMMIT"] * 2
    assert (reader.counter("a"), reader.counter("lost"), reader.counter("b")) == (1, None, 1)


def test_two_plans_on_one_row_take_two_transactions_and_the_later_sees_the_first(engine: Engine) -> None:
    with held_writer(engine) as (writer, statements):
        first, second = counter("same", 1), counter("same", 2)
        futures = [writer.submit(Plan.of(each)) for each in (first, second)]
        moved = [writer.submit(Plan.of(advance("same", 1))), writer.submit(Plan.of(advance("same", 2)))]
    assert [future.result() for future in futures] == [Committed(), Conflict(second)]
    assert [future.result() for future in moved] == [Committed(), Committed()]
    assert statements == ["BEGIN IMMEDIATE", "COMMIT"] * 5


def test_tallies_of_many_threads_all_count(writer: SingleWriter, reader: Reader) -> None:
    with ThreadPoolExecutor(16) as pool:
        outcomes = list(pool.map(lambda _: writer.commit(Plan.of(Add(CounterRow, {"name": "n"}, "value"))), range(200)))
    assert outcomes == [Committed()] * 200
    assert reader.counter("n") == 200


def test_of_many_who_claim_one_key_exactly_one_gets_it(writer: SingleWriter) -> None:
    with ThreadPoolExecutor(16) as pool:
        outcomes = list(pool.map(lambda number: writer.commit(Plan.of(counter("id", number))), range(50)))
    assert sum(isinstance(outcome, Committed) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 49


# --- when the store cannot -----------------------------------------------------------------------------------------


def test_a_broken_constraint_fails_the_whole_batch_and_keeps_nothing(engine: Engine, reader: Reader) -> None:
    opening = {"digest": "d", "case_id": "c-1"}
    with held_writer(engine) as (writer, statements):
        futures = [
            writer.submit(Plan.of(counter("innocent"))),
            writer.submit(Plan.of(Insert(OpeningRow, opening))),
            writer.submit(Plan.of(Insert(OpeningRow, opening))),
        ]
    for future in futures:
        with pytest.raises(HubBusy, match="IntegrityError") as caught:
            future.result()
        assert caught.value.after_s is not None
        assert caught.value.__cause__ is not None
    assert statements == ["BEGIN IMMEDIATE", "COMMIT", "BEGIN IMMEDIATE", "ROLLBACK"]
    assert reader.counter("innocent") is None
    assert reader.opening("d") is None


def test_a_full_disk_keeps_nothing_and_the_store_goes_on_when_there_is_room(engine: Engine, reader: Reader) -> None:
    with engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    limits = [pages + 5]

    def limit(connection: Any) -> None:
        connection.exec_driver_sql(f"PRAGMA max_page_count={limits[-1]}")

    event.listen(engine, "engine_connect", limit)
    writer = SingleWriter(engine)
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
    with pytest.raises(HubBusy, match="OperationalError"):
        writer.commit(Plan.of(counter("a"), large, counter("b")))
    assert (reader.counter("a"), reader.counter("b"), reader.documents("c-1")) == (None, None, [])
    assert writer.commit(Plan.of(counter("small"))) == Committed()
    limits.append(pages + 1000)
    assert writer.commit(Plan.of(large)) == Committed()
    writer.close()


def test_a_value_that_the_store_refuses_is_busy_and_names_the_cause(writer: SingleWriter, reader: Reader) -> None:
    naive = {"case_id": "c-1", "kind": "reply", "due_at": datetime(2026, 1, 5)}  # noqa: DTZ001 - the negative case
    with pytest.raises(HubBusy, match="StatementError") as caught:
        writer.commit(Plan.of(counter("a"), Insert(DeadlineRow, naive)))
    assert "time zone" in str(caught.value.__cause__)
    assert reader.counter("a") is None


def test_a_fault_in_a_plan_reaches_its_caller_and_the_writer_goes_on(writer: SingleWriter, reader: Reader) -> None:
    with pytest.raises(KeyError, match="no_such_column"):
        writer.commit(Plan.of(counter("a"), Update(CounterRow, {"no_such_column": 1}, {}, {"value": 1})))
    assert reader.counter("a") is None
    assert writer.commit(Plan.of(counter("a"))) == Committed()


def test_a_database_locked_by_another_process_is_busy(engine: Engine, reader: Reader) -> None:
    def impatient(connection: Any) -> None:
        connection.exec_driver_sql("PRAGMA busy_timeout=20")

    event.listen(engine, "engine_connect", impatient)
    writer = SingleWriter(engine)
    with engine.connect() as other:
        other.exec_driver_sql("BEGIN IMMEDIATE")
        with pytest.raises(HubBusy):
            writer.commit(Plan.of(counter("a")))
        other.exec_driver_sql("ROLLBACK")
    assert writer.commit(Plan.of(counter("a"))) == Committed()
    writer.close()


def test_more_plans_than_the_queue_holds_are_refused_at_once(engine: Engine, reader: Reader) -> None:
    full = SingleWriter(engine, queue=0)
    with pytest.raises(HubBusy, match="more changes wait"):
        full.commit(Plan.of(counter("a")))
    full.close()
    assert reader.counter("a") is None


def test_closing_drains_what_waits_and_takes_nothing_more(engine: Engine, reader: Reader) -> None:
    with held_writer(engine, batch=1) as (writer, statements):
        futures = [writer.submit(Plan.of(counter(f"n-{number}"))) for number in range(20)]
    assert [future.result(0) for future in futures] == [Committed()] * 20
    assert statements == ["BEGIN IMMEDIATE", "COMMIT"] * 21
    assert all(reader.counter(f"n-{number}") == 1 for number in range(20))
    with pytest.raises(HubBusy, match="closing"):
        writer.commit(Plan.of(counter("late")))
    writer.close()
    assert reader.counter("late") is None


def test_rows_of_every_shape_in_one_plan(writer: SingleWriter, reader: Reader) -> None:
    challenge = {
        "id": "p-1",
        "person": "siti",
        "phone": "081200000001",
        "case_id": "c-1",
        "step": "decide",
        "digest": "00",
        "expires_at": NOW,
    }
    plan = Plan.of(
        Claim(TreeHeadRow, ("id",), {"id": 1, "size": 0}),
        Insert(TileRow, {"level": 0, "number": 0, "hashes": b"\x00" * 32}),
        Insert(PinChallengeRow, {**challenge, "wrong": 2, "used_at": None}),
        Insert(PinChallengeRow, {**challenge, "id": "p-2", "wrong": 0}),
    )
    assert writer.commit(plan) == Committed()
    assert reader.tile(0, 0) == b"\x00" * 32
    found = reader.pin_challenge("p-1")
    assert found is not None
    assert (found.wrong, found.expires_at) == (2, NOW)
