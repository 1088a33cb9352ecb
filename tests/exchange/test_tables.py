"""Every row of the tables of faults, through the real pipeline: retried, refused, given to a person, or taken."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gateway.trust.dev_ca import LeafKind
from gateway.validation.agreement_file import packaged_agreements, read_agreement
from tests.databases import Furnished
from tests.exchange.conftest import hub_folder
from tests.exchange.keys import hub_leaf
from tests.exchange.stage import Stage
from tests.exchange.tables import bank, courier
from tests.exchange.tables.all import TABLES
from tests.exchange.tables.row import Row
from tests.exchange.tables.scenes import signs
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
        opened.town.always |= {
            "email": signs(opened, lambda _: {"status": "accepted"}),
            "courier": courier.acknowledges(opened),
            "bank": bank.makes,
        }
        _offer_qris(opened)
        yield opened
        opened.close()


def _offer_qris(stage: Stage) -> None:
    """Version 1.1 of the bank's agreement, sooner, and what the hub needs to ask for a QR."""
    said = packaged_agreements()["bank-2026-1.1"].replace("valid_from = 2026-11-01", "valid_from = 2026-02-01")
    agreement = read_agreement(said)
    registry, actor = stage.hub.store.registry, "staff/siti"
    registry.import_agreement(agreement, stage.adapters["bank"], actor)
    registry.activate_for_development(agreement.id, agreement.version, actor)
    stage.endpoint("bank", f"{stage.street.url}/bank")
    for name, secret in (("channel_id", "95051"), ("merchant_id", bank.MERCHANT)):
        registry.set_credential("bank", name, secret, actor)
    stage.take_key(hub_leaf(stage.folder.parent / "ca", LeafKind.RSA))  # SNAP BI signs with RSA


@pytest.mark.parametrize("row", ROWS)
def test_a_fault_is_answered_as_its_row_says(connected: Stage, row: Row) -> None:
    connected.town.scripts.clear()
    connected.clock.advance(seconds=1)  # so that no rate is used up
    row.play(connected)
