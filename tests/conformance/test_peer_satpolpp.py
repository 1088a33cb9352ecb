"""Satpol PP, simulated: collects, verifies, acknowledges once each, recommends until heard; forgets, refuses."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from fastapi import Response

from conformance.peers.documents import json_violations
from conformance.peers.peer import Peer
from conformance.peers.satpolpp import Policy, SatpolppPeer
from conformance.signing import jws
from conformance.signing.keys import Identity
from gateway.domain.errors import GatewayError
from tests.conformance.conftest import NOW, FakeHub, Heard

TASK = {
    "case": "K-2026-000017",
    "service": "reklame",
    "serviceName": "Izin Penyelenggaraan Reklame (contoh)",
    "applicant": {"name": "Siti Contoh"},
    "location": {"address": "Jalan Contoh 17", "kelurahan": "35.76.01.1003"},
    "purpose": "Papan nama toko",
}
COLLECT, ACKNOWLEDGE, RECOMMEND = (
    f"/rest/satpolpp/{each}" for each in ("mailbox/collect", "mailbox/acknowledge", "recommendation")
)


@dataclass
class Box:
    """The hub's side: what lies in the mailbox is given until it is acknowledged."""

    signer: Identity
    lying: list[str] = field(default_factory=list)
    task: dict[str, Any] = field(default_factory=lambda: dict(TASK))
    recommendations: list[int] = field(default_factory=list)
    """Statuses of the answers to the next recommendations; then 200."""

    def answer(self, heard: Heard) -> Response:
        if heard.path == COLLECT:
            return self._sealed(heard, {"item": [self._item(each) for each in self.lying], "more": False})
        if heard.path == ACKNOWLEDGE:
            named = [each["messageId"] for each in heard.json["item"]]
            self.lying = [each for each in self.lying if each not in named]
            return self._sealed(heard, {"item": [{"messageId": each, "result": "acknowledged"} for each in named]})
        status = self.recommendations.pop(0) if self.recommendations else 200
        return self._sealed(heard, {"messageId": "x"}) if status == 200 else Response(status_code=status)

    def _item(self, message_id: str) -> dict[str, Any]:
        body = json.dumps(self.task).encode()
        return {
            "messageId": message_id,
            "interaction": "recommendation-task",
            "collected": 1,
            "signature": self._sign(body, jti=message_id),
            "body": base64.b64encode(body).decode(),
        }

    def _sealed(self, heard: Heard, payload: dict[str, Any]) -> Response:
        body = json.dumps(payload).encode()
        token = self._sign(body, jti="a", rel=jws.body_digest(heard.body))
        return Response(body, media_type="application/json", headers={jws.HEADER: token})

    def _sign(self, body: bytes, **claims: str) -> str:
        return jws.sign_detached(body, self.signer, {"iss": "dpmptsp", "aud": "satpolpp", **claims}, at=NOW)


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conformance.peers.collecting.PAUSE_S", 0.01)


@pytest.fixture
def box(hub: FakeHub, hub_identity: Identity) -> Box:
    made = Box(hub_identity)
    hub.answer = made.answer
    return made


@pytest.fixture
def peer(folder_of: Callable[..., Path], start: Callable[[Path], Peer], hub: FakeHub, box: Box) -> SatpolppPeer:
    """One that collects when it is told to: its own thread finds the hub's mailbox empty, or comes to the same."""
    assert box is not None
    made = start(folder_of("satpolpp", hub.url))
    assert isinstance(made, SatpolppPeer)
    return made


def test_a_task_is_taken_once_acknowledged_and_recommended_until_it_is_heard(
    peer: SatpolppPeer, hub: FakeHub, box: Box
) -> None:
    box.recommendations = [503]
    box.lying = ["urn:uuid:t-1"]
    said = hub.wait_for(1, ACKNOWLEDGE)[0].json
    assert said == {"item": [{"messageId": "urn:uuid:t-1", "outcome": "taken"}]}
    first, second = (each.json for each in hub.wait_for(2, RECOMMEND)[:2])
    assert first == second
    assert (first["task"], first["case"], first["favourable"]) == ("urn:uuid:t-1", TASK["case"], True)
    assert json_violations("satpolpp/recommendation/1.0/request", first) == ()
    collected = hub.at(COLLECT)[0]
    assert json_violations("simojo/mailbox-collect/1.0/request", collected.json) == ()
    assert len(peer.journal.entries("task")) == 1


def test_what_it_forgets_to_acknowledge_it_collects_again_and_takes_no_second_time(
    peer: SatpolppPeer, hub: FakeHub, box: Box
) -> None:
    peer._policy = Policy(forget=1)
    box.lying = ["urn:uuid:t-1"]
    hub.wait_for(1, ACKNOWLEDGE)
    kinds = [each["kind"] for each in peer.journal.entries("task", "forgotten", "task-again")]
    assert kinds == ["task", "forgotten", "task-again"]


def test_what_it_is_told_to_refuse_it_refuses_and_does_not_recommend(
    peer: SatpolppPeer, hub: FakeHub, box: Box
) -> None:
    peer._policy = Policy(refuse="Bukan wewenang kami.")
    box.lying = ["urn:uuid:t-1"]
    (item,) = hub.wait_for(1, ACKNOWLEDGE)[0].json["item"]
    assert item == {"messageId": "urn:uuid:t-1", "outcome": "refused", "text": "Bukan wewenang kami."}
    assert hub.at(RECOMMEND) == []


def test_an_item_that_the_hub_did_not_sign_or_that_is_not_as_agreed_is_not_taken(
    peer: SatpolppPeer, hub: FakeHub, box: Box, agency: Identity
) -> None:
    box.task = {**TASK, "nik": "9999014506900001"}
    box.lying = ["urn:uuid:t-1"]
    with pytest.raises(GatewayError, match="agreed schema"):
        peer.collect(wait_s=0)
    box.signer = agency
    with pytest.raises(GatewayError):
        peer.collect(wait_s=0)
    assert (peer.journal.entries("task"), hub.at(ACKNOWLEDGE)) == ([], [])
