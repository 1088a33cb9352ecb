"""QRIS at the simulated bank: one QR for each reference, asked for with the hub's signature; its payment is told."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from fastapi import Response
from fastapi.testclient import TestClient

from conformance.peers.bank_qris import GENERATE, NOTIFY, qr_content
from conformance.peers.documents import json_violations
from conformance.peers.peer import Peer
from conformance.signing import snap
from conformance.signing.keys import Identity
from tests.conformance.conftest import NOW, SECRETS, FakeHub

ASKED = {
    "partnerReferenceNo": "0198c0de-0000-7000-8000-000000000017",
    "amount": {"value": "350000.00", "currency": "IDR"},
    "merchantId": "merchant-made-up",
}


@pytest.fixture
def peer(folder_of: Callable[..., Path], start: Callable[[Path], Peer], hub: FakeHub) -> Peer:
    secrets = {**SECRETS["bank"], "merchant_id": "merchant-made-up"}
    hub.answer = lambda heard: Response(
        json.dumps(
            {"responseCode": "2007300", "accessToken": "t"} if "b2b" in heard.path else {"responseCode": "2005200"}
        ),
        media_type="application/json",
    )
    return start(folder_of("bank", hub.url, secrets=secrets))


def ask(
    peer: Peer, hub: Identity, external: str, change: dict[str, Any] | None = None, **headers: str
) -> dict[str, Any]:
    body = json.dumps(ASKED | (change or {}), separators=(",", ":")).encode()
    moment = headers.get("X-TIMESTAMP", snap.timestamp(NOW))
    text = f"POST:{GENERATE}:{hashlib_hex(body)}:{moment}".encode()
    assert isinstance(hub.key, rsa.RSAPrivateKey)
    signature = base64.b64encode(hub.key.sign(text, padding.PKCS1v15(), hashes.SHA256())).decode()
    named = {
        "Content-Type": "application/json",
        "X-TIMESTAMP": moment,
        "X-SIGNATURE": signature,
        "X-PARTNER-ID": SECRETS["bank"]["partner_id"],
        "X-EXTERNAL-ID": external,
        **headers,
    }
    answer = TestClient(peer.app).post(GENERATE, content=body, headers=named)
    said: dict[str, Any] = answer.json()
    assert answer.status_code == int(said["responseCode"][:3])
    assert json_violations("bank/qris-generate/1.0/reply", said) == ()
    return said


def hashlib_hex(body: bytes) -> str:
    digest = hashes.Hash(hashes.SHA256())
    digest.update(body)
    return digest.finalize().hex()


def test_one_reference_gets_one_qr_and_an_external_id_is_used_once(peer: Peer, hub_identity: Identity) -> None:
    first = ask(peer, hub_identity, "1")
    assert first["responseCode"] == "2004700"
    assert first["qrContent"] == qr_content("350000.00")
    assert ask(peer, hub_identity, "2") == first
    assert ask(peer, hub_identity, "2")["responseCode"] == "4094700"
    other = ask(peer, hub_identity, "3", {"partnerReferenceNo": "another"})
    assert other["referenceNo"] != first["referenceNo"]


REFUSED: dict[str, tuple[dict[str, Any], dict[str, str], str]] = {
    "another merchant": ({"merchantId": "x"}, {}, "4044708"),
    "another form": ({"amount": 350_000}, {}, "4004701"),
    "another signature": ({}, {"X-SIGNATURE": "AAAA"}, "4014700"),
    "another partner": ({}, {"X-PARTNER-ID": "x"}, "4014700"),
    "an old time": ({}, {"X-TIMESTAMP": "2026-03-02T08:50:00+07:00"}, "4014700"),
    "no time": ({}, {"X-TIMESTAMP": "kemarin"}, "4014700"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_right_gets_its_code_and_no_qr(peer: Peer, hub_identity: Identity, name: str) -> None:
    change, headers, code = REFUSED[name]
    assert ask(peer, hub_identity, "1", change, **headers)["responseCode"] == code
    assert peer.journal.entries("qris") == []


def test_a_payment_is_told_and_told_again_unchanged(peer: Peer, hub: FakeHub, hub_identity: Identity) -> None:
    ask(peer, hub_identity, "1")
    client = TestClient(peer.app)
    for _ in range(2):
        said = client.post("/_control/pay-qris", json={"reference": ASKED["partnerReferenceNo"]}).json()
        assert said["code"] == "2005200"
    first, second = hub.at(NOTIFY)
    assert first.body == second.body
    assert json_violations("bank/qris-notify/1.0/request", first.json) == ()
    assert first.headers["x-external-id"] != second.headers["x-external-id"]
    assert client.post("/_control/pay-qris", json={"reference": "nobody"}).status_code == 422


def test_a_qr_is_paid_until_its_end_and_not_behind_it(peer: Peer, hub: FakeHub, hub_identity: Identity) -> None:
    ask(peer, hub_identity, "1", {"validityPeriod": "2026-03-02T23:59:59+07:00"})
    over = {"partnerReferenceNo": "over", "validityPeriod": "2026-03-01T23:59:59+07:00"}
    ask(peer, hub_identity, "2", over)
    client = TestClient(peer.app)
    assert client.post("/_control/pay-qris", json={"reference": ASKED["partnerReferenceNo"]}).status_code == 200
    refused = client.post("/_control/pay-qris", json={"reference": "over"})
    assert (refused.status_code, "qris-over" in refused.text) == (422, True)
    assert len(hub.at(NOTIFY)) == 1


def test_a_qr_ends_with_the_checksum_of_what_it_holds() -> None:
    assert qr_content("350000.00").startswith("000201010212")
    assert "5406350000" in qr_content("350000.00")
    assert len(qr_content("1.00")) == len(qr_content("350000.00")) - 5
