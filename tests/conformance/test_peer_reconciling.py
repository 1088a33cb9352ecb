"""The list that a simulated agency sends on order: what it sent and received, by id and digest (Pasal 22(4)b)."""

from __future__ import annotations

import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from fastapi import Response
from fastapi.testclient import TestClient

from conformance.peers.documents import json_violations
from conformance.peers.peer import Peer
from conformance.signing import jws
from conformance.signing.keys import Identity
from tests.conformance.conftest import NOW, FakeHub, Heard
from tests.conformance.hub_voice import acknowledges, claims_of, send

MAIL = {"to": "siti@contoh.example", "subject": "Izin terbit", "text": "Izin terbit.\n", "reference": "m-1/ready"}
RECONCILE = "/rest/email/meta/reconcile"


@pytest.fixture
def peer(folder_of: Callable[..., Path], start: Callable[[Path], Peer], hub: FakeHub, hub_identity: Identity) -> Peer:
    made = start(folder_of("email", hub.url))

    def answer(heard: Heard) -> Response:
        if heard.path != RECONCILE:
            return acknowledges(heard, hub_identity, made)
        body = json.dumps({"reconciliation": "r-1", "differences": 0}).encode()
        said = {"iss": "dpmptsp", "aud": "email", "jti": "a-1", "agr": "meta/1.0", "int": "meta.reconcile"}
        token = jws.sign_detached(body, hub_identity, said | {"rel": jws.body_digest(heard.body)}, at=NOW)
        return Response(body, media_type="application/json", headers={jws.HEADER: token})

    hub.answer = answer
    return made


def ordered(peer: Peer, **order: Any) -> Any:
    return TestClient(peer.app).post("/_control/reconcile", json=order)


def reported(peer: Peer, hub: FakeHub) -> Heard:
    """The report that the mail relay makes, once it has heard the hub's answer to it."""
    (report,) = hub.wait_for(1, "/rest/email/mail-report")
    peer.courier.stop()  # ends behind the report
    assert len(peer.journal.entries("report-acknowledged")) == 1
    return report


def test_the_list_names_what_was_sent_and_received_with_the_digests_of_exact_bytes(
    peer: Peer, hub: FakeHub, hub_identity: Identity
) -> None:
    for _ in range(2):  # another sending of the same bytes is no further line
        send(peer, hub_identity, "/mails", "send-mail", MAIL, message_id="m-1")
    report = reported(peer, hub)
    answer = ordered(peer)
    assert (answer.status_code, answer.json()) == (200, {"reconciliation": "r-1", "differences": 0})
    (asked,) = hub.at(RECONCILE)
    assert json_violations("simojo/meta-reconcile/1.0/request", asked.json) == ()
    assert {name: claims_of(asked, peer)[name] for name in ("agr", "int")} == {
        "agr": "meta/1.0",
        "int": "meta.reconcile",
    }
    lines: list[dict[str, Any]] = [
        {"messageId": "m-1", "sha256": sha256(json.dumps(MAIL).encode()).hexdigest(), "direction": "to-you"},
        {
            "messageId": claims_of(report, peer)["jti"],
            "sha256": sha256(report.body).hexdigest(),
            "direction": "from-you",
        },
    ]
    assert (asked.json["from"], asked.json["to"], asked.json["line"]) == ("2026-03-02", "2026-03-02", lines)
    written = (peer.folder / "reconciliation.csv").read_text().splitlines()
    assert (written[0], written[1]) == ("message_id,sha256,direction", f"m-1,{lines[0]['sha256']},to-you")


@pytest.mark.usefixtures("peer")
def test_a_list_may_be_wrong_on_order(peer: Peer, hub: FakeHub, hub_identity: Identity) -> None:
    assert ordered(peer, wrong="missing").json()["code"] == "nothing-exchanged"
    send(peer, hub_identity, "/mails", "send-mail", MAIL, message_id="m-1")
    reported(peer, hub)
    for wrong in ("digest", "missing", "invented", None):
        assert ordered(peer, wrong=wrong).status_code == 200
    digest, missing, invented, right = (each.json["line"] for each in hub.at(RECONCILE))
    assert (digest[0], digest[1]["messageId"]) == (right[0], right[1]["messageId"])
    assert digest[1]["sha256"] != right[1]["sha256"]
    assert (missing, invented[:2], len(invented), len(right)) == (right[:1], right, 3, 2)
    assert ordered(peer, **{"from": "2026-03-01"}).status_code == 200
    assert hub.at(RECONCILE)[-1].json["line"] == []


def test_what_an_agency_exchanged_is_known_after_a_restart(
    peer: Peer, start: Callable[[Path], Peer], hub: FakeHub, hub_identity: Identity
) -> None:
    send(peer, hub_identity, "/mails", "send-mail", MAIL, message_id="m-1")
    reported(peer, hub)
    peer.stop()
    again = start(peer.folder)
    assert ordered(again).status_code == 200
    assert len(hub.at(RECONCILE)[-1].json["line"]) == 2
