"""The mail relay and the courier, simulated: signed both ways, done once, reported until the hub acknowledges."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi import Response
from fastapi.testclient import TestClient

from conformance.peers.documents import json_violations
from conformance.peers.peer import Peer
from conformance.signing.keys import Identity
from tests.conformance.conftest import FakeHub
from tests.conformance.hub_voice import acknowledges, claims_of, send, verified

MAIL = {"to": "siti@contoh.example", "subject": "Izin terbit", "text": "Izin terbit.\n", "reference": "m-1/ready"}
ORDER = {
    "case": "K-2026-000017",
    "papers": ["permit"],
    "recipient": {"name": "Siti Contoh", "phone": "6281200000017", "address": "Jalan Contoh 1"},
}
WAYS: dict[str, tuple[str, str, dict[str, Any], str, str]] = {
    "email": ("/mails", "send-mail", MAIL, "/rest/email/mail-report", "email/mail-report/1.0/request"),
    "courier": (
        "/",
        "deliver-document",
        ORDER,
        "/rest/courier/deliver-document",
        "courier/deliver-document/1.0/answer",
    ),
}
OTHER = {"email": {"subject": "Izin lain"}, "courier": {"case": "K-2026-000018"}}


@pytest.fixture(params=WAYS)
def peer(
    request: pytest.FixtureRequest, folder_of: Callable[..., Path], start: Callable[[Path], Peer], hub: FakeHub
) -> Peer:
    return start(folder_of(request.param, hub.url))


@pytest.fixture
def acknowledged(peer: Peer, hub: FakeHub, hub_identity: Identity) -> None:
    """A hub that acknowledges whatever it is told."""
    hub.answer = lambda heard: acknowledges(heard, hub_identity, peer)


def said(
    peer: Peer, hub: Identity, message_id: str = "m-1", change: dict[str, Any] | None = None, **claims: Any
) -> Any:
    path, interaction, payload, _, _ = WAYS[peer.agency]
    return send(peer, hub, path, interaction, payload | (change or {}), message_id=message_id, **claims)


def order(peer: Peer, **members: Any) -> int:
    return TestClient(peer.app).post("/_control/reports", json=members).status_code


def heard(peer: Peer, hub: FakeHub, count: int) -> list[Any]:
    reports = hub.wait_for(count, WAYS[peer.agency][3])
    assert [json_violations(WAYS[peer.agency][4], each.json) for each in reports] == [()] * len(reports)
    return reports


@pytest.mark.usefixtures("acknowledged")
def test_a_message_is_taken_once_answered_signed_and_reported_on(
    peer: Peer, hub: FakeHub, hub_identity: Identity
) -> None:
    first, again = said(peer, hub_identity), said(peer, hub_identity)
    assert verified(peer, first, WAYS[peer.agency][2]) == verified(peer, again, WAYS[peer.agency][2])
    (report,) = heard(peer, hub, 1)
    assert report.json["status"] == "delivered"
    if peer.agency == "courier":
        assert claims_of(report, peer)["rel"] == "m-1"
        assert (report.json["case"], report.json["receivedBy"]) == ("K-2026-000017", "Siti Contoh")
    else:
        assert report.json["reference"] == "m-1/ready"
    taken = {"email": "mail", "courier": "order"}[peer.agency]
    assert [len(peer.journal.entries(kind)) for kind in (taken, f"{taken}-again")] == [1, 1]


@pytest.mark.usefixtures("acknowledged")
def test_the_same_id_with_other_content_is_not_taken(peer: Peer, hub_identity: Identity) -> None:
    said(peer, hub_identity)
    other = said(peer, hub_identity, change=OTHER[peer.agency])
    assert other.status_code == 400 or other.json()["status"] == "rejected"


@pytest.mark.parametrize(
    "claims", [{"int": "another"}, {"aud": "bank"}, {"iss": "bank"}], ids=["interaction", "audience", "issuer"]
)
def test_what_the_hub_did_not_sign_for_this_is_refused(
    peer: Peer, hub_identity: Identity, claims: dict[str, Any]
) -> None:
    assert said(peer, hub_identity, **claims).status_code == 401
    assert said(peer, peer.identity).status_code == 401
    assert peer.journal.entries("mail", "order") == []


def test_what_breaks_the_schema_is_refused(peer: Peer, hub_identity: Identity) -> None:
    assert said(peer, hub_identity, change={"extra": 1}).status_code == 400


def test_a_report_is_repeated_until_the_hub_proves_that_it_has_it(
    peer: Peer, hub: FakeHub, hub_identity: Identity
) -> None:
    twists: list[dict[str, str]] = [{"rel": "AAAA"}, {"about": "another"}, {}]
    answers = iter([lambda _: Response(status_code=503)])

    def answer(request: Any) -> Response:
        silent = next(answers, None)
        return silent(request) if silent else acknowledges(request, hub_identity, peer, **twists.pop(0))

    hub.answer = answer
    said(peer, hub_identity)
    reports = heard(peer, hub, 4)
    assert len({claims_of(each, peer)["jti"] for each in reports}) == 1
    assert len({each.body for each in reports}) == 1


ORDERS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "late": ({"outcomes": ["delivered"], "delay_ms": 60}, ["delivered"]),
    "twice": ({"outcomes": ["delivered", "delivered"]}, ["delivered", "delivered"]),
    "contradictory": ({"outcomes": ["{bad}", "delivered"]}, ["{bad}", "delivered"]),
}


@pytest.mark.usefixtures("acknowledged")
@pytest.mark.parametrize("name", ORDERS)
def test_reports_come_as_they_were_ordered(peer: Peer, hub: FakeHub, hub_identity: Identity, name: str) -> None:
    bad = {"email": "bounced", "courier": "returned"}[peer.agency]
    ordered, expected = ORDERS[name]
    assert order(peer, **ordered | {"outcomes": [each.format(bad=bad) for each in ordered["outcomes"]]}) == 200
    said(peer, hub_identity)
    reports = heard(peer, hub, len(expected))
    assert [each.json["status"] for each in reports] == [each.format(bad=bad) for each in expected]
    assert len({claims_of(each, peer)["jti"] for each in reports}) == len(reports)


@pytest.mark.usefixtures("acknowledged")
def test_a_courier_answers_under_the_agreement_of_the_order_whatever_is_in_force_by_then(
    peer: Peer, hub: FakeHub, hub_identity: Identity
) -> None:
    said(peer, hub_identity, agr=f"{peer.agency}-2026/0.9")
    (report,) = heard(peer, hub, 1)
    named = {"email": "email-2026/1.0", "courier": "courier-2026/0.9"}[peer.agency]  # a mail's report answers nothing
    assert claims_of(report, peer)["agr"] == named


@pytest.mark.usefixtures("acknowledged")
def test_never_is_never_also_after_a_restart_and_an_order_is_for_the_next_alone(
    peer: Peer, hub: FakeHub, hub_identity: Identity, start: Callable[[Path], Peer]
) -> None:
    assert order(peer, outcomes=[]) == 200
    said(peer, hub_identity)
    peer.stop()
    again = start(peer.folder)
    hub.answer = lambda heard: acknowledges(heard, hub_identity, again)
    second = {"email": {"reference": "m-2/ready"}, "courier": {"case": "K-2026-000018"}}[peer.agency]
    said(again, hub_identity, message_id="m-2", change=second)
    (report,) = heard(again, hub, 1)
    about = {"email": report.json.get("reference"), "courier": claims_of(report, again).get("rel")}[peer.agency]
    assert about == {"email": "m-2/ready", "courier": "m-2"}[peer.agency]


@pytest.mark.usefixtures("acknowledged")
def test_reports_can_come_out_of_order(peer: Peer, hub: FakeHub, hub_identity: Identity) -> None:
    assert order(peer, outcomes=["delivered"], times=2, newest_first=True) == 200
    changes: list[dict[str, Any]] = [{"reference": f"m-{n}/ready"} for n in (1, 2)]
    if peer.agency == "courier":
        changes = [{"case": f"K-{n}"} for n in (1, 2)]
    for number, change in enumerate(changes, 1):
        said(peer, hub_identity, message_id=f"m-{number}", change=change)
    names = [each.json.get("reference") or each.json["case"] for each in heard(peer, hub, 2)]
    assert names == [next(iter(change.values())) for change in reversed(changes)]


def test_an_outcome_that_the_agency_does_not_know_is_refused(peer: Peer) -> None:
    assert order(peer, outcomes=["lost"]) == 422


def test_people_can_read_what_was_taken(peer: Peer, hub_identity: Identity) -> None:
    said(peer, hub_identity)
    client = TestClient(peer.app)
    if peer.agency == "email":
        (shown,) = client.get("/_control/mails", params={"to": "siti@contoh.example"}).json()
        assert shown["subject"] == "Izin terbit"
        assert client.get("/_control/mails", params={"to": "budi@contoh.example"}).json() == []
    else:
        (shown,) = client.get("/_control/orders").json()
        assert (shown["waybill"], shown["order"]["case"]) == ("JX-0000001", "K-2026-000017")
