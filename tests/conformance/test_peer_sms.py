"""The SMS aggregator, simulated: one delivery per reference, reports until the hub acknowledges."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi import Response
from fastapi.testclient import TestClient

from conformance.peers.documents import json_violations
from conformance.peers.peer import Peer
from tests.conformance.conftest import SECRETS, FakeHub

REPORTS = "/rest/sms/delivery-report"
MESSAGE = {
    "userkey": SECRETS["sms"]["userkey"],
    "passkey": SECRETS["sms"]["passkey"],
    "to": "6281200000017",
    "message": "PIN SIMOJO: 123456",
    "reference": "m-1/pin",
}


def send(peer: Peer, **change: str) -> dict[str, Any]:
    answer = TestClient(peer.app).post("/messages", json=MESSAGE | change)
    assert answer.status_code == 200
    assert json_violations("sms/send-message/1.0/reply", answer.json()) == ()
    body: dict[str, Any] = answer.json()
    return body


@pytest.fixture
def peer(folder_of: Callable[..., Path], start: Callable[[Path], Peer], hub: FakeHub) -> Peer:
    return start(folder_of("sms", hub.url))


def inbox(peer: Peer, to: str) -> list[dict[str, Any]]:
    shown: list[dict[str, Any]] = TestClient(peer.app).get("/_control/messages", params={"to": to}).json()
    return shown


def test_a_message_is_taken_once_and_can_be_read(peer: Peer, hub: FakeHub) -> None:
    hub.answer = lambda _: Response("{}")
    assert send(peer) == send(peer) == {"status": "accepted", "text": "diterima", "reference": "m-1/pin"}
    for number in ("081200000017", "+6281200000017", "6281200000017", ""):
        assert [each["message"] for each in inbox(peer, number)] == ["PIN SIMOJO: 123456"]
    assert inbox(peer, "081200000018") == []
    send(peer, reference="m-2/pin")
    assert {each.json["reference"] for each in hub.wait_for(2, REPORTS)} == {"m-1/pin", "m-2/pin"}


@pytest.mark.parametrize("change", [{"passkey": "wrong"}, {"userkey": "wrong"}, {"to": "0812"}])
def test_a_wrong_message_is_rejected(peer: Peer, hub: FakeHub, change: dict[str, str]) -> None:
    assert send(peer, **change)["status"] == "rejected"
    assert inbox(peer, "") == []
    assert hub.heard == []


def test_delivery_is_reported_until_the_hub_acknowledges(peer: Peer, hub: FakeHub) -> None:
    codes = iter([503, 400, 200])
    hub.answer = lambda _: Response("{}", status_code=next(codes))
    send(peer)
    reports = hub.wait_for(3, REPORTS)
    assert json_violations("sms/delivery-report/1.0/request", reports[0].json) == ()
    assert reports[0].json == reports[2].json
    assert reports[0].json["status"] == "DELIVRD"
    assert reports[0].headers["x-passkey"] == SECRETS["sms"]["report_key"]


def test_a_restart_reports_what_was_not_acknowledged(peer: Peer, hub: FakeHub, start: Callable[[Path], Peer]) -> None:
    send(peer)
    hub.wait_for(1, REPORTS)
    peer.stop()
    seen = len(hub.at(REPORTS))
    hub.answer = lambda _: Response("{}")
    again = start(peer.folder)
    assert hub.wait_for(seen + 1, REPORTS)[seen].json["reference"] == "m-1/pin"
    again.stop()
    done = len(hub.at(REPORTS))
    third = start(peer.folder)
    send(third, reference="m-2/pin")
    assert [each.json["reference"] for each in hub.wait_for(done + 1, REPORTS)[done:]] == ["m-2/pin"]
