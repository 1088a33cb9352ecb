"""Agencies learn of the hub's certificates from the hub itself, ahead of a roll-over and signed by what they trust."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from cryptography import x509
from fastapi.testclient import TestClient

from conformance.signing import jws
from gateway.app import Gateway, open_store, record_hub_certificates
from gateway.domain.errors import GatewayError, Unauthenticated
from gateway.trust.certificates import RegisteredCertificate
from gateway.trust.dev_ca import DevelopmentCa, IssuedLeaf, LeafKind
from gateway.trust.jws import verify_detached
from gateway.trust.keys import SoftwareKey, fingerprint
from gateway.trust.policy import SignatureAlgorithm
from tests.databases import Furnished
from tests.office.house import NOW, Clock, House, settings_in

Opening = Callable[..., TestClient]


@pytest.fixture
def ca(furnished: Furnished) -> DevelopmentCa:
    return DevelopmentCa.make(furnished.folder / "keys" / "development-ca", production=False, at=NOW)


@pytest.fixture
def clocks() -> list[Clock]:
    """The clocks of the hubs that were opened, the last one last."""
    return []


@pytest.fixture
def url(furnished: Furnished, tmp_path: Path) -> Iterator[str]:
    """Of the store of the hubs that are opened."""
    with furnished.copied(tmp_path) as copied:
        yield copied


@pytest.fixture
def opening(url: str, tmp_path: Path, clocks: list[Clock]) -> Iterator[Opening]:
    """Open the hub with these settings, at that moment; the one before is closed first."""
    opened: list[House] = []

    def open_hub(at: datetime = NOW, **settings: Any) -> TestClient:
        if opened:
            opened.pop().gateway.stop()
        clock = Clock(at)
        clocks.append(clock)
        house = House(Gateway(settings_in(tmp_path, database_url=url, **settings), clock=clock), clock)
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
    assert (claims["int"], claims["agr"]) == ("hub-certificates", "meta/1.0")
    body = json.loads(answer.content)
    assert body["hub"] == "dpmptsp"
    return list(body["certificates"])


def written(leaf: IssuedLeaf, folder: Path) -> dict[str, Path]:
    key_file, certificate_file = leaf.write(folder)
    return {"key": key_file, "certificate": certificate_file}


def test_a_roll_over_from_its_announcement_to_its_end(
    opening: Opening, ca: DevelopmentCa, tmp_path: Path, furnished: Furnished
) -> None:
    one = x509.load_pem_x509_certificate((furnished.folder / "keys" / "hub.pem").read_bytes())
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


def test_our_own_strict_verification_takes_the_list(opening: Opening, furnished: Furnished) -> None:
    own = x509.load_pem_x509_certificate((furnished.folder / "keys" / "hub.pem").read_bytes())
    hub = RegisteredCertificate(agency="dpmptsp", certificate=own, fingerprint=fingerprint(own))
    answer = opening().get("/hub/certificates.json")
    verified = verify_detached(answer.headers[jws.HEADER], answer.content, [hub], NOW, audience="*")
    assert (verified.claims.iss, verified.claims.agr) == ("dpmptsp", "meta/1.0")
    with pytest.raises(Unauthenticated):
        verify_detached(answer.headers[jws.HEADER], answer.content, [hub], NOW, audience="dpupr")


def test_one_signature_serves_all_who_ask_for_half_of_its_life(
    opening: Opening, clocks: list[Clock], furnished: Furnished
) -> None:
    own = x509.load_pem_x509_certificate((furnished.folder / "keys" / "hub.pem").read_bytes())
    client = opening()
    (clock,) = clocks

    def asked(times: int) -> set[str]:
        return {client.get("/hub/certificates.json").headers[jws.HEADER] for _ in range(times)}

    signed: list[str] = []
    real = SoftwareKey.sign

    def sign(key: SoftwareKey, algorithm: SignatureAlgorithm, data: bytes) -> bytes:
        signed.append(algorithm.name)
        return real(key, algorithm, data)

    with mock.patch.object(SoftwareKey, "sign", sign):
        first = asked(20)
        clock.move(timedelta(seconds=149))
        assert asked(3) == first
        assert len(first) == len(signed) == 1
        said(client, clock(), own)  # still good, and for another half of its life
        clock.move(timedelta(seconds=1))
        second = asked(3)
        assert len(second) == 1
        assert second != first
        clock.move(timedelta(minutes=-2))  # set back: what is signed in the future would be refused
        assert not asked(1) & second
        assert len(signed) == 3
    said(client, clock(), own)


def test_other_certificates_are_signed_at_once(opening: Opening, ca: DevelopmentCa, tmp_path: Path, url: str) -> None:
    one = x509.load_pem_x509_certificate((tmp_path / "keys" / "hub.pem").read_bytes())
    two = written(ca.issue("dpmptsp", at=NOW, kind=LeafKind.RSA), tmp_path / "dua")
    client = opening()
    assert [each["role"] for each in said(client, NOW, one)] == ["current"]
    announcing = settings_in(tmp_path, database_url=url, next_signing_certificate_file=two["certificate"])
    with closing(open_store(announcing)) as store:  # as `simojo check` does beside the running hub
        record_hub_certificates(store, NOW)
    assert [each["role"] for each in said(client, NOW, one)] == ["current", "next"]


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


def warnings(client: TestClient) -> list[str]:
    found: list[str] = client.get("/admin/v1/health", headers={"Authorization": "Bearer token-of-agus"}).json()[
        "warnings"
    ]
    return found


def test_console_and_health_tell_of_an_end_that_is_near(opening: Opening, ca: DevelopmentCa, tmp_path: Path) -> None:
    token = {"Authorization": "Bearer token-of-agus"}
    what = "signing certificate"
    calm = opening()
    assert not [each for each in warnings(calm) if what in each]
    assert what not in calm.get("/console?lang=en", headers=token).text
    short = written(ca.issue("dpmptsp", at=NOW, days=20), tmp_path / "pendek")
    near = opening(signing_key_file=short["key"], signing_certificate_file=short["certificate"])
    (warning,) = (each for each in warnings(near) if what in each)
    assert warning.startswith("the hub's signing certificate (")
    assert "expires in 20 days" in warning
    assert what in near.get("/console?lang=en", headers=token).text
