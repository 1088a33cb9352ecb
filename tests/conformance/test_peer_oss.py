"""OSS-RBA, simulated: submissions with their token, statuses with their key."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi import Response
from fastapi.testclient import TestClient

from conformance.peers.documents import json_violations
from conformance.peers.peer import Peer
from conformance.signing import oss
from tests.conformance.conftest import NOW, SECRETS, FakeHub

ROOT = Path(__file__).parents[2]
SUBMISSION = {
    "id_izin": "I-202603-000001",
    "kd_izin": "057600000001",
    "nik": "9999014506900001",
    "name": "Siti Contoh",
    "phone": "081200000017",
}
STATUS = json.loads((ROOT / "schemas/oss/receiveLicenseStatus/1.0/examples/request/complete.json").read_text())


@pytest.fixture
def peer(folder_of: Callable[..., Path], start: Callable[[Path], Peer], hub: FakeHub) -> Peer:
    return start(folder_of("oss", hub.url))


def submit(peer: Peer, **change: str) -> Any:
    return TestClient(peer.app).post("/_control/submit", json=SUBMISSION | change)


@pytest.mark.parametrize("company", [None, "PT Contoh Sejahtera"])
def test_a_submission_is_a_complete_signed_data_nib(peer: Peer, hub: FakeHub, company: str | None) -> None:
    reply = {"responreceiveNIB": {"status": "1", "keterangan": "Data diterima"}}
    hub.answer = lambda _: Response(json.dumps(reply), media_type="application/json")
    members = {} if company is None else {"company": company}
    assert submit(peer, **members).json() == {"status": 200, "body": reply}
    sent = hub.wait_for(1, "/rest/oss/receiveNIB")[0]
    assert json_violations("oss/receiveNIB/1.0/request", sent.json) == ()
    data = sent.json["dataNIB"]
    assert data["jenis_pelaku_usaha"] == ("01" if company else "02")
    assert data["nama_perseroan"] == (company or "Siti Contoh")
    assert data["data_checklist"][0]["id_izin"] == "I-202603-000001"
    secrets = SECRETS["oss"]
    assert sent.headers["token"] == oss.token(secrets["username"], secrets["password"], data["nib"], NOW)


def test_the_same_permit_is_submitted_in_the_same_words(peer: Peer, hub: FakeHub) -> None:
    hub.answer = lambda _: Response("{}")
    submit(peer)
    submit(peer)
    submit(peer, id_izin="I-202603-000002")
    first, second, third = (each.body for each in hub.wait_for(3))
    assert first == second != third


def test_what_makes_no_data_nib_is_not_sent(peer: Peer, hub: FakeHub) -> None:
    answer = submit(peer, nib="123")
    assert answer.status_code == 422
    assert answer.json()["violations"][0]["path"] == "/dataNIB/nib"
    assert hub.heard == []


def test_a_status_is_taken_once(peer: Peer, start: Callable[[Path], Peer]) -> None:
    client, key = TestClient(peer.app), {"user_key": SECRETS["oss"]["user_key"]}
    for _ in range(2):
        answer = client.post("/receiveLicenseStatus", json=STATUS, headers=key)
        assert answer.json() == {"responreceiveLicenseStatus": {"kode": "200", "keterangan": "Sukses"}}
        assert json_violations("oss/receiveLicenseStatus/1.0/reply", answer.json()) == ()
    shown = TestClient(start(peer.folder).app).get("/_control/statuses").json()
    assert [{name: each[name] for name in STATUS["IZINSTATUS"]} for each in shown] == [STATUS["IZINSTATUS"]]


@pytest.mark.parametrize(
    ("key", "body", "code"), [("wrong", STATUS, 401), (SECRETS["oss"]["user_key"], {"IZINSTATUS": {}}, 400)]
)
def test_a_wrong_status_is_refused(peer: Peer, key: str, body: dict[str, Any], code: int) -> None:
    client = TestClient(peer.app)
    answer = client.post("/receiveLicenseStatus", json=body, headers={"user_key": key})
    assert (answer.status_code, answer.json()["responreceiveLicenseStatus"]["kode"]) == (code, str(code))
    assert json_violations("oss/receiveLicenseStatus/1.0/reply", answer.json()) == ()
    assert client.get("/_control/statuses").json() == []
