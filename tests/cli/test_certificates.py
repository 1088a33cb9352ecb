"""`simojo agency certify` and `certificates`, `simojo hub`, and what `simojo check` says of certificates."""

from __future__ import annotations

import os
import subprocess
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from gateway.app import open_store, record_hub_certificates
from gateway.settings import load_settings
from gateway.trust.dev_ca import DevelopmentCa
from gateway.trust.keys import fingerprint
from tests.cli.conftest import Simojo
from tests.databases import Behind
from tests.office.house import NOW
from tests.trust.authorities import Holder, key_usage, root

DAY = timedelta(days=1)
ROOT = root(start=NOW - 30 * DAY)


@pytest.fixture(autouse=True)
def held_clock(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands run on the day on which the store was made."""
    monkeypatch.setattr("gateway.cli.agency.now", lambda: NOW)
    monkeypatch.setattr("gateway.cli.opening.now", lambda: NOW)


def certified(simojo: Simojo, home: Path, holder: Holder, *more: str, above: bytes = b"") -> tuple[int, str, str]:
    """Go the whole way with the command line: challenge, proof, registration."""
    (home / "cert.pem").write_bytes(holder.pem + above)
    challenge = simojo("agency", "challenge", "dpupr", "cert.pem").out.encode()
    (home / "challenge.txt").write_bytes(challenge)
    (home / "proof.bin").write_bytes(holder.key.sign(challenge, ec.ECDSA(hashes.SHA256())))
    done = simojo("agency", "certify", "dpupr", "cert.pem", "challenge.txt", "proof.bin", *more)
    return done.code, done.out, done.err


def leaf(days: float = 100, start: datetime = NOW - DAY, usage: x509.KeyUsage | None = None) -> Holder:
    return ROOT.issue(start=start, days=days, usage=usage)


def listed(simojo: Simojo) -> dict[str, str]:
    lines = simojo("agency", "certificates", "dpupr").out.splitlines()
    return {line.split()[0]: " ".join(line.split()[1:]) for line in lines}


def test_certificates_are_listed_with_use_validity_state_and_who_follows(home: Path, simojo: Simojo) -> None:
    assert simojo("agency", "certificates", "dpupr").out == "no certificate of dpupr is registered\n"
    one, two, three = leaf(), leaf(400), leaf(400, usage=key_usage(digital_signature=True))
    first, second, third = (fingerprint(each.certificate) for each in (one, two, three))
    for each in (one, two):
        assert certified(simojo, home, each)[0] == 0
    assert certified(simojo, home, three, "--use", "sign")[0] == 0
    simojo("agency", "revoke", third, "--reason", "kunci hilang")
    said = listed(simojo)
    follows = f"followed for encrypt by {second[:16]}, sign by {second[:16]}, tls by {second[:16]}"
    assert said[first] == f"encrypt sign tls 2026-11-23 to 2027-03-03 trusted as registered {follows}"
    assert said[second] == "encrypt sign tls 2026-11-23 to 2027-12-28 trusted as registered followed by none"
    assert said[third].startswith("sign 2026-11-23 to 2027-12-28 revoked ")
    assert "(kunci hilang)" in said[third]


def test_a_gap_is_warned_of_and_an_overlap_is_not(home: Path, simojo: Simojo) -> None:
    assert certified(simojo, home, leaf(100))[2] == ""
    _, out, err = certified(simojo, home, leaf(300, start=NOW + 120 * DAY))
    assert "is registered for dpupr" in out
    assert "ends before this one begins" in err
    assert certified(simojo, home, leaf(500, start=NOW + 90 * DAY))[2] == ""


def test_a_first_certificate_of_the_future_is_warned_of(home: Path, simojo: Simojo) -> None:
    _, _, err = certified(simojo, home, leaf(300, start=NOW + 5 * DAY))
    assert "valid only from 2026-11-29 03:00 UTC, and no other is valid until then" in err


def test_a_use_that_the_certificate_does_not_allow_is_refused(home: Path, simojo: Simojo) -> None:
    signing = leaf(usage=key_usage(digital_signature=True))
    code, _, err = certified(simojo, home, signing, "--use", "encrypt")
    assert code == 2
    assert "[certificate-not-for-use]" in err
    assert certified(simojo, home, signing, "--use", "sign", "--use", "tls")[0] == 0
    assert listed(simojo)[fingerprint(signing.certificate)].startswith("sign tls ")


def test_a_chain_and_its_status_are_told(home: Path, simojo: Simojo, monkeypatch: pytest.MonkeyPatch) -> None:
    between = ROOT.issue("Antara", authority=True, start=NOW - DAY)
    holder = between.issue(start=NOW - DAY, days=90)
    (home / "ca.pem").write_bytes(ROOT.pem)
    monkeypatch.setenv("SIMOJO_AGENCY_CA_FILE", str(home / "ca.pem"))
    code, _, err = certified(simojo, home, holder)
    assert (code, "[certificate-chain]" in err) == (2, True)
    code, _, err = certified(simojo, home, holder, above=between.pem)
    assert code == 0
    assert err.count("not known whether it was revoked: the certificate names no place to ask") == 2
    assert "chained, status not known" in listed(simojo)[fingerprint(holder.certificate)]
    for name, by in (("a.crl", between), ("b.crl", ROOT)):
        (home / name).write_bytes(by.crl(this=NOW - DAY, following=NOW + DAY))
    monkeypatch.setenv("SIMOJO_CRL_FILES", "a.crl, b.crl")
    other = between.issue(start=NOW - DAY, days=90)
    assert certified(simojo, home, other, above=between.pem)[0] == 0
    monkeypatch.setenv("SIMOJO_REVOCATION", "hard")
    monkeypatch.setenv("SIMOJO_CRL_FILES", "a.crl")
    caught = certified(simojo, home, between.issue(start=NOW - DAY), above=between.pem)
    assert "[certificate-status-unknown]" in caught[2]


def test_check_warns_of_what_ends_soon_and_still_succeeds(home: Path, simojo: Simojo) -> None:
    assert "warning" not in simojo("check").out
    certified(simojo, home, leaf(20))
    done = simojo("check")
    assert done.code == 0
    assert "warning: the certificate of dpupr (" in done.out
    assert "expires in 19 days" in done.out


def tables() -> dict[str, list[tuple[Any, ...]]]:
    with Behind(os.environ["SIMOJO_DATABASE_URL"]) as behind:
        return behind.rows()


def test_check_writes_nothing_and_warns_of_another_signing_certificate(
    home: Path, simojo: Simojo, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = tables()
    assert "warning" not in simojo("check").out  # the hub never ran
    assert tables() == before
    with closing(open_store(load_settings(), clock=lambda: NOW)) as store:
        record_hub_certificates(store, NOW)  # what a hub does as it starts
    before = tables()
    assert "warning" not in simojo("check").out
    other = DevelopmentCa.make(home / "keys" / "development-ca", production=False, at=NOW).issue("dpmptsp", at=NOW)
    key_file, certificate_file = other.write(home / "lain")
    monkeypatch.setenv("SIMOJO_SIGNING_KEY_FILE", str(key_file))
    monkeypatch.setenv("SIMOJO_SIGNING_CERTIFICATE_FILE", str(certificate_file))
    done = simojo("check")
    assert done.code == 0
    assert "warning: the hub was last started with the signing certificate" in done.out
    assert f"these settings name {other.key.fingerprint[:16]}" in done.out
    assert tables() == before


def test_check_warns_of_a_certificate_from_before_the_authorities(
    home: Path, simojo: Simojo, monkeypatch: pytest.MonkeyPatch
) -> None:
    holder = leaf()
    assert "is registered for dpupr" in certified(simojo, home, holder)[1]
    assert "warning" not in simojo("check").out
    (home / "ca.pem").write_bytes(ROOT.pem)
    monkeypatch.setenv("SIMOJO_AGENCY_CA_FILE", str(home / "ca.pem"))
    assert "has no chain to an authority in SIMOJO_AGENCY_CA_FILE" in simojo("check").out
    assert "no chain to a configured authority" in listed(simojo)[fingerprint(holder.certificate)]
    assert "was registered for dpupr already: uses and chain are brought up" in certified(simojo, home, holder)[1]
    assert "has no chain" not in simojo("check").out
    assert "chained, status not known" in listed(simojo)[fingerprint(holder.certificate)]


def test_registering_again_tells_what_it_did(home: Path, simojo: Simojo) -> None:
    holder = leaf()
    assert "is registered for dpupr" in certified(simojo, home, holder, "--use", "sign")[1]
    assert "already: nothing changed (uses: sign)" in certified(simojo, home, holder)[1]
    out = certified(simojo, home, holder, "--use", "sign", "--use", "tls")[1]
    assert "already: uses and chain are brought up to date (uses: sign, tls)" in out
    assert listed(simojo)[fingerprint(holder.certificate)].startswith("sign tls ")


def test_the_hubs_certificates_are_listed_by_their_role(
    home: Path, simojo: Simojo, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "next.pem").write_bytes(leaf(700).pem)
    monkeypatch.setenv("SIMOJO_NEXT_SIGNING_CERTIFICATE_FILE", "next.pem")
    lines = [line.split() for line in simojo("hub", "certificates").out.splitlines()]
    assert [line[0] for line in lines] == ["current", "next"]
    assert lines[1][1] == fingerprint(x509.load_pem_x509_certificate((home / "next.pem").read_bytes()))


def test_a_certificate_request_is_one_that_openssl_takes(home: Path, simojo: Simojo) -> None:
    done = simojo("hub", "csr", "--organisation", "Pemkot Contoh")
    (home / "hub.csr").write_text(done.out)
    told = subprocess.run(
        ["openssl", "req", "-in", "hub.csr", "-noout", "-verify", "-subject"], cwd=home, capture_output=True, check=True
    )
    said = (told.stdout + told.stderr).decode()
    assert "verify OK" in said
    assert "Pemkot Contoh" in said
    assert "dpmptsp" in said
