"""A stage for the rows: every agency of the tables is connected, in the version of its agreement that they are of."""

from __future__ import annotations

from datetime import UTC, datetime

from gateway.trust.dev_ca import LeafKind
from gateway.validation.agreement_file import packaged_agreements, read_agreement
from tests.exchange.keys import hub_leaf
from tests.exchange.stage import Stage
from tests.exchange.tables import bank_qris, courier, oss
from tests.exchange.tables.scenes import signs

BEGIN = datetime(2026, 7, 2, 3, 0, tzinfo=UTC)
"""The rows begin then, after version 1.1 of the agreement with OSS; version 1.2 is made to begin on that day."""


def make_ready(stage: Stage) -> None:
    """Connect mail relay and courier; go over to the newer versions of OSS and bank; let all answer as they should."""
    stage.clock.at = BEGIN
    for agency in ("email", "courier"):
        stage.connect(agency)
    _activate(stage, "oss", packaged_agreements()["oss-2026-1.1"])
    sooner = packaged_agreements()["oss-2026-1.2"].replace("valid_from = 2026-12-01", "valid_from = 2026-07-02")
    _activate(stage, "oss", sooner)
    sooner = packaged_agreements()["bank-2026-1.1"].replace("valid_from = 2026-11-01", "valid_from = 2026-02-01")
    _activate(stage, "bank", sooner)
    stage.endpoint("bank", f"{stage.street.url}/bank")
    for name, secret in (("channel_id", "95051"), ("merchant_id", bank_qris.MERCHANT)):
        stage.hub.store.registry.set_credential("bank", name, secret, "staff/siti")
    stage.town.always |= {
        "email": signs(stage, lambda _: {"status": "accepted"}),
        "courier": courier.acknowledges(stage),
        "bank": bank_qris.makes,
        "oss": oss.answers,
    }
    stage.take_key(hub_leaf(stage.folder.parent / "ca", LeafKind.RSA))  # SNAP BI signs with RSA


def _activate(stage: Stage, agency: str, said: str) -> None:
    agreement, registry = read_agreement(said), stage.hub.store.registry
    registry.import_agreement(agreement, stage.adapters[agency], "staff/siti")
    registry.activate_for_development(agreement.id, agreement.version, "staff/siti")
