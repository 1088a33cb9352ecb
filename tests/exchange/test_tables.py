"""Every row of the tables of faults, through the real pipeline: retried, refused, given to a person, or taken.

What a row says is the dialect's: those that share a hub are played on one engine, SQLite, and under `make coverage` on
PostgreSQL (decision 0087).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.databases import Furnished
from tests.exchange.conftest import hub_folder
from tests.exchange.stage import Stage
from tests.exchange.tables.all import TABLES
from tests.exchange.tables.ready import make_ready
from tests.exchange.tables.row import Row
from tests.exchange.town import Door, Street

ROWS = {
    f"{page}: {title}: {row.name}": row
    for page, tables in TABLES.items()
    for title, rows in tables.items()
    for row in rows
}
TOGETHER = [pytest.param(row, id=name) for name, row in ROWS.items() if not row.alone]
ALONE = [pytest.param(row, id=name) for name, row in ROWS.items() if row.alone]


@contextmanager
def opened(template: Furnished, door: Door, street: Street) -> Iterator[Stage]:
    with hub_folder(template) as (folder, url):
        stage = Stage(folder, door, street, url)
        make_ready(stage)
        yield stage
        stage.close()


@pytest.fixture(scope="module")
def shared(template: Furnished, door: Door, street: Street) -> Iterator[Stage]:
    """One hub for nearly all rows: each has a case of its own, and none turns the clock back."""
    with opened(template, door, street) as stage:
        yield stage


@pytest.mark.parametrize("databases", [os.environ.get("ROWS_ENGINE", "sqlite")], indirect=True)
@pytest.mark.parametrize("row", TOGETHER)
def test_a_fault_is_answered_as_its_row_says(shared: Stage, row: Row) -> None:
    shared.take_back()
    shared.town.scripts.clear()
    shared.clock.advance(seconds=1)  # so that no rate is used up
    row.play(shared)


@pytest.mark.parametrize("row", ALONE)
def test_a_fault_that_others_would_notice_is_answered_as_its_row_says(
    template: Furnished, door: Door, street: Street, row: Row
) -> None:
    with opened(template, door, street) as stage:
        row.play(stage)
