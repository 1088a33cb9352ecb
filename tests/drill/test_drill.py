"""Each kind of damage to a real store is found and named (Pasal 22(4)); `make drill` does 200 of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.databases import Databases
from tests.drill.damages import KINDS, Kind
from tests.drill.drill import strike
from tests.drill.grounds import Copies, copies, verify


@pytest.fixture(scope="module")
def grounds(databases: Databases) -> Iterator[Copies]:
    with copies(databases) as made:
        yield made


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_each_kind_of_damage_is_found_and_named_pasal_22_4(grounds: Copies, kind: Kind) -> None:
    outcome = strike(grounds, kind, number=0, seed=6)
    assert outcome.found
    assert outcome.named, outcome.said


def test_an_undamaged_store_of_any_day_is_whole(grounds: Copies) -> None:
    for day, url in enumerate(grounds.days, start=1):
        with grounds.opened(url) as office:
            assert verify(office).ledger.size == day * 14
