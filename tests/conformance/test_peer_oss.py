"""OSS-RBA, simulated: submissions with their token, statuses with their key."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi import Response
from fastapi.testclient import TestClient

from conformance.peers.documents import json_violations
from conformance.peers.peer import Peer
from conformance.signing import oss
from gateway.validation.json_parse import parse_json
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


def submit(peer: Peer, **change: object) -> Any:
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


def test_on_order_it_writes_as_the_real_one_does(peer: Peer, hub: FakeHub) -> None:
    hub.answer = lambda _: Response("{}")
    ordered = {"nik": None, "passports": ["X0000017", "X0000018"], "company": "PT Contoh Asing", "loose": True}
    assert submit(peer, **ordered, elsewhere=True).json()["status"] == 200
    (sent,) = hub.wait_for(1, "/rest/oss/receiveNIB")
    said = parse_json(sent.body, max_bytes=10_000, inexact_as_text=True)
    assert json_violations("oss/receiveNIB/1.1/request", said) == ()
    data = sent.json["dataNIB"]
    assert (data["tipe_dokumen"], data["npwp_perseroan"], data["nilai_investasi"]) == (9, None, 1_250_000_000.5)
    assert [each["jns_identitas_penanggung_jwb"] for each in data["penanggung_jwb"]] == ["02", "02"]
    assert [each["kd_daerah"] for each in data["data_checklist"]] == ["3576000000", None]
    assert submit(peer, nik=None).status_code == 422


def test_positive_fiction_is_a_status_that_it_knows(peer: Peer) -> None:
    client, key = TestClient(peer.app), {"user_key": SECRETS["oss"]["user_key"]}
    fiction = {"IZINSTATUS": {**STATUS["IZINSTATUS"], "kd_status": "57"}}
    assert client.post("/receiveLicenseStatus", json=fiction, headers=key).status_code == 200
    assert client.get("/_control/statuses").json()[0]["kd_status"] == "57"


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


def test_a_delivery_repeats_in_another_order_and_with_a_token_of_oss_s_own_clock(peer: Peer, hub: FakeHub) -> None:
    hub.answer = lambda _: Response("{}")
    said = SUBMISSION | {"times": 2, "minutes_ahead": 15 * 60}
    TestClient(peer.app).post("/_control/submit", json=said)
    first, again = hub.wait_for(2)
    assert first.json == again.json
    assert first.body != again.body
    secrets, nib = SECRETS["oss"], first.json["dataNIB"]["nib"]
    tomorrow = oss.token(secrets["username"], secrets["password"], nib, NOW + timedelta(days=1))
    assert first.headers["token"] == again.headers["token"] == tomorrow


LICENCE = json.loads((ROOT / "schemas/oss/receiveLicense/1.0/examples/request/in-force.json").read_text())


def test_answers_are_spelled_as_ordered(peer: Peer) -> None:
    client, key = TestClient(peer.app), {"user_key": SECRETS["oss"]["user_key"]}
    client.post("/_control/spelling", json={"envelope": "responcheckStatusLicense", "number": True})
    answer = client.post("/receiveLicenseStatus", json=STATUS, headers=key)
    assert answer.json() == {"responcheckStatusLicense": {"kode": 200, "keterangan": "Sukses"}}
    assert json_violations("oss/receiveLicenseStatus/1.0/reply", answer.json()) == ()
    client.post("/_control/spelling", json={})
    assert "responreceiveLicense" in client.post("/receiveLicense", json=LICENCE, headers=key).json()


def test_a_permit_is_taken_once(peer: Peer) -> None:
    client, key = TestClient(peer.app), {"user_key": SECRETS["oss"]["user_key"]}
    for _ in range(2):
        assert client.post("/receiveLicense", json=LICENCE, headers=key).status_code == 200
    (shown,) = client.get("/_control/licences").json()
    assert shown["nomor_izin"] == LICENCE["IZINFINAL"]["nomor_izin"]


@pytest.mark.parametrize(
    ("nib", "code", "status"),
    [
        ("0000000000017", "200", "01"),
        ("0000000000025", "200", "05"),
        ("0000000000033", "200", "06"),
        ("9999999999999", "404", ""),
    ],
)
def test_a_business_number_is_told_as_it_stands(peer: Peer, nib: str, code: str, status: str) -> None:
    key = {"user_key": SECRETS["oss"]["user_key"]}
    answer = TestClient(peer.app).post("/inqueryNIB", json={"INQUERYNIB": {"nib": nib}}, headers=key)
    assert json_violations("oss/inqueryNIB/1.0/reply", answer.json()) == ()
    told = answer.json()["responinqueryNIB"]
    assert (told["kode"], told.get("dataNIB", {}).get("status_nib", "")) == (code, status)


def test_a_number_that_was_submitted_is_known(peer: Peer, hub: FakeHub) -> None:
    hub.answer = lambda _: Response("{}")
    submit(peer, nib="0000000000099", status_nib="05")
    key = {"user_key": SECRETS["oss"]["user_key"]}
    answer = TestClient(peer.app).post("/inqueryNIB", json={"INQUERYNIB": {"nib": "0000000000099"}}, headers=key)
    assert answer.json()["responinqueryNIB"]["dataNIB"]["status_nib"] == "05"
