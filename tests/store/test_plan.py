"""What each change of a plan means, and when its guards hold."""

from __future__ import annotations

import pytest

from gateway.store.plan import (
    GENERATION,
    REGISTRY,
    Add,
    Claim,
    Committed,
    Conflict,
    Delete,
    Insert,
    Plan,
    Update,
    examined,
    table_of,
    unmoved,
)
from gateway.store.reading import Reader
from gateway.store.tables import (
    AgencyRow,
    CounterRow,
    DataKeyRow,
    DeadlineRow,
    PinChallengeRow,
    TileRow,
    TreeHeadRow,
)
from gateway.store.unit_of_work import GroupCommit
from tests.store.plans import NOW, advance, counter, deadline


def test_a_plan_whose_guards_hold_is_committed_whole(writer: GroupCommit, reader: Reader) -> None:
    plan = Plan.of(counter("a")) + Plan.of(deadline("c-1"), Insert(AgencyRow, {"id": "x", "name": "X", "kind": "h"}))
    assert writer.commit(plan) == Committed()
    assert reader.counter("a") == 1
    assert [row.kind for row in reader.deadlines("c-1")] == ["reply"]
    assert reader.agency("x") is not None


def test_a_claim_of_a_taken_key_conflicts_and_keeps_nothing(writer: GroupCommit, reader: Reader) -> None:
    writer.commit(Plan.of(counter("a", 7)))
    again = counter("a", 8)
    assert writer.commit(Plan.of(deadline("c-1"), again, counter("b"))) == Conflict(again)
    assert reader.counter("a") == 7
    assert reader.counter("b") is None
    assert reader.deadlines("c-1") == []


def test_an_update_of_a_changed_row_conflicts_and_keeps_nothing(writer: GroupCommit, reader: Reader) -> None:
    writer.commit(Plan.of(counter("a")))
    assert writer.commit(Plan.of(advance("a", 1))) == Committed()
    late = advance("a", 1)
    assert writer.commit(Plan.of(deadline("c-1"), late)) == Conflict(late)
    assert reader.counter("a") == 2
    assert reader.deadlines("c-1") == []


def test_an_update_of_a_missing_row_conflicts(writer: GroupCommit) -> None:
    change = advance("a", 1)
    assert writer.commit(Plan.of(change)) == Conflict(change)


def test_an_update_can_expect_null_and_a_value_in_its_place(writer: GroupCommit, reader: Reader) -> None:
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


def test_an_update_without_values_is_a_guard_alone(writer: GroupCommit, reader: Reader) -> None:
    writer.commit(Plan.of(counter("a")))
    stands = Update(CounterRow, {"name": "a"}, {"value": 1}, {})
    fallen = Update(CounterRow, {"name": "a"}, {"value": 2}, {})
    assert writer.commit(Plan.of(stands, counter("b"))) == Committed()
    assert writer.commit(Plan.of(fallen, counter("c"))) == Conflict(fallen)
    assert (reader.counter("a"), reader.counter("b"), reader.counter("c")) == (1, 1, None)


def test_updates_of_many_rows_each_get_their_own_values(writer: GroupCommit, reader: Reader) -> None:
    writer.commit(Plan(tuple(counter(f"n-{number}", number) for number in range(20))))
    writer.commit(Plan(tuple(advance(f"n-{number}", number) for number in range(20))))
    assert [reader.counter(f"n-{number}") for number in range(20)] == list(range(1, 21))


def test_a_delete_of_nothing_is_no_conflict_unless_it_expects_something(writer: GroupCommit, reader: Reader) -> None:
    writer.commit(Plan.of(counter("a"), counter("b")))
    gone = Delete(CounterRow, {"name": "a"}, expected={"value": 2})
    assert writer.commit(Plan.of(gone, Delete(CounterRow, {"name": "b"}))) == Conflict(gone)
    assert (reader.counter("a"), reader.counter("b")) == (1, 1)
    there = Delete(CounterRow, {"name": "a"}, expected={"value": 1})
    assert writer.commit(Plan.of(there, Delete(CounterRow, {"name": "none"}))) == Committed()
    assert reader.counter("a") is None


def test_rows_put_in_after_a_delete_in_the_same_plan_stay(writer: GroupCommit, reader: Reader) -> None:
    writer.commit(Plan.of(deadline("c-1", "old"), deadline("c-2", "other")))
    writer.commit(Plan.of(Delete(DeadlineRow, {"case_id": "c-1"}), deadline("c-1", "new")))
    assert [row.kind for row in reader.deadlines("c-1")] == ["new"]
    writer.commit(Plan.of(deadline("c-1", "newer"), Delete(DeadlineRow, {"case_id": "c-1"})))
    assert reader.deadlines("c-1") == []
    assert len(reader.deadlines("c-2")) == 1


def test_add_counts_up_and_makes_the_row_when_it_is_missing(writer: GroupCommit, reader: Reader) -> None:
    more = Add(CounterRow, {"name": "a"}, "value")
    writer.commit(Plan.of(more))
    writer.commit(Plan.of(more, Add(CounterRow, {"name": "a"}, "value", 5)))
    assert reader.counter("a") == 7


def test_a_claim_said_twice_in_one_plan_counts_once(writer: GroupCommit, reader: Reader) -> None:
    same = counter("a", 3)
    assert writer.commit(Plan.of(same, counter("a", 3), same)) == Committed()
    assert reader.counter("a") == 3


def test_a_plan_that_claims_one_key_for_two_values_is_a_fault_of_its_author(writer: GroupCommit) -> None:
    with pytest.raises(ValueError, match="twice, with different values"):
        writer.commit(Plan.of(counter("a", 3), counter("a", 4)))


def test_plans_add_up_and_merge_in_order() -> None:
    one, two, three = counter("a"), counter("b"), counter("c")
    assert (Plan.of(one) + Plan.of(two, three)).changes == (one, two, three)
    assert Plan.merge([Plan.of(one), Plan(), Plan.of(two)]).changes == (one, two)


def test_rows_of_every_shape_in_one_plan(writer: GroupCommit, reader: Reader) -> None:
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


def test_every_change_of_the_registry_advances_its_generation_and_nothing_else_does() -> None:
    def advances(*changes: Add | Claim | Delete | Insert | Update) -> bool:
        kept, _ = examined(Plan.of(*changes))
        return any(isinstance(each, Add) and each.key == {"name": GENERATION} for each in kept)

    for model in REGISTRY:
        key = {column.name: "x" for column in table_of(model).primary_key}
        assert advances(Insert(model, key)), model
        assert advances(Claim(model, tuple(key), key)), model
        assert advances(Update(model, key, {}, {"agency": "y"})), model
        assert advances(Delete(model, key)), model
        assert not advances(Update(model, key, {}, {})), model
    assert advances(Delete(DataKeyRow, {"scope": "day/2026-01-05"}))
    assert not advances(Insert(DataKeyRow, {"scope": "day/2026-01-05", "wrapped": b""}))
    assert not advances(deadline("c-1"), counter("a"))


def test_who_stands_on_the_generation_conflicts_once_the_registry_has_moved(
    writer: GroupCommit, reader: Reader
) -> None:
    first, again = unmoved(None), unmoved(None)
    assert writer.commit(Plan.of(first, counter("a"))) == Committed()
    assert writer.commit(Plan.of(again)) == Conflict(again)
    stands = unmoved(reader.counter(GENERATION))
    assert writer.commit(Plan.of(stands, counter("b"))) == Committed()
    assert writer.commit(Plan.of(Insert(AgencyRow, {"id": "x", "name": "X", "kind": "h"}))) == Committed()
    assert writer.commit(Plan.of(stands, counter("c"))) == Conflict(stands)
    assert writer.commit(Plan.of(unmoved(reader.counter(GENERATION)), counter("c"))) == Committed()
