"""Which deliveries of a queue may go: what a claim takes, and what waits behind another."""

from __future__ import annotations

import pytest

from gateway.store.tables import DeliveryRow
from tests.store.claiming import Take, ids
from tests.store.rows import Put, delivery, minutes


def test_of_each_queue_only_the_first_may_go_and_the_oldest_due_goes_first(take: Take, put: Put) -> None:
    put(
        DeliveryRow,
        delivery("a-1", "a", 1, "queued", due=-1),
        delivery("a-2", "a", 2, "queued", due=-9),
        delivery("b-1", "b", 1, "not-sent", due=-5),
        delivery("c-1", "c", 1, "queued", due=1),
    )
    assert ids(take(9)) == ["b-1", "a-1"]
    assert ids(take(9, minutes(1))) == ["b-1", "a-1", "c-1"]  # their leases have run out
    assert ids(take(2, minutes(2))) == ["b-1", "a-1"]


@pytest.mark.parametrize(
    ("earlier", "goes"),
    [
        ("answered", True),
        ("cancelled", True),
        ("awaiting", True),
        ("queued", False),
        ("not-sent", False),
        ("sending", False),
        ("unknown", False),
        ("dead", False),
    ],
)
def test_a_delivery_waits_for_the_earlier_ones_of_its_own_queue_alone(
    take: Take, put: Put, earlier: str, *, goes: bool
) -> None:
    put(
        DeliveryRow,
        delivery("a-1", "a", 1, earlier, due=60),
        delivery("a-2", "a", 2, "queued"),
        delivery("b-9", "b", 9, "queued"),
    )
    assert ids(take(9)) == (["a-2", "b-9"] if goes else ["b-9"])


@pytest.mark.parametrize(
    ("state", "goes"),
    [
        ("queued", True),
        ("not-sent", True),
        ("unknown", True),
        ("sending", False),
        ("awaiting", False),
        ("answered", False),
        ("dead", False),
        ("cancelled", False),
    ],
)
def test_only_what_may_be_sent_is_taken(take: Take, put: Put, state: str, *, goes: bool) -> None:
    put(DeliveryRow, delivery("a-1", "a", 1, state))
    assert ids(take(9)) == (["a-1"] if goes else [])
