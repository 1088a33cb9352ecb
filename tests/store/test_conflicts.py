"""A plan that lost its race is prepared again from what the store says now, and not for ever."""

from __future__ import annotations

from concurrent.futures import Future
from typing import TypeVar

import pytest

from gateway.domain.errors import CaseRefusal, HubBusy
from gateway.store.conflicts import PREPARATIONS, Moved, begun, commit, prepared_again
from gateway.store.pending import Going, Pending, Prepared, Waiting
from gateway.store.plan import Claim, Outcome, Plan, Update
from gateway.store.reading import Reader
from gateway.store.tables import CounterRow
from gateway.store.unit_of_work import GroupCommit

T = TypeVar("T")


def advance(was: int) -> Plan:
    return Plan.of(Update(CounterRow, {"name": "a"}, {"value": was}, {"value": was + 1}))


@pytest.fixture(autouse=True)
def _counter(writer: GroupCommit) -> None:
    commit(writer, Plan.of(Claim(CounterRow, ("name",), {"name": "a", "value": 0})))


def test_what_was_overtaken_is_prepared_again_until_it_holds(writer: GroupCommit, reader: Reader) -> None:
    seen: list[int] = []

    def prepare() -> str:
        value = reader.counter("a") or 0
        seen.append(value)
        if len(seen) < 3:
            commit(writer, advance(value))  # somebody else is first
        commit(writer, advance(value))
        return "done"

    assert prepared_again(prepare) == "done"
    assert seen == [0, 1, 2]
    assert reader.counter("a") == 3


def test_who_is_always_overtaken_is_told_to_come_again(writer: GroupCommit, reader: Reader) -> None:
    prepared: list[int] = []

    def prepare() -> None:
        prepared.append(1)
        commit(writer, advance(99))

    with pytest.raises(HubBusy, match="CounterRow") as caught:
        prepared_again(prepare)
    assert len(prepared) == PREPARATIONS
    assert (caught.value.code, caught.value.after_s) == ("hub-busy", 1)
    assert reader.counter("a") == 0


# --- without waiting ----------------------------------------------------------------------------------------------


def waited(going: Going[T]) -> T:
    """What becomes of it, as whoever asks for it does (`gateway.edge.crew`)."""
    while isinstance(going, Pending):
        going.outcome.exception(timeout=10)
        going = going.take() if going.is_durable else going.otherwise()
    assert not isinstance(going, Waiting)
    return going


def test_what_is_begun_and_overtaken_is_prepared_again_until_it_holds(writer: GroupCommit, reader: Reader) -> None:
    seen: list[int] = []
    durable: list[int] = []

    def prepare() -> str | Prepared[str]:
        value = reader.counter("a") or 0
        seen.append(value)
        if len(seen) < 3:
            commit(writer, advance(value))  # somebody else is first
        return Prepared(advance(value), f"to {value + 1}", lambda: durable.append(value))

    assert waited(begun(prepare, writer)) == "to 3"
    assert (seen, durable) == ([0, 1, 2], [2])
    assert reader.counter("a") == 3


def test_who_begins_and_is_always_overtaken_is_told_to_come_again(writer: GroupCommit, reader: Reader) -> None:
    prepared: list[int] = []

    def prepare() -> str | Prepared[str]:
        prepared.append(1)
        if len(prepared) % 2:
            raise Moved("the registry changed meanwhile")  # overtaken already while it prepared
        return Prepared(advance(99), "never")

    with pytest.raises(Moved, match="CounterRow"):
        waited(begun(prepare, writer))
    assert len(prepared) == PREPARATIONS
    assert reader.counter("a") == 0


def test_what_needs_no_commit_is_given_at_once(writer: GroupCommit) -> None:
    assert begun(lambda: "as it is stored", writer) == "as it is stored"


def test_a_store_that_cannot_write_is_told_when_it_is_gone_on_with(writer: GroupCommit) -> None:
    class Full:
        def submit(self, plan: Plan) -> Future[Outcome]:
            refused: Future[Outcome] = Future()
            refused.set_exception(HubBusy("the store cannot write now"))
            return refused

    def prepare() -> str | Prepared[str]:
        return Prepared(advance(0), "never")

    going = begun(prepare, Full())
    assert isinstance(going, Pending)
    assert not going.is_durable
    with pytest.raises(HubBusy, match="cannot write"):
        going.otherwise()


@pytest.mark.parametrize("error", [HubBusy("full"), CaseRefusal("not now")])
def test_anything_else_is_not_tried_again(error: Exception) -> None:
    prepared: list[int] = []

    def prepare() -> None:
        prepared.append(1)
        raise error

    with pytest.raises(type(error)):
        prepared_again(prepare)
    assert prepared == [1]
