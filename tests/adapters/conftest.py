"""Cases in the states that a mapping tells apart, and the schema check that every output of ours must pass."""

import json
import tomllib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pytest
from jsonschema import Draft202012Validator
from lxml import etree

from gateway.contract.message import Json, Payload
from gateway.contract.samples import AT, CASE_ID, sample_application, sample_case
from gateway.domain.case import PermitCase, Stage
from gateway.domain.catalogue import SAMPLE
from gateway.domain.events import Origin

ROOT = Path(__file__).parents[2]


@pytest.fixture
def case() -> PermitCase:
    """Give an open application for a building, lodged at the counter."""
    opened = PermitCase.open(CASE_ID, sample_application("pbg", AT), AT, SAMPLE.find("pbg", AT.date()))
    return replace(opened, stage=Stage.COMPLETE, acknowledgement_number="503/000017/2026")


@pytest.fixture
def charged_case(case: PermitCase) -> PermitCase:
    """Give an application with an SKRD of Rp350.000 that nobody has paid yet."""
    return replace(case, skrd=sample_case("pbg", "dpupr").skrd)


@pytest.fixture
def lapsed_case(charged_case: PermitCase) -> PermitCase:
    """Give a charge that nobody paid within ten hari kerja: the case ended (14(4))."""
    return replace(charged_case, stage=Stage.LAPSED)


@pytest.fixture
def ended_case(case: PermitCase) -> PermitCase:
    """Give an application that ended without a permit."""
    return replace(case, id="K-2026-000018", stage=Stage.REJECTED)


@pytest.fixture
def issued_case(case: PermitCase) -> PermitCase:
    """Give a permit that was issued and handed over; its number came into force on 5 March, late at night in UTC."""
    return replace(
        case,
        id="K-2026-000019",
        stage=Stage.HANDED_OVER,
        reserved_number="017/PBG/III/2026",
        number_active=True,
        in_force_since=datetime(2026, 3, 4, 17, 30, tzinfo=UTC),
    )


@pytest.fixture
def oss_case(case: PermitCase) -> PermitCase:
    """Give an open application that OSS lodged, without a project id."""
    references = tuple(each for each in sample_case("pbg", "oss").references if each.kind != "permit-number")
    return replace(case, id="K-2026-000020", origin=Origin.OSS, references=references)


@pytest.fixture
def violations() -> Callable[[str, Payload], list[str]]:
    """Say what is wrong with a payload under a document's schema: nothing, when the list is empty."""

    def check(document: str, payload: Payload) -> list[str]:
        path = ROOT / "schemas" / f"{document}.json"
        if path.exists():
            schema: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            return [error.message for error in Draft202012Validator(schema).iter_errors(payload)]
        tree = etree.parse(ROOT / "schemas" / f"{document}.xsd")
        element = tree.find("{*}element")
        assert element is not None
        root = element.get("name")
        text = f'<{root} xmlns="{tree.getroot().get("targetNamespace")}">{_xml(dict(payload))}</{root}>'
        xsd = etree.XMLSchema(tree)
        xsd.validate(etree.fromstring(text))
        return [entry.message for entry in xsd.error_log]

    return check


def _xml(payload: dict[str, Json]) -> str:
    repeated = ((name, value if isinstance(value, list) else [value]) for name, value in payload.items())
    return "".join(
        f"<{name}>{_xml(value) if isinstance(value, dict) else escape(str(value))}</{name}>"
        for name, values in repeated
        for value in values
    )


@pytest.fixture
def agreed_services() -> Callable[[str, str], set[str]]:
    """Read the services that an agreement names for one interaction."""

    def services(agreement: str, interaction: str) -> set[str]:
        text = (ROOT / "agreements" / f"{agreement}.toml").read_text(encoding="utf-8")
        return {
            service
            for each in tomllib.loads(text)["interaction"]
            if each["name"] == interaction
            for service in each["services"]
        }

    return services
