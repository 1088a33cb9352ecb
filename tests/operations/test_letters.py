"""Dead letters: a person sends them again or cancels them, and the ledger has that they did."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from gateway.domain.errors import Refused
from gateway.ledger.leaf import Leaf
from gateway.operations.letters import Letters
from gateway.store.plan import Insert, Plan
from gateway.store.tables import DeliveryRow
from tests.operations.ledgers import Office
from tests.store.rows import delivery

ACTOR = "staff/siti"


class Bell:
    """Counts how often the delivery workers were woken."""

    rung = 0

    def __call__(self) -> None:
        self.rung += 1


@pytest.fixture
def bell() -> Bell:
    return Bell()


@pytest.fixture
def letters(office: Office, bell: Bell) -> Letters:
    return Letters(office.reader, office.writer, office.leaves, lambda: office.now, bell)


def put(office: Office, state: str, **values: Any) -> None:
    office.commit(Plan.of(Insert(DeliveryRow, delivery("d-1", "c-1/dpupr", 0, state, **values))))


def row_of(office: Office) -> DeliveryRow:
    row = office.reader.delivery("d-1")
    assert row is not None
    return row


def refusal(act: Callable[[], object]) -> Refused:
    with pytest.raises(Refused) as caught:
        act()
    return caught.value


def test_a_dead_letter_is_sent_again_from_its_first_attempt(office: Office, letters: Letters, bell: Bell) -> None:
    put(office, "dead", attempts=9, cause="agency-timeout")
    office.now += timedelta(hours=1)
    letters.redrive("d-1", ACTOR)
    row = row_of(office)
    assert (row.state, row.attempts, row.due_at, bell.rung) == ("queued", 0, office.now, 1)
    (leaf,) = [Leaf.parse(each.canonical) for each in office.reader.leaves_of_exchange("d-1")]
    assert (leaf.kind.value, leaf.extra) == ("staff", {"step": "redriven"})
    assert leaf.actor
    assert "siti" not in leaf.actor


@pytest.mark.parametrize("state", ["queued", "sending", "unknown", "answered", "cancelled"])
def test_only_a_dead_letter_is_sent_again(office: Office, letters: Letters, bell: Bell, state: str) -> None:
    put(office, state)
    caught = refusal(lambda: letters.redrive("d-1", ACTOR))
    assert (caught.code, state in caught.text) == ("delivery-state", True)
    assert (row_of(office).state, bell.rung, office.reader.pending_count()) == (state, 0, 0)


@pytest.mark.parametrize("state", ["queued", "not-sent", "unknown", "dead"])
def test_a_delivery_that_nobody_is_sending_is_cancelled_with_the_reason(
    office: Office, letters: Letters, bell: Bell, state: str
) -> None:
    put(office, state)
    letters.cancel("d-1", "sudah dikirim di atas kertas", ACTOR)
    row = row_of(office)
    assert (row.state, row.cause, bell.rung) == ("cancelled", "sudah dikirim di atas kertas", 1)


@pytest.mark.parametrize("state", ["sending", "answered", "awaiting", "cancelled"])
def test_a_delivery_under_way_or_done_is_not_cancelled(office: Office, letters: Letters, state: str) -> None:
    put(office, state)
    assert refusal(lambda: letters.cancel("d-1", "x", ACTOR)).code == "delivery-state"
    assert row_of(office).state == state


def test_an_unknown_delivery_is_named(letters: Letters) -> None:
    for act in (lambda: letters.redrive("d-9", ACTOR), lambda: letters.cancel("d-9", "x", ACTOR)):
        caught = refusal(act)
        assert (caught.code, "d-9" in caught.text) == ("delivery-unknown", True)


def test_of_two_who_decide_at_once_one_does(office: Office, letters: Letters) -> None:
    put(office, "dead")

    def decide(which: int) -> str:
        try:
            letters.redrive("d-1", ACTOR) if which else letters.cancel("d-1", "x", ACTOR)
        except Refused as refused:
            return refused.code
        return "done"

    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(decide, (0, 1)))
    # a letter that was redriven first is open, and may still be cancelled; one that was cancelled stays so
    expected = {"cancelled": [["done", "delivery-state"], ["done", "done"]]}
    assert outcomes in expected[row_of(office).state]
    assert office.reader.pending_count() == outcomes.count("done")
