"""DJP, simulated: findings, refusals, the quota, and every fault that a peer can be ordered."""

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
BASIC = (SECRETS["djp"]["basic_user"], SECRETS["djp"]["basic_password"])
QUESTION = {"nomor_permintaan": "m-1", "npwp": "0000000000999000", "nama": "PT  CONTOH SEJAHTERA"}
NO, YES = "TIDAK VALID", "VALID"


def ask(peer: Peer, *, auth: tuple[str, str] = BASIC, status: int = 200, **change: Any) -> dict[str, Any]:
    answer = TestClient(peer.app).post("/status-wajib-pajak", json=QUESTION | change, auth=auth)
    assert answer.status_code == status
    assert json_violations("djp/verify-tax-status/1.0/reply", answer.json()) == ()
    body: dict[str, Any] = answer.json()
    return body


@pytest.fixture
def peer(folder_of: Callable[..., Path], start: Callable[[Path], Peer]) -> Peer:
    return start(folder_of("djp", HUB, quota=2))


@pytest.mark.parametrize(
    ("change", "verdict", "findings"),
    [
        ({}, YES, ("SESUAI", [True, True])),
        ({"nama": "PT Contoh Lain"}, NO, ("TIDAK SESUAI", [True, True])),
        ({"npwp": "0000000026999000", "nama": "CV Contoh Lalai"}, NO, ("SESUAI", [True, False])),
        ({"npwp": "0000000034999000", "nama": "PT Contoh Belum Lapor"}, NO, ("SESUAI", [False, False])),
    ],
)
def test_a_question_gets_verdict_and_findings(
    peer: Peer, change: dict[str, Any], verdict: str, findings: tuple[str, list[bool]]
) -> None:
    found = ask(peer, **change)["hasil"]
    assert (found["status"], found["npwp"]) == (verdict, "DITEMUKAN")
    assert (found["nama"], [each["dilaporkan"] for each in found["spt"]]) == findings
    assert [each["tahun"] for each in found["spt"]] == [2024, 2025]


def test_another_npwp_is_not_found(peer: Peer) -> None:
    assert ask(peer, npwp="0000000042999000")["hasil"] == {"status": NO, "npwp": "TIDAK DITEMUKAN"}


def test_wrong_credentials_and_a_wrong_form_are_refused_and_not_counted(peer: Peer) -> None:
    assert ask(peer, auth=("office", "wrong"), status=401)["galat"]["kode"] == "AKSES_DITOLAK"
    assert ask(peer, npwp="12", status=400)["galat"]["kode"] == "FORMAT_SALAH"
    assert peer.quota_left("verify-tax-status") == 2


def test_a_spent_quota_says_when_the_next_day_begins_in_jakarta(peer: Peer, start: Callable[[Path], Peer]) -> None:
    for _ in range(2):
        ask(peer)
    spent = ask(start(peer.folder))["galat"]
    assert (spent["kode"], spent["coba_lagi_detik"]) == ("KUOTA_HABIS", 15 * 3600)  # it is nine in the morning
