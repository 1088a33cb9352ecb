"""Dukcapil, simulated: verdicts, refusals under HTTP 200, the quota."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from conformance.peers.documents import json_violations
from conformance.peers.peer import Peer
from tests.conformance.conftest import SECRETS

HUB = "http://127.0.0.1:9"
BASIC = (SECRETS["dukcapil"]["basic_user"], SECRETS["dukcapil"]["basic_password"])
QUESTION = {
    "USER_ID": SECRETS["dukcapil"]["user_id"],
    "PASSWORD": SECRETS["dukcapil"]["password"],
    "IP_USER": SECRETS["dukcapil"]["ip_user"],
    "TRESHOLD": "90",
    "NIK": "9999014506900001",
    "NAMA_LGKP": "SITI  CONTOH",
}


def ask(peer: Peer, *, auth: tuple[str, str] = BASIC, **change: Any) -> dict[str, Any]:
    answer = TestClient(peer.app).post("/CALL_VERIFY_BY_ELEMEN", json=QUESTION | change, auth=auth)
    assert answer.status_code == 200
    assert json_violations("dukcapil/verify-resident/1.0/reply", answer.json()) == ()
    body: dict[str, Any] = answer.json()
    return body


@pytest.fixture
def peer(folder_of: Callable[..., Path], start: Callable[[Path], Peer]) -> Peer:
    return start(folder_of("dukcapil", HUB, quota=3))


@pytest.mark.parametrize(
    ("change", "content"),
    [
        ({}, {"NIK": "Sesuai", "NAMA_LGKP": "Sesuai (100)"}),
        ({"NAMA_LGKP": "Siti Conto"}, {"NIK": "Sesuai", "NAMA_LGKP": "Sesuai (95)"}),
        ({"NAMA_LGKP": "Siti Conto", "TRESHOLD": "96"}, {"NIK": "Sesuai", "NAMA_LGKP": "Tidak Sesuai (95)"}),
        ({"NIK": "9999014506900099"}, {"RESPONSE_CODE": "13", "RESPONSE": "Data Tidak Ditemukan"}),
        ({"NIK": "9999010101300011"}, {"RESPONSE_CODE": "11", "RESPONSE": "Meninggal Dunia"}),
        ({"NIK": "12"}, {"RESPONSE_CODE": "15", "RESPONSE": "Format Data Salah"}),
        ({"PASSWORD": "wrong"}, {"RESPON": "Login Gagal"}),
        ({"IP_USER": "10.0.0.2"}, {"RESPON": "IP Address Tidak Sesuai"}),
    ],
)
def test_a_question_gets_its_verdict(peer: Peer, change: dict[str, Any], content: dict[str, str]) -> None:
    assert ask(peer, **change)["content"] == [content]


def test_wrong_basic_credentials_fail(peer: Peer) -> None:
    assert ask(peer, auth=("office", "wrong"))["content"] == [{"RESPON": "Login Gagal"}]


def test_the_quota_counts_down_and_a_restart_gives_none_back(peer: Peer, start: Callable[[Path], Peer]) -> None:
    assert [ask(peer)["quotaLimiter"] for _ in range(2)] == [2, 1]
    assert ask(peer, PASSWORD="wrong")["quotaLimiter"] == 1
    again = start(peer.folder)
    assert ask(again)["quotaLimiter"] == 0
    assert ask(again) == {"content": [{"RESPON": "Kuota Akses Hari ini telah Habis"}], "quotaLimiter": 0}


def test_answers_are_spelled_in_turn_as_they_were_seen(peer: Peer) -> None:
    TestClient(peer.app).post("/_control/spelling", json={"varying": True})
    refused: dict[str, Any] = {"PASSWORD": "wrong"}
    unknown: dict[str, Any] = {"NIK": "9999014506900099"}
    assert [ask(peer, **(unknown if n % 2 else refused))["content"][0] for n in range(4)] == [
        {"RESPON": "Login Gagal"},
        {"RESPONSE_CODE": "13", "RESPONSE": "DATA TIDAK DITEMUKAN"},
        {"RESPONSE": "Login Gagal"},
        {"RESPONSE_CODE": 13, "RESPONSE_DESC": "data tidak ditemukan"},
    ]


def test_the_journal_holds_no_password(peer: Peer) -> None:
    ask(peer)
    text = (peer.folder / "journal.jsonl").read_text()
    assert "9999014506900001" in text
    assert SECRETS["dukcapil"]["password"] not in text
