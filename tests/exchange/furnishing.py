"""What a hub of a stage finds in its folder and its database before a test begins."""

from __future__ import annotations

import base64
from pathlib import Path

from gateway.domain.calendar import local_date
from gateway.validation.agreement_file import latest_agreements
from tests.exchange.keys import AT, agency_identity, hub_leaf
from tests.exchange.stage import SECRETS, Stage, enrol
from tests.exchange.town import Door, Street

APART = ("courier", "email")
"""Agencies that `Stage.connect` integrates in the tests that are about them, since an agency *may* be (21(1))."""


def furnish(folder: Path, url: str, door: Door, street: Street) -> None:
    """All agreements active but of those APART, certificates of who signs, endpoints and credentials."""
    keys = folder / "keys"
    keys.mkdir(parents=True)
    leaf = hub_leaf(folder.parent / "ca")
    (keys / "hub.key.pem").write_bytes(leaf.key_pem)
    (keys / "hub.pem").write_bytes(leaf.certificate_pem)
    for number, name in enumerate(("master.key", "ledger.key"), 1):
        (keys / name).write_bytes(base64.b64encode(bytes([number] * 32)))
    stage = Stage(folder, door, street, url)
    registry, actor = stage.hub.store.registry, "staff/siti"
    for agreement in latest_agreements(local_date(AT)).values():
        if agreement.agency in APART:
            continue
        registry.import_agreement(agreement, stage.adapters[agreement.agency], actor)
        registry.activate_for_development(agreement.id, agreement.version, actor)
    for agency in ("bsre", "dukcapil", "djp", "dpupr", "oss", "sms"):
        registry.set_endpoint(agency, f"{street.url}/{agency}", actor)
    for agency, named in SECRETS.items():
        for name, secret in named.items():
            registry.set_credential(agency, name, secret, actor)
    enrol(stage, "bank", agency_identity("bank", "rsa"))
    for agency in ("dpupr", "satpolpp"):
        enrol(stage, agency, agency_identity(agency))
    stage.close()
