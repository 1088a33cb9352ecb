"""Refusals of unproven senders: one leaf a minute, no address in clear, none counted twice or lost."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from gateway.ledger.leaf import Leaf, LeafKind, pseudonym
from gateway.operations.refusals import MAX_ADDRESSES, Refusals
from gateway.store.plan import Add, Outcome, Plan
from gateway.store.tables import RefusalTallyRow
from tests.operations.ledgers import Office

MINUTE = datetime(2026, 1, 5, 3, 4, tzinfo=UTC)
SECRET = bytes(range(32))


def tally(office: Office, address: str, code: str, minute: datetime = MINUTE, amount: int = 1) -> None:
    key = {"minute": minute, "address": address, "code": code}
    office.commit(Plan.of(Add(RefusalTallyRow, key, "count", amount)))


def refusals(office: Office, at: datetime) -> Refusals:
    return Refusals(office.reader, office.writer, SECRET, lambda: at, office.new_id)


def leaves(office: Office) -> list[Leaf]:
    return [Leaf.parse(row.canonical) for row in office.reader.pending_leaves()]


def test_a_finished_minute_becomes_one_leaf_and_its_tallies_go(office: Office) -> None:
    tally(office, "192.0.2.1", "bad-signature", amount=2)
    tally(office, "192.0.2.1", "not-authenticated")
    tally(office, "192.0.2.2", "bad-signature")
    assert refusals(office, MINUTE + timedelta(seconds=60)).run_once() == 1
    (leaf,) = leaves(office)
    one, two = (pseudonym(SECRET, address) for address in ("192.0.2.1", "192.0.2.2"))
    assert leaf.kind is LeafKind.REFUSED_UNKNOWN
    assert leaf.at == MINUTE + timedelta(seconds=60)
    assert leaf.extra == {
        "minute": "2026-01-05T03:04Z",
        "total": 4,
        "addresses": 2,
        f"{one}:bad-signature": 2,
        f"{one}:not-authenticated": 1,
        f"{two}:bad-signature": 1,
    }
    assert office.reader.refusal_tallies(MINUTE + timedelta(days=1)) == []
    assert refusals(office, MINUTE + timedelta(seconds=90)).run_once() == 0


def test_the_leaf_is_part_of_a_whole_ledger(office: Office) -> None:
    tally(office, "192.0.2.1", "bad-signature")
    refusals(office, MINUTE + timedelta(seconds=60)).run_once()
    office.integrator().run_once()
    assert office.verify().ledger.size == 1


def test_no_address_is_in_the_leaf_in_clear(office: Office) -> None:
    for address in ("192.0.2.1", "2001:db8::1"):
        tally(office, address, "bad-signature")
    refusals(office, MINUTE + timedelta(seconds=60)).run_once()
    (row,) = office.reader.pending_leaves()
    assert b"192.0" not in row.canonical
    assert b"db8" not in row.canonical


@pytest.mark.parametrize(("seconds", "made"), [(0, 0), (59, 0), (60, 1), (3600, 1)])
def test_a_minute_that_is_not_over_waits(office: Office, seconds: int, made: int) -> None:
    tally(office, "192.0.2.1", "bad-signature")
    assert refusals(office, MINUTE + timedelta(seconds=seconds)).run_once() == made


def test_each_minute_has_a_leaf_of_its_own_oldest_first(office: Office) -> None:
    for number in (2, 0, 1):
        tally(office, "192.0.2.1", "bad-signature", MINUTE + timedelta(minutes=number), amount=number + 1)
    assert refusals(office, MINUTE + timedelta(minutes=2, seconds=30)).run_once() == 2
    assert [leaf.extra["total"] for leaf in leaves(office)] == [1, 2]


def test_of_a_flood_the_worst_addresses_stay_apart_and_the_rest_are_counted_together(office: Office) -> None:
    for number in range(MAX_ADDRESSES + 5):
        tally(office, f"192.0.2.{number}", "bad-signature", amount=1 if number < 5 else 3)
    refusals(office, MINUTE + timedelta(minutes=1)).run_once()
    (leaf,) = leaves(office)
    assert leaf.extra["addresses"] == MAX_ADDRESSES + 5
    assert leaf.extra["total"] == 3 * MAX_ADDRESSES + 5
    assert leaf.extra["others:bad-signature"] == 5
    assert len(leaf.extra) == 3 + MAX_ADDRESSES + 1


class Late:
    """A unit of work in which something is committed just before each plan."""

    def __init__(self, office: Office, before: Callable[[], None]) -> None:
        self._office = office
        self._before = before

    def commit(self, plan: Plan) -> Outcome:
        self._before()
        return self._office.writer.commit(plan)

    def close(self) -> None:
        raise AssertionError


def test_a_refusal_that_comes_in_meanwhile_is_not_lost(office: Office) -> None:
    tally(office, "192.0.2.1", "bad-signature")
    amounts = itertools.chain([1], itertools.repeat(0))
    late = Late(office, lambda: tally(office, "192.0.2.1", "bad-signature", amount=next(amounts)))
    work = Refusals(office.reader, late, SECRET, lambda: MINUTE + timedelta(minutes=1), office.new_id)
    assert work.run_once() == 0
    assert leaves(office) == []
    assert work.run_once() == 1
    assert [leaf.extra["total"] for leaf in leaves(office)] == [2]


def test_of_two_at_once_one_makes_the_leaf(office: Office) -> None:
    tally(office, "192.0.2.1", "bad-signature")
    at = MINUTE + timedelta(minutes=1)
    other: list[int] = []
    late = Late(office, lambda: other.append(refusals(office, at).run_once()))
    assert Refusals(office.reader, late, SECRET, lambda: at, office.new_id).run_once() == 0
    assert other == [1]
    assert len(leaves(office)) == 1
