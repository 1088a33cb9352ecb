"""DPUPR's agreement in two versions, and the midnight in Jakarta at which the second takes over."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from lxml import etree

from conformance.signing import wss
from gateway.store.tables import DeliveryRow
from gateway.validation.agreement_file import packaged_agreements, read_agreement
from tests.exchange import voices
from tests.exchange.deliveries import now
from tests.exchange.keys import agency_identity
from tests.exchange.stage import Stage
from tests.exchange.town import Call
from tests.exchange.voices import Said

DAY = date(2026, 3, 3)
"""The first day of version 1.1; the clock of a stage begins on the day before."""
MIDNIGHT = datetime(2026, 3, 2, 17, 0, tzinfo=UTC)
ID = "dpupr-2026"
FORM = "urn:simojo:dpupr:technical-recommendation"
REQUESTED = "dpupr/technical-recommendation/1.1"


def second(stage: Stage, *edits: tuple[str, str]) -> None:
    """Version 1.1, beside what is active, from DAY on."""
    said = packaged_agreements()[f"{ID}-1.1"].replace("valid_from = 2028-07-01", f"valid_from = {DAY}")
    for old, new in edits:
        assert old in said, old
        said = said.replace(old, new)
    registry, agreement = stage.hub.store.registry, read_agreement(said)
    registry.import_agreement(agreement, stage.adapters["dpupr"], "staff/siti")
    registry.activate_for_development(ID, "1.1", "staff/siti")


def end_second(stage: Stage) -> None:
    stage.hub.store.registry.end_agreement(ID, "1.1", "staff/siti")


def before_midnight(stage: Stage) -> None:
    stage.clock.at = MIDNIGHT - timedelta(seconds=1)


def after_midnight(stage: Stage) -> None:
    stage.clock.at = MIDNIGHT


def spoken_in(call: Call) -> str:
    """The version of a request that DPUPR got."""
    found = [version for version in ("1.0", "1.1") if f"{FORM}:request:{version}".encode() in call.body]
    assert len(found) == 1
    return found[0]


def last_call(stage: Stage) -> Call:
    return stage.town.calls["dpupr"][-1]


def under(stage: Stage, delivery: DeliveryRow) -> tuple[str, str]:
    """The version that a delivery stands under, and its state."""
    row = now(stage, delivery)
    return row.agreement_version, row.state


def answer(stage: Stage, delivery: DeliveryRow, version: str, message_id: str = "urn:dpupr:1") -> Said:
    """DPUPR answers a request of ours in the form of that version."""
    space = f"{FORM}:answer:{version}"
    root = etree.Element(f"{{{space}}}RecommendationAnswer", nsmap={None: space})
    members = {"case": delivery.case_id, "number": "600/17/2026", "date": "2026-03-02", "validUntil": "2027-03-02"}
    for name, value in {**members, "favourable": "true", "official": "Budi Contoh"}.items():
        if name != "validUntil" or version == "1.1":
            etree.SubElement(root, f"{{{space}}}{name}").text = value
    whole = voices.envelope(root, relates_to=delivery.message_id, message_id=message_id)
    return voices.post(
        stage, voices.SOAP_PATH, wss.sign(whole, agency_identity("dpupr"), at=stage.clock()), voices.SOAP_12
    )


def conditions(stage: Stage, delivery: DeliveryRow) -> tuple[str, ...]:
    return stage.case(delivery.case_id).recommendations[-1].conditions
