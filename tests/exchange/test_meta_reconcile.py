"""`meta.reconcile` (Pasal 22(4)b): an agency holds its list against the record, and reads results of its own."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

import pytest

from gateway.ledger.leaf import Leaf, LeafKind
from tests.exchange import meta_voices, voices
from tests.exchange.meta_voices import ask_rest, tell
from tests.exchange.stage import Stage

DAY = {"from": "2026-03-02", "to": "2026-03-02"}


def line(message_id: str, digest: str, **more: str) -> dict[str, str]:
    return {"messageId": message_id, "sha256": digest, **more}


def test_an_agency_finds_its_messages_by_the_digest_of_the_body_that_it_sent(stage: Stage) -> None:
    delivery = stage.requested()
    said = voices.answer(stage, delivery)
    (exchange,) = stage.exchanges("dpupr")
    parts = {each.name: each.body for each in stage.hub.store.reader.parts(exchange.id)}
    stage.hub.integrator.run_once()
    own = sha256(parts["request"]).hexdigest()
    answer = sha256(said.body).hexdigest()
    lines = [
        line("urn:dpupr:1", own, answerSha256=answer, direction="from-you"),
        line("urn:dpupr:1", "b" * 64),
        line("urn:dpupr:9", "b" * 64),
    ]
    told = tell(stage, "rest", "reconcile", {**DAY, "line": lines})
    assert [each["state"] for each in told["line"][:3]] == ["matched", "repeated", "missing-here"]
    assert told["line"][0]["exchange"] == exchange.id
    assert told["listSha256"] == sha256(json.dumps({**DAY, "line": lines}).encode()).hexdigest()
    assert "yang berlaku adalah catatan dalam SIMOJO" in told["prevails"]
    again = tell(stage, "rest", "reconcile", {"reconciliation": told["reconciliation"], "after": 1}, message_id="m-2")
    assert [each["number"] for each in again["line"]] == [each["number"] for each in told["line"][1:]]
    assert again["resultSha256"] == told["resultSha256"]
    kinds = [Leaf.parse(row.canonical).kind for row in stage.hub.store.reader.pending_leaves(99)]
    assert kinds.count(LeafKind.RECONCILIATION) == 1


@pytest.mark.parametrize("transport", meta_voices.BOTH)
def test_a_list_without_lines_is_told_what_it_lacks(stage: Stage, transport: str) -> None:
    delivery = stage.requested()
    voices.answer(stage, delivery)
    stage.clock.advance(hours=1)
    told = tell(stage, transport, "reconcile", DAY)
    missing = {each["messageId"] for each in told["line"] if each["state"] == "missing-there"}
    assert "urn:dpupr:1" in missing
    assert told["differences"] == told["unsettled"] == len(missing)


def test_another_agencys_result_is_not_there_and_a_question_asks_one_thing(stage: Stage) -> None:
    told: dict[str, Any] = tell(stage, "rest", "reconcile", DAY)
    name = told["reconciliation"]
    asked = ask_rest(stage, "reconcile", {"reconciliation": name}, agency="bank", message_id="b-1")
    assert (asked.status, asked.code) == (404, "reconciliation-unknown")
    for number, payload in enumerate(({}, {**DAY, "reconciliation": name}, {"from": "2026-03-02"})):
        refused = ask_rest(stage, "reconcile", payload, message_id=f"x-{number}")
        assert (refused.status, refused.code) == (400, "period-wrong")
    refused = ask_rest(stage, "reconcile", {"from": "2026-03-02", "to": "2026-02-30"}, message_id="x-9")
    assert refused.code == "period-wrong"
