"""A plan that lost its race is prepared again from what the store says now, and not for ever."""

from __future__ import annotations

import pytest

from gateway.domain.errors import CaseRefusal, HubBusy
from gateway.store.conflicts import PREPARATIONS, commit, prepared_again
from gateway.store.plan import Claim, Plan, Update
from gateway.store.reading import Reader
from gateway.store.tables import CounterRow
from gateway.store.unit_of_work import GroupCommit


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


@pytest.mark.parametrize("error", [HubBusy("full"), CaseRefusal("not now")])
def test_anything_else_is_not_tried_again(error: Exception) -> None:
    prepared: list[int] = []

    def prepare() -> None:
        prepared.append(1)
        raise error

    with pytest.raises(type(error)):
        prepared_again(prepare)
    assert prepared == [1]
