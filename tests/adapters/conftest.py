"""Cases in the states that a mapping tells apart, and the schema check that every output of ours must pass."""

import json
import tomllib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pytest
from jsonschema import Draft202012Validator
from lxml import etree

from gateway.contract.message import Json, Payload
from gateway.domain.calendar import JAKARTA
from gateway.domain.case import PermitCase, Stage
from gateway.domain.catalogue import SAMPLE
from gateway.domain.events import Applicant, ApplicantKind, ApplicationRegistered, Origin, Reference, Site
from gateway.domain.identifiers import NIB, NIK, NIP, NPWP, Phone
from gateway.domain.skrd import SKRD, ChargeLine

ROOT = Path(__file__).parents[2]


@pytest.fixture
def case() -> PermitCase:
    """Give an open application for a building, lodged at the portal."""
    event = ApplicationRegistered(
        service="pbg",
        origin=Origin.PORTAL,
        applicant=Applicant(
            kind=ApplicantKind.COMPANY,
            name="Siti Contoh",
            nik=NIK("9999014506900001"),
            phone=Phone("081200000017"),
            email="siti@contoh.example",
            address="Jalan Contoh 1",
            company="PT Contoh Sejahtera",
            npwp=NPWP("000000000999000"),
            nib=NIB("0000000000017"),
        ),
        site=Site(address="Jalan Contoh 17", kelurahan="35.76.01.1003", purpose="Rumah tinggal", area_m2=120),
    )
    at = datetime(2026, 3, 2, 9, 0, tzinfo=JAKARTA)
    opened = PermitCase.open("K-2026-000017", event, at, SAMPLE.find("pbg", at.date()))
    return replace(opened, stage=Stage.COMPLETE, acknowledgement_number="503/000017/2026")


@pytest.fixture
def charged_case(case: PermitCase) -> PermitCase:
    """Give an application with an SKRD of Rp350.000 that nobody has paid yet."""
    skrd = SKRD(
        number="974/0017/417.309/2026",
        period="Maret 2026",
        year=2026,
        payer_name="PT Contoh Sejahtera",
        payer_address="Jalan Contoh 1",
        legal_basis="Perda contoh",
        account_code="4.1.2.03.01",
        npwrd="R-17",
        payment_code="998872600000000000017",
        service="pbg",
        lines=(ChargeLine(description="Retribusi PBG", quantity=1, unit_price=350_000),),
        pay_to_bank="Bank Contoh",
        pay_to_account="0000000017",
        issued_on=date(2026, 3, 2),
        signatory="Pejabat Contoh",
        signatory_nip=NIP("198001012005011001"),
    )
    return replace(case, skrd=skrd)


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
    given = {
        "nib": "0000000000017",
        "oss-id": "Q-202603-00000017",
        "id-izin": "I-202603-000001",
        "kd-izin": "057600000001",
        "id-produk": "R-202603-000001",
    }
    references = tuple(Reference(kind=kind, value=value) for kind, value in given.items())
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
