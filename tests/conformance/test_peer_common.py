"""What all peers share: configuration, journal, courier, control addresses, faults, guide."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from fastapi.testclient import TestClient

from conformance.peers.config import SECRETS as NEEDED
from conformance.peers.config import load_config
from conformance.peers.courier import Courier
from conformance.peers.guide import write_guide
from conformance.peers.journal import Journal
from conformance.peers.peer import Peer
from conformance.peers.process import PEERS
from gateway.domain.errors import Misconfigured, Tampered
from tests.conformance.conftest import NOW, SECRETS, Loopback

HUB = "http://127.0.0.1:9"
AGENCIES = sorted(PEERS)


def test_every_agency_has_its_peer() -> None:
    assert set(NEEDED) == set(PEERS) == set(SECRETS)


@pytest.mark.parametrize("agency", AGENCIES)
def test_a_peer_is_there_and_proves_its_key(
    agency: str, folder_of: Callable[..., Path], start: Callable[[Path], Peer]
) -> None:
    peer = start(folder_of(agency, HUB))
    client = TestClient(peer.app)
    assert client.get("/_control/health").json() == {"status": "ok", "agency": agency, "hub": HUB}
    assert client.get("/_control/journal").json() == []
    proof = client.post("/_control/possession", json={"challenge": "tantangan-1"}).json()["signature"]
    key = peer.identity.certificate.public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    key.verify(base64.b64decode(proof), b"tantangan-1", padding.PKCS1v15(), hashes.SHA256())


@pytest.mark.parametrize("agency", AGENCIES)
def test_the_guide_names_addresses_and_no_secret(
    agency: str, folder_of: Callable[..., Path], start: Callable[[Path], Peer]
) -> None:
    peer = start(folder_of(agency, HUB))
    write_guide(peer, "http://127.0.0.1:40123")
    text = (peer.folder / "README.md").read_text()
    assert HUB in text
    assert "http://127.0.0.1:40123" in text
    assert "```sh" in text
    assert "{peer}" not in text
    assert "{hub" not in text
    assert "made-up" not in text
    assert (peer.folder / "ask.sh").exists() is (agency == "dpupr")
    script = (peer.folder / "echo.sh").read_text()
    assert f"/rest/{agency}/meta/" in script
    assert "{hub}" not in script
    assert "{agency}" not in script


def test_a_flapping_agency_fails_every_second_time(
    folder_of: Callable[..., Path], start: Callable[[Path], Peer]
) -> None:
    client = TestClient(start(folder_of("sms", HUB)).app)
    client.post("/_control/fault", json={"kind": "flapping", "times": 4})
    assert [client.post("/messages", json={}).status_code for _ in range(5)] == [200, 503, 200, 503, 200]


@pytest.mark.parametrize(
    ("kind", "status", "start_of_body"), [("down", 503, b""), ("nonsense", 200, b"\x00"), ("html", 200, b"<!doctype")]
)
def test_a_fault_spoils_as_many_answers_as_ordered(
    kind: str, status: int, start_of_body: bytes, folder_of: Callable[..., Path], start: Callable[[Path], Peer]
) -> None:
    client = TestClient(start(folder_of("sms", HUB)).app)
    client.post("/_control/fault", json={"kind": kind, "times": 2})
    for _ in range(2):
        spoiled = client.post("/messages", json={})
        assert (spoiled.status_code, spoiled.content[: len(start_of_body)]) == (status, start_of_body)
    assert client.post("/messages", json={}).json()["status"] == "rejected"
    client.post("/_control/fault", json={"kind": kind, "times": 2})
    client.post("/_control/fault", json={"kind": None})
    assert client.post("/messages", json={}).json()["status"] == "rejected"


def test_a_peer_that_loses_its_answer_has_done_the_work(
    folder_of: Callable[..., Path], start: Callable[[Path], Peer]
) -> None:
    peer = start(folder_of("sms", HUB))
    server = Loopback(peer.app)
    try:
        with httpx2.Client(base_url=server.url, trust_env=False) as client:
            client.post("/_control/fault", json={"kind": "lost-answer"})
            with pytest.raises(httpx2.RemoteProtocolError):
                client.post("/messages", json={})
            assert client.post("/messages", json={}).json()["status"] == "rejected"
    finally:
        server.stop()
    assert [each["kind"] for each in peer.journal.entries()] == ["fault", "rejected", "rejected"]


def test_slow_answers_in_the_end(folder_of: Callable[..., Path], start: Callable[[Path], Peer]) -> None:
    client = TestClient(start(folder_of("sms", HUB)).app)
    client.post("/_control/fault", json={"kind": "slow", "times": 1, "delay_ms": 60})
    began = time.monotonic()
    assert client.post("/messages", json={}).json()["status"] == "rejected"
    assert time.monotonic() - began >= 0.06


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"agency": "sms"}, "sms"),
        ({"hub": "nowhere"}, "hub"),
        ({"port": "x"}, "port"),
        ({"secrets": {"username": "a"}}, "password, user_key"),
    ],
)
def test_a_broken_configuration_is_named(folder_of: Callable[..., Path], change: dict[str, object], word: str) -> None:
    folder = folder_of("oss", HUB)
    assert load_config(folder, "oss").hub_url == HUB
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(Misconfigured, match=word) as fault:
        load_config(folder, "oss")
    assert fault.value.code == "config-broken"


def test_a_missing_configuration_is_named(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"config\.json is missing"):
        load_config(tmp_path, "oss")


def test_a_journal_outlives_a_restart_and_a_torn_line(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    Journal(path, lambda: NOW).append("message", to="6281200000017")
    with path.open("a") as file:
        file.write('{"at": "2026-')
    journal = Journal(path, lambda: NOW)
    assert [each["to"] for each in journal.entries("message")] == ["6281200000017"]
    journal.append("other")
    assert [each["kind"] for each in Journal(path, lambda: NOW).entries()] == ["message", "other"]


def test_a_spoiled_journal_is_not_written_over(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_text("not json\n")
    with pytest.raises(Tampered):
        Journal(path, lambda: NOW)
    assert path.read_text() == "not json\n"


def test_a_courier_tries_until_a_parcel_arrives_and_holds_up_no_other() -> None:
    courier = Courier(time.monotonic, first_pause_s=0.001)
    arrived, tries, other = threading.Event(), [], threading.Event()

    def third_time() -> bool:
        tries.append(other.is_set())
        if len(tries) == 3:
            arrived.set()
        return arrived.is_set()

    def at_once() -> bool:
        other.set()
        return True

    courier.send(third_time)
    courier.send(at_once)
    courier.start()
    assert arrived.wait(10)
    courier.stop()
    assert tries == [False, True, True]
