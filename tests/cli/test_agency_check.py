"""`simojo agency check` and `explain`: a line for each step, and what to do about those that failed."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from gateway.trust.keys import SigningKey
from tests.cli.conftest import Done, Simojo
from tests.databases import Behind
from tests.office.house import NOW
from tests.transport.agencies import Agency, received
from tests.transport.conftest import agency
from tests.trust.parties import certificate, envelope, key, private_key, sign

__all__ = ["agency"]

pytestmark = pytest.mark.usefixtures("home")


def lines(done: Done) -> dict[str, list[str]]:
    """What was said about each step, verdict first."""
    found: dict[str, list[str]] = {}
    for line in done.out.splitlines():
        verdict, step, rest = line.split(maxsplit=2)
        found.setdefault(step, []).append(f"{verdict} {rest}")
    return found


def register(simojo: Simojo, home: Path, agency: str = "dpupr", days: int = 365, number: int = 0) -> SigningKey:
    """Register a certificate for an agency by the commands, as staff do."""
    private = private_key("rsa", number)
    assert isinstance(private, rsa.RSAPrivateKey)
    made = certificate(private, start=NOW - timedelta(days=1), days=days)
    (home / "agency.pem").write_bytes(made.public_bytes(Encoding.PEM))
    (home / "challenge.txt").write_text(simojo("agency", "challenge", agency, "agency.pem").out)
    proof = private.sign((home / "challenge.txt").read_bytes(), padding.PKCS1v15(), SHA256())
    (home / "proof.bin").write_bytes(proof)
    assert simojo("agency", "certify", agency, "agency.pem", "challenge.txt", "proof.bin").code == 0
    return key("rsa", number)


def answering(_: Agency, conn: socket.socket) -> None:
    received(conn)
    date = format_datetime(NOW, usegmt=True)
    conn.sendall(f"HTTP/1.1 405 Method Not Allowed\r\nDate: {date}\r\nContent-Length: 0\r\n\r\n".encode())


def test_an_agency_with_all_in_place_passes(home: Path, simojo: Simojo, agency: Callable[..., Agency]) -> None:
    there = agency(answering)
    register(simojo, home)
    simojo("agency", "endpoint", "dpupr", there.url)
    done = simojo("agency", "check", "dpupr")
    assert done.code == 0, done.out
    said = lines(done)
    assert list(said) == [
        "agency", "agreement", "adapter", "schemas", "endpoint", "dns", "tcp", "http", "clock", "certificate", "own",
        "credentials", "lately",
    ]  # fmt: skip
    assert said["http"] == ["ok 405 Method Not Allowed"]
    assert said["agreement"][0].startswith("ok dpupr-2026/1.0, active until ")
    assert "days left" in said["certificate"][0]
    assert said["lately"] == ["ok last accepted from the agency: none yet", "ok last accepted to the agency: none yet"]


def test_the_hubs_own_port_is_no_agency(
    simojo: Simojo, agency: Callable[..., Agency], monkeypatch: pytest.MonkeyPatch
) -> None:
    there = agency(answering)
    simojo("agency", "endpoint", "dpupr", there.url)
    for name, value in (("PUBLIC_URL", there.url), ("PORT", str(urlsplit(there.url).port))):
        with monkeypatch.context() as changed:
            changed.setenv(f"SIMOJO_{name}", value)
            done = simojo("agency", "check", "dpupr")
        assert done.code == 1
        assert lines(done)["http"][0].startswith("FAIL this is the hub's own address")
    assert lines(simojo("agency", "check", "dpupr"))["http"] == ["ok 405 Method Not Allowed"]


def test_a_failure_stops_nothing_and_says_what_to_do(simojo: Simojo) -> None:
    simojo("agency", "endpoint", "dukcapil", "https://tidak-ada.invalid/x")
    done = simojo("agency", "check", "dukcapil")
    assert done.code == 1
    said = lines(done)
    assert said["dns"][0].startswith("FAIL ")
    assert "do: correct the endpoint" in said["dns"][0]
    assert "FAIL not set; expected: basic_password, for profile basic; do: simojo agency credential" in "".join(
        said["credentials"]
    )
    assert said["own"][0].startswith("ok ")
    assert "lately" in said


def test_what_was_never_set_is_said(simojo: Simojo) -> None:
    said = lines(simojo("agency", "check", "dpupr"))
    assert said["endpoint"][0].startswith("FAIL no endpoint of dpupr is set")
    (missing,) = said["certificate"]
    assert missing == (
        "FAIL none is registered; expected: one that the agency may sign with, for jws, wss-x509; do: simojo agency "
        "challenge, then certify"
    )


def test_without_network_nothing_is_looked_at(
    simojo: Simojo, agency: Callable[..., Agency], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = agency(answering)
    register(simojo, home)
    simojo("agency", "endpoint", "dpupr", there.url)
    done = simojo("agency", "check", "dpupr", "--offline")
    assert (done.code, there.connections) == (0, 0)
    assert "warn not looked at: without network (--offline); expected: a look at it" in lines(done)["endpoint"]


@pytest.mark.parametrize(
    ("change", "step", "words"),
    [
        ("UPDATE agency SET suspended = 'pemeriksaan' WHERE id = 'dpupr'", "agency", "suspended: pemeriksaan"),
        ("UPDATE agreement SET state = 'suspended'", "agreement", "dpupr-2026/1.0 is suspended, for 2026-01-01"),
        ("DELETE FROM agreement", "agreement", "none is kept"),
        ("UPDATE certificate SET revoked_at = '2026-11-20 00:00:00.000000'", "certificate", "none of 1 is usable"),
    ],
)
def test_what_stands_in_the_way_is_named(
    simojo: Simojo, home: Path, database: Behind, change: str, step: str, words: str
) -> None:
    register(simojo, home)
    database.execute(change)
    done = simojo("agency", "check", "dpupr", "--offline")
    assert done.code == 1
    assert any(each.startswith("FAIL") and words in each for each in lines(done)[step]), lines(done)[step]


def test_a_certificate_that_is_over_is_no_fault_where_another_does_all_that_it_did(
    simojo: Simojo, home: Path, database: Behind
) -> None:
    simojo("agency", "endpoint", "dpupr", "https://dpupr.example")
    register(simojo, home)
    first = database.execute("SELECT fingerprint FROM certificate").fetchone()[0]
    database.execute("UPDATE certificate SET revoked_at = '2026-11-20 00:00:00.000000'")
    done = simojo("agency", "check", "dpupr", "--offline")
    alone = lines(done)["certificate"]
    assert (done.code, len(alone)) == (1, 2)
    assert alone[0].startswith(f"FAIL {first[:16]}")
    assert "was revoked at 2026-11-20" in alone[0]
    assert "do: register another one: simojo agency challenge dpupr, then certify" in alone[0]
    register(simojo, home, days=200, number=1)  # a revoked key is never trusted again
    done = simojo("agency", "check", "dpupr", "--offline")
    (second,) = [row[0] for row in database.execute("SELECT fingerprint FROM certificate") if row[0] != first]
    said = lines(done)["certificate"]
    assert done.code == 0
    assert said[0].startswith(f"ok {first[:16]}")
    assert said[0].endswith(f"replaced by {second[:16]}")
    assert all(each.startswith("ok ") for each in said)


def test_a_certificate_that_expired_is_said_to_have_ended(
    simojo: Simojo, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    register(simojo, home, days=20)
    monkeypatch.setattr("gateway.cli.agency_check.now", lambda: NOW + timedelta(days=25))
    (ended, none) = lines(simojo("agency", "check", "dpupr", "--offline"))["certificate"]
    assert ended.startswith("FAIL ")
    assert "(ended 6 days ago)" in ended
    assert none.startswith("FAIL none of 1 is usable")


def test_a_certificate_near_its_end_is_a_warning(simojo: Simojo, home: Path) -> None:
    register(simojo, home, days=20)
    said = lines(simojo("agency", "check", "dpupr", "--offline"))["certificate"]
    assert said[-1].startswith("warn the last one ends on 2026-12-13")
    assert "so that both overlap" in said[-1]


def test_the_same_as_json(simojo: Simojo) -> None:
    done = simojo("agency", "check", "sms", "--json", "--offline")
    found = json.loads(done.out)
    assert {each["step"] for each in found} >= {"agency", "agreement", "credentials", "own"}
    assert {tuple(each) for each in found} == {("step", "verdict", "found", "expected", "advice")}
    assert done.code == int(any(each["verdict"] == "FAIL" for each in found))


@pytest.mark.parametrize("command", ["check", "explain"])
def test_an_agency_without_an_adapter_is_named(simojo: Simojo, command: str) -> None:
    words = () if command == "check" else ("keys/hub.pem",)
    assert "'rumah'" in simojo("agency", command, "rumah", *words).sentence


# --- explain ------------------------------------------------------------------------------------------------------


def test_an_envelope_in_a_file_is_explained_with_its_values_masked(simojo: Simojo, home: Path) -> None:
    signer = register(simojo, home)
    whole = etree.fromstring(sign(envelope(text="Budi Contoh"), signer, created=NOW))
    (home / "good.xml").write_bytes(etree.tostring(whole))
    # the certificate that is registered here is another one over the same key: the one in the message is not
    unknown = simojo("agency", "explain", "dpupr", "good.xml", "--at", "2026-11-24T03:00:00")
    assert (unknown.code, "FAIL certificate" in unknown.out) == (1, True)
    etree.indent(whole[1])
    (home / "indented.xml").write_bytes(etree.tostring(whole))
    done = simojo("agency", "explain", "dpupr", "indented.xml", "--at", "2026-11-24T03:00:00")
    assert done.code == 1
    assert "FAIL digest       White space added after signing (Spasi ditambah setelah ditandatangani)" in done.out
    assert "Budi" not in done.out
    shown = simojo("agency", "explain", "dpupr", "indented.xml", "--at", "2026-11-24T03:00:00", "--show-values")
    assert "Budi Contoh" in shown.out


def test_a_good_envelope_in_a_file_passes(simojo: Simojo, home: Path) -> None:
    register(simojo, home)
    from cryptography import x509

    from gateway.trust.keys import signing_key

    private = private_key("rsa")
    signer = signing_key(private, x509.load_pem_x509_certificate((home / "agency.pem").read_bytes()))
    (home / "good.xml").write_bytes(sign(envelope(), signer, created=NOW))
    done = simojo("agency", "explain", "dpupr", "good.xml", "--at", "2026-11-24T03:00:00")
    assert (done.code, "FAIL" in done.out) == (0, False)
    assert done.out.splitlines()[-1] == "not looked at: agreement, schema, address, interaction"
    (home / "body.json").write_bytes(b"{}")
    (home / "field.txt").write_text("a..b")
    for given in ("a..b", "@field.txt"):
        done = simojo("agency", "explain", "dpupr", "body.json", "--signature", given)
        assert (done.code, "FAIL shape" in done.out) == (1, True)
