"""What an agency may ask about its messages: their status and their receipts.

Who asks wrongly, too early or for another is a row of `tests.exchange.tables.meta`.
"""

from __future__ import annotations

import hashlib
import json

import pytest

from gateway.ledger.receipt import verify_receipt
from gateway.store.plan import Plan, Update
from gateway.store.tables import DeliveryRow
from tests.exchange import meta_voices, voices
from tests.exchange.meta_voices import tell
from tests.exchange.stage import Stage
from tests.exchange.town import raw

BOTH = pytest.mark.parametrize("transport", meta_voices.BOTH)


# --- status -------------------------------------------------------------------------------------------------------


@BOTH
def test_an_accepted_message_is_found_by_its_id_and_by_its_exchange(stage: Stage, transport: str) -> None:
    delivery = stage.requested()
    said = voices.answer(stage, delivery)
    (exchange,) = stage.exchanges("dpupr")
    told = tell(stage, transport, "status", {"messageId": "urn:dpupr:1"})
    assert told == tell(stage, transport, "status", {"exchange": exchange.id}, message_id="m-2")
    (message,) = told["message"]
    leaves = stage.hub.store.reader.leaves_of_exchange(exchange.id)
    assert message == {
        "direction": "from-you",
        "messageId": "urn:dpupr:1",
        "exchange": exchange.id,
        "interaction": "technical-recommendation",
        "agreement": "dpupr-2026/1.0",
        "at": "2026-03-02T03:00:00.000Z",
        "state": "accepted",
        "httpStatus": 200,
        "text": "accepted: it took effect, and the same message gets the same answer",
        "leaf": [{"hash": row.hash.hex()} for row in leaves],
    }
    assert message["leaf"][0]["hash"] == voices.sealed(stage, said).leaf
    assert delivery.case_id not in json.dumps(told)


@BOTH
def test_leaves_have_their_place_once_they_are_in_the_ledger(stage: Stage, transport: str) -> None:
    voices.ask_validity(stage)
    stage.hub.integrator.run_once()
    (message,) = tell(stage, transport, "status", {"messageId": "v-1"})["message"]
    rows = stage.hub.store.reader.leaves_of_exchange(message["exchange"])
    assert [each["index"] for each in message["leaf"]] == [row.tree_index for row in rows]


@BOTH
def test_a_final_refusal_is_told_with_its_code_and_status(stage: Stage, transport: str) -> None:
    refused = voices.ask_validity(stage, b'{"permitNumber":""}')
    (message,) = tell(stage, transport, "status", {"messageId": "v-1"})["message"]
    assert (message["state"], message["code"], message["httpStatus"]) == ("refused", "schema-violation", refused.status)
    assert "give it an id of its own" in message["text"]


@BOTH
def test_a_refusal_that_binds_nothing_is_found_by_its_exchange_and_not_by_the_id(stage: Stage, transport: str) -> None:
    voices.ask_validity(stage, agr="another/1.0")
    (exchange,) = stage.exchanges("dpupr")
    told = tell(stage, transport, "status", {"messageId": "v-1"})
    assert (told["known"], "message" in told) == (False, False)
    (message,) = tell(stage, transport, "status", {"exchange": exchange.id}, message_id="m-2")["message"]
    assert (message["state"], message["code"]) == ("refused", "agreement-mismatch")
    assert "messageId" not in message
    assert "the same id may be sent again" in message["text"]


@BOTH
def test_our_message_to_the_agency_is_told_with_every_attempt(stage: Stage, transport: str) -> None:
    case = stage.validated()
    stage.town.next("dpupr", raw(b"closed", 503))
    delivery = stage.delivery(case.id, "dpupr")
    stage.deliver("dpupr")
    (message,) = tell(stage, transport, "status", {"messageId": delivery.message_id})["message"]
    row = stage.hub.store.reader.delivery(delivery.id)
    assert row is not None
    assert (message["direction"], message["state"], message["attempts"]) == ("to-you", "not-sent", 1)
    assert message["nextDue"] > message["at"]
    (attempt,) = message["attempt"]
    assert (attempt["number"], attempt["outcome"]) == (1, "not-sent")
    assert "HTTP 503" in attempt["text"]
    assert len(message["leaf"]) == 2
    assert case.id not in json.dumps(message)
    stage.clock.advance(minutes=1)
    stage.deliver("dpupr")
    (message,) = tell(stage, transport, "status", {"exchange": delivery.id}, message_id="m-2")["message"]
    assert (message["state"], message["attempts"], "nextDue" in message) == ("awaiting", 2, False)


@BOTH
def test_what_waits_for_the_offices_staff_is_told_without_the_hubs_inside(stage: Stage, transport: str) -> None:
    case = stage.validated()
    delivery = stage.delivery(case.id, "dpupr")
    values = {"cause": "no endpoint of dpupr is set: run `simojo agency endpoint dpupr URL`"}
    stage.hub.store.unit_of_work.commit(Plan.of(Update(DeliveryRow, {"id": delivery.id}, {"state": "queued"}, values)))
    (message,) = tell(stage, transport, "status", {"messageId": delivery.message_id})["message"]
    assert (message["state"], message["attempts"]) == ("queued", 0)
    assert "simojo agency" not in json.dumps(message)


@BOTH
def test_a_message_that_took_the_id_of_one_of_ours_is_told_beside_it(stage: Stage, transport: str) -> None:
    delivery = stage.requested()
    voices.answer(stage, delivery, message_id=delivery.message_id)
    told = tell(stage, transport, "status", {"messageId": delivery.message_id})
    assert [each["direction"] for each in told["message"]] == ["from-you", "to-you"]
    assert [each["state"] for each in told["message"]] == ["accepted", "answered"]


# --- receipt ------------------------------------------------------------------------------------------------------


@BOTH
def test_a_receipt_proves_an_exchange_without_the_hub(stage: Stage, transport: str) -> None:
    said = voices.ask_validity(stage)
    (exchange,) = stage.exchanges("dpupr")
    stage.hub.integrator.run_once()
    told = tell(stage, transport, "receipt", {"messageId": "v-1"})
    document = told["receipt"].encode()
    assert (told["exchange"], told["sha256"]) == (exchange.id, hashlib.sha256(document).hexdigest())
    verdict = verify_receipt(
        document,
        stage.hub.store.note_key.verifier.encode(),
        {"answer": said.body, "request": b'{"permitNumber":"001/KRK/III/2026"}'},
    )
    assert (verdict.exchange, verdict.trusted, set(verdict.opened)) == (exchange.id, True, {"answer", "request"})
    assert tell(stage, transport, "receipt", {"exchange": exchange.id}, message_id="m-2") == told


@BOTH
def test_a_receipt_of_what_was_sent_to_the_agency_opens_the_bytes_that_it_got(stage: Stage, transport: str) -> None:
    delivery = stage.requested()
    stage.hub.integrator.run_once()
    told = tell(stage, transport, "receipt", {"messageId": delivery.message_id})
    (call,) = stage.town.calls["dpupr"]
    verifier = stage.hub.store.note_key.verifier.encode()
    assert verify_receipt(told["receipt"].encode(), verifier, {"sent-1": call.body}).exchange == delivery.id
