"""Every row of the tables of faults, through the real pipeline: retried, refused, given to a person, or taken."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.databases import Furnished
from tests.exchange.conftest import hub_folder
from tests.exchange.stage import Stage
from tests.exchange.tables.all import TABLES
from tests.exchange.tables.row import Row
from tests.exchange.town import Door, Street

ROWS = [
    pytest.param(row, id=f"{agency}-{row.name}")
    for agency, parts in TABLES.items()
    for rows in parts.values()
    for row in rows
]


@pytest.fixture(scope="module")
def connected(template: Furnished, door: Door, street: Street) -> Iterator[Stage]:
    """One hub for all rows: each has a case of its own, and none turns the clock back."""
    with hub_folder(template) as (folder, url):
        opened = Stage(folder, door, street, url)
        for agency in ("email", "courier"):
            opened.connect(agency)
        yield opened
        opened.close()


@pytest.mark.parametrize("row", ROWS)
def test_a_fault_is_answered_as_its_row_says(connected: Stage, row: Row) -> None:
    connected.town.scripts.clear()
    row.play(connected)
