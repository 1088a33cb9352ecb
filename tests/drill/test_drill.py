"""Each kind of damage to a real store is found and named (Pasal 22(4)); `make drill` does 200 of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.databases import Databases
from tests.drill.door import verify
from tests.drill.drill import KINDS, strike
from tests.drill.grounds import DAY, Copies, copies
from tests.drill.kinds import Holder, Kind


@pytest.fixture(scope="module")
def grounds(databases: Databases) -> Iterator[Copies]:
    with copies(databases) as made:
        yield made


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_each_kind_of_damage_is_found_and_named_pasal_22_4(grounds: Copies, kind: Kind) -> None:
    outcome = strike(grounds, kind, number=0, seed=6)
    assert outcome.found, outcome.said
    assert outcome.named, outcome.said


@pytest.mark.parametrize("kind", [each for each in KINDS if each.is_silent], ids=lambda kind: kind.name)
def test_a_witness_that_has_co_signed_refuses_a_rollback_and_a_rewrite(grounds: Copies, kind: Kind) -> None:
    outcome = strike(grounds, kind, number=1, seed=6, holder=Holder.WITNESS)
    assert outcome.refused in {"rollback", "rewrite", "fork"}
    assert outcome.named, outcome.said


def test_an_undamaged_store_of_any_day_is_whole(grounds: Copies, tmp_path: Path) -> None:
    for day, url in enumerate(grounds.days, start=1):
        with grounds.opened(url) as office:
            assert f"ledger is whole: {day * DAY} entries" in verify(office.engine, tmp_path).out
