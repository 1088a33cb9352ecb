"""Agencies learn of the hub's certificates from the hub itself, ahead of a roll-over and signed by what they trust."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from fastapi.testclient import TestClient

from conformance.signing import jws
from gateway.app import Gateway, record_hub_certificates
from gateway.domain.errors import GatewayError
from gateway.trust.dev_ca import DevelopmentCa, IssuedLeaf, LeafKind
from gateway.trust.keys import fingerprint
from tests.office.house import NOW, Clock, House, settings_in

Opening = Callable[..., TestClient]


@pytest.fixture
def ca(furnished: Path) -> DevelopmentCa:
    return DevelopmentCa.make(furnished / "keys" / "development-ca", production=False, at=NOW)


@pytest.fixture
def opening(furnished: Path, tmp_path: Path) -> Iterator[Opening]:
    """Open the hub with these settings, at that moment; the one before is closed first."""
    shutil.copytree(furnished, tmp_path, dirs_exist_ok=True)
    opened: list[House] = []

    def open_hub(at: datetime = NOW, **settings: Any) -> TestClient:
        if opened:
            opened.pop().gateway.stop()
        clock = Clock(at)
        house = House(Gateway(settings_in(tmp_path, **settings), clock=clock), clock)
        record_hub_certificates(house.gateway.store, at)
        opened.append(house)
        return TestClient(house.gateway.api)

    yield open_hub
    opened.pop().gateway.stop()


def said(client: TestClient, at: datetime, trusted: x509.Certificate) -> list[dict[str, Any]]:
    """The list, its signature verified with what an agency trusts."""
    answer = client.get("/hub/certificates.json")
    assert answer.status_code == 200
    claims = jws.verify_detached(
        answer.headers[jws.HEADER], answer.content, [trusted], issuer="dpmptsp", audience="*", at=at
    )
    assert claims["int"] == "hub-certificates"
    body = json.loads(answer.content)
    assert body["hub"] == "dpmptsp"
    return list(body["certificates"])


def written(leaf: IssuedLeaf, folder: Path) -> dict[str, Path]:
    key_file, certificate_file = leaf.write(folder)
    return {"key": key_file, "certificate": certificate_file}


def test_a_roll_over_from_its_announcement_to_its_end(
    opening: Opening, ca: DevelopmentCa, tmp_path: Path, furnished: Path
) -> None:
    one = x509.load_pem_x509_certificate((furnished / "keys" / "hub.pem").read_bytes())
    two = written(ca.issue("dpmptsp", at=NOW, kind=LeafKind.RSA, days=700), tmp_path / "dua")
    second = x509.load_pem_x509_certificate(two["certificate"].read_bytes())
    turn = NOW + timedelta(days=30)

    (only,) = said(opening(), NOW, one)
    assert (only["role"], only["fingerprint"], only["signsFrom"]) == (
        "current",
        fingerprint(one),
        "2026-11-24T03:00:00.000Z",
    )
    assert (only["notBefore"], only["signsUntil"]) == ("2026-11-24T02:55:00.000Z", None)

    ahead = opening(next_signing_certificate_file=two["certificate"], next_signs_from=turn)
    current, following = said(ahead, NOW, one)
    assert (current["role"], following["role"]) == ("current", "next")
    assert (following["fingerprint"], following["signsFrom"]) == (fingerprint(second), "2026-12-24T03:00:00.000Z")
    pem = ahead.get("/hub/certificates.pem")
    assert x509.load_pem_x509_certificates(pem.content) == [one, second]
    with pytest.raises(GatewayError):
        said(ahead, NOW, second)  # the next one does not sign yet

    after = opening(
        turn,
        signing_key_file=two["key"],
        signing_certificate_file=two["certificate"],
        previous_signing_certificate_file=tmp_path / "keys" / "hub.pem",
        previous_signing_key_file=tmp_path / "keys" / "hub.key.pem",
    )
    previous, current = said(after, turn, second)
    assert (previous["role"], previous["signsFrom"], previous["signsUntil"]) == (
        "previous",
        "2026-11-24T03:00:00.000Z",
        "2026-12-24T03:00:00.000Z",
    )
    assert (current["role"], current["signsFrom"]) == ("current", "2026-12-24T03:00:00.000Z")


def test_the_hub_keeps_the_previous_key_to_decrypt_with(opening: Opening, ca: DevelopmentCa, tmp_path: Path) -> None:
    from gateway.app.identity import previous_keys

    old = written(ca.issue("dpmptsp", at=NOW, kind=LeafKind.RSA), tmp_path / "lama")
    opening()
    settings = settings_in(
        tmp_path, previous_signing_certificate_file=old["certificate"], previous_signing_key_file=old["key"]
    )
    (found,) = previous_keys(settings)
    assert found.certificate == x509.load_pem_x509_certificate(old["certificate"].read_bytes())
    published_alone = settings_in(tmp_path, previous_signing_certificate_file=old["certificate"])
    assert previous_keys(published_alone) == previous_keys(settings_in(tmp_path)) == ()


def test_console_and_health_tell_of_an_end_that_is_near(opening: Opening, ca: DevelopmentCa, tmp_path: Path) -> None:
    token = {"Authorization": "Bearer token-of-agus"}
    what = "signing certificate"
    calm = opening()
    assert calm.get("/admin/v1/health", headers=token).json()["warnings"] == []
    assert what not in calm.get("/console?lang=en", headers=token).text
    short = written(ca.issue("dpmptsp", at=NOW, days=20), tmp_path / "pendek")
    near = opening(signing_key_file=short["key"], signing_certificate_file=short["certificate"])
    (warning,) = near.get("/admin/v1/health", headers=token).json()["warnings"]
    assert warning.startswith("the hub's signing certificate (")
    assert "expires in 20 days" in warning
    assert what in near.get("/console?lang=en", headers=token).text
