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


def ordered(peer: Peer, **members: Any) -> None:
    assert TestClient(peer.app).post("/_control/reports", json=members).status_code == 200


ORDERS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "late": ({"outcomes": ["DELIVRD"], "delay_ms": 60}, ["DELIVRD"]),
    "twice": ({"outcomes": ["DELIVRD", "DELIVRD"]}, ["DELIVRD", "DELIVRD"]),
    "contradictory": ({"outcomes": ["DELIVRD", "UNDELIV"]}, ["DELIVRD", "UNDELIV"]),
    "given up": ({"outcomes": ["EXPIRED"]}, ["EXPIRED"]),
}


@pytest.mark.parametrize("name", ORDERS)
def test_reports_come_as_they_were_ordered(peer: Peer, hub: FakeHub, name: str) -> None:
    hub.answer = lambda _: Response("{}")
    members, expected = ORDERS[name]
    ordered(peer, **members)
    send(peer)
    reports = hub.wait_for(len(expected), REPORTS)
    assert [each.json["status"] for each in reports] == expected
    assert [json_violations("sms/delivery-report/1.0/request", each.json) for each in reports] == [()] * len(expected)
    assert len({each.body for each in reports}) == len(set(expected))


def test_never_is_for_one_message_and_for_ever(peer: Peer, hub: FakeHub, start: Callable[[Path], Peer]) -> None:
    hub.answer = lambda _: Response("{}")
    ordered(peer, outcomes=[])
    send(peer)
    peer.stop()
    send(start(peer.folder), reference="m-2/pin")
    assert [each.json["reference"] for each in hub.wait_for(1, REPORTS)] == ["m-2/pin"]


def test_reports_can_come_out_of_order(peer: Peer, hub: FakeHub) -> None:
    hub.answer = lambda _: Response("{}")
    ordered(peer, outcomes=["DELIVRD"], times=3, newest_first=True)
    for number in (1, 2, 3):
        send(peer, reference=f"m-{number}/pin")
    reported = [each.json["reference"] for each in hub.wait_for(3, REPORTS)]
    assert reported == ["m-3/pin", "m-2/pin", "m-1/pin"]


def test_an_outcome_that_no_aggregator_knows_is_refused(peer: Peer) -> None:
    said = TestClient(peer.app).post("/_control/reports", json={"outcomes": ["DELIVERED"]})
    assert (said.status_code, said.json()["code"]) == (422, "outcome-unknown")
