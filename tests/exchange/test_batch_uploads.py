"""A manifest and the pieces of its file: what is taken, and what is refused with which words."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from gateway.contract.agreement import agreement_from_document, to_document
from gateway.exchange.batch.cancelling import ABANDONED_AFTER, Cancelling
from gateway.exchange.checking import check_agreement
from gateway.operations.ledger_export import verify_store
from tests.batch.adapter import PASAR
from tests.exchange import pasar
from tests.exchange.stage import Stage

CONTENT = pasar.written("jsonl", [{"number": "R-1"}, {"number": "R-2"}])


def test_the_same_manifest_has_the_same_answer_and_another_file_of_that_name_is_refused(market: Stage) -> None:
    said = pasar.manifest(CONTENT, 2)
    first = pasar.announce(market, said)
    assert first.status == 200
    assert pasar.announce(market, said).body == first.body
    again = pasar.announce(market, said, "m-2")
    assert again.json == first.json
    other = pasar.announce(market, {**said, "records": 3}, "m-3")
    assert (other.status, other.code) == (409, "batch-name-used")
    assert len(market.rows("batch")["batch"]) == 1


def test_another_token_takes_the_place_of_one_that_was_lost(market: Stage) -> None:
    said = pasar.manifest(CONTENT, 2)
    address = pasar.announce(market, said).json["upload"]
    assert pasar.send(market, address, CONTENT[:10], 0).status_code == 204
    found = "f" * 43
    again = pasar.announce(market, {**said, "uploadTokenSha256": hashlib.sha256(found.encode()).hexdigest()}, "m-2")
    assert (again.status, again.json["upload"]) == (200, address)
    assert pasar.send(market, address, CONTENT[10:], 10).status_code == 401
    assert pasar.send(market, address, CONTENT[10:], 10, last=True, token=found).status_code == 204
    pasar.work(market)
    assert pasar.ask(market, "GET", address, token=found).json()["read"] == 2
    store = market.hub.store
    verify_store(store.reader, store.vault, store.note_key.verifier)


def test_neither_the_answer_nor_the_store_lets_anybody_upload(market: Stage) -> None:
    pasar.delivered(market, CONTENT, 2)
    assert pasar.TOKEN not in repr(market.rows("batch", "batch_piece", "exchange_part"))


@pytest.mark.parametrize(
    ("edits", "status", "code"),
    [
        ({"bytes": 64 * 2**20 + 1}, 413, "body-too-large"),
        ({"format": "xlsx"}, 422, "schema-violation"),
        ({"encoding": "ISO-8859-1"}, 422, "schema-violation"),
        ({"uploadTokenSha256": None}, 422, "upload-token-missing"),
    ],
    ids=["size", "form", "encoding", "token"],
)
def test_a_manifest_beyond_the_agreement_is_refused(
    market: Stage, edits: dict[str, Any], status: int, code: str
) -> None:
    said = {name: value for name, value in pasar.manifest(CONTENT, 2, **edits).items() if value is not None}
    refused = pasar.announce(market, said)
    assert (refused.status, refused.code) == (status, code)
    assert market.rows("batch")["batch"] == []


def test_an_upload_goes_on_from_the_byte_that_the_hub_names(market: Stage) -> None:
    address = pasar.announce(market, pasar.manifest(CONTENT, 2)).json["upload"]
    assert pasar.send(market, address, CONTENT[:10], 0).headers["upload-offset"] == "10"
    lost = pasar.send(market, address, CONTENT[:10], 0)  # its first answer did not arrive
    assert (lost.status_code, lost.json()["code"], lost.headers["upload-offset"]) == (409, "upload-offset", "10")
    market.restart()
    stands = pasar.ask(market, "HEAD", address)
    assert (stands.status_code, stands.headers["upload-offset"]) == (204, "10")
    assert stands.headers["upload-complete"] == "?0"
    early = pasar.send(market, address, CONTENT[10:20], 10, last=True)
    assert (early.status_code, early.json()["code"]) == (400, "upload-length")
    beyond = pasar.send(market, address, CONTENT[10:] + b"x", 10)
    assert (beyond.status_code, beyond.json()["code"]) == (400, "upload-length")
    done = pasar.send(market, address, CONTENT[10:], 10, last=True)
    assert (done.status_code, done.headers["upload-complete"]) == (204, "?1")
    assert pasar.send(market, address, b"x", len(CONTENT)).status_code == 400
    early_result = pasar.ask(market, "GET", f"{address}/result")
    assert (early_result.status_code, early_result.json()["code"]) == (503, "result-not-yet")
    pasar.work(market)
    assert pasar.ask(market, "GET", address).json()["read"] == 2


@pytest.mark.parametrize("method", ["HEAD", "GET", "PATCH"])
def test_who_does_not_show_the_token_learns_and_changes_nothing(market: Stage, method: str) -> None:
    address = pasar.announce(market, pasar.manifest(CONTENT, 2)).json["upload"]
    for where in (address, address.replace("daftar", "lain"), f"{address}0"):
        if method == "PATCH":
            said = pasar.send(market, where, CONTENT, 0, token="x" * 43)
        else:
            said = pasar.ask(market, method, where, token="x" * 43)
        assert said.status_code == 401
    assert pasar.batch(market).received == 0
    assert market.refusals() == {"upload-token-wrong": 3}


def test_a_piece_is_as_large_as_was_said_and_of_the_right_type(market: Stage) -> None:
    content = b"x" * (2**20 + 1)
    address = pasar.announce(market, pasar.manifest(content, 1)).json["upload"]
    large = pasar.send(market, address, content, 0)
    assert (large.status_code, large.json()["code"]) == (413, "body-too-large")
    plain = market.client.patch(address, content=b"x", headers={"Authorization": f"Bearer {pasar.TOKEN}"})
    assert (plain.status_code, plain.json()["code"]) == (415, "content-type-wrong")


def test_no_more_files_are_awaited_than_may_be(market: Stage) -> None:
    for number in range(16):
        said = pasar.announce(market, pasar.manifest(CONTENT, 2, name=f"b-{number}"), f"m-{number}")
        assert said.status == 200
    more = pasar.announce(market, pasar.manifest(CONTENT, 2, name="b-16"), "m-16")
    assert (more.status, more.code) == (503, "batches-open")


def test_an_upload_that_nobody_goes_on_with_makes_room_after_a_week(market: Stage) -> None:
    left = pasar.announce(market, pasar.manifest(CONTENT, 2)).json
    kept = pasar.announce(market, pasar.manifest(CONTENT, 2, name="b-2"), "m-2").json
    store = market.hub.store
    cancelling = Cancelling(store.reader, store.unit_of_work, store.leaves, store.vault, market.clock)
    market.clock.advance(seconds=ABANDONED_AFTER.total_seconds())
    assert pasar.send(market, kept["upload"], CONTENT[:10], 0).status_code == 204
    market.clock.advance(seconds=1)
    assert not cancelling.give_up_abandoned()
    pasar.work(market)
    report = pasar.ask(market, "GET", left["upload"]).json()
    assert (report["state"], report["unread"]) == ("cancelled", 2)
    assert report["cause"].startswith("no byte came for 7 days")
    assert pasar.send(market, left["upload"], CONTENT[:10], 0).json()["code"] == "batch-state"
    assert pasar.send(market, kept["upload"], CONTENT[10:], 10, last=True).status_code == 204


@pytest.mark.parametrize(
    ("member", "value", "said"),
    [
        ("confidential", True, "travels in pieces that are not encrypted"),
        ("request", "simojo/batch-result/1.0/result", "number of simojo/batch-result/1.0/result are no text"),
    ],
    ids=["confidential", "numbers"],
)
def test_a_batch_that_cannot_be_served_is_told_before_it_is_activated(
    market: Stage, member: str, value: object, said: str
) -> None:
    ((_, agreement),) = market.hub.directory.agreements("pasar")
    document = to_document(agreement)
    document["interaction"][0][member] = value
    found = check_agreement(PASAR, agreement_from_document(document), market.hub.library)
    assert said in " | ".join(found)
