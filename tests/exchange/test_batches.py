"""A file of records, from its manifest to the account of every record."""

from __future__ import annotations

import csv
import hashlib
import json
import tracemalloc
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from unittest import mock

import pytest
from sqlalchemy import delete, select, update
from sqlmodel import col

from conformance.signing import jws
from gateway.contract.adapter import Batch
from gateway.contract.message import Payload
from gateway.domain.errors import LedgerBroken, Refused
from gateway.exchange.batch.aside import PutAside
from gateway.exchange.batch.cancelling import Cancelling
from gateway.exchange.batch.portions import WAITS
from gateway.exchange.batch.results import rows_text
from gateway.operations.health import batch_warnings
from gateway.operations.ledger_export import verify_store
from gateway.store.batches import LEASE
from gateway.store.plan import table_of
from gateway.store.tables import BatchPieceRow, BatchRow
from tests.exchange import pasar
from tests.exchange.stage import Stage
from tests.exchange.test_crash import Killed, Mortal

FORMS = pytest.mark.parametrize("form", ["csv", "jsonl", "xml"])

MIXED = [
    {"number": "R-1", "note": "satu"},
    {"number": "R-404"},
    {"number": "tanpa nomor"},
    {"number": "R-2", "note": 'dua, "dua"\nbaris'},
    {"number": "R-1", "note": "raise"},
    {"number": "R-1", "note": "tiga"},
    {"number": "R-2", "name": "Siti Contoh"},
]


def put_aside(stage: Stage) -> PutAside:
    store = stage.hub.store
    return PutAside(store.reader, store.unit_of_work, store.leaves, store.vault, stage.clock)


def finished(stage: Stage) -> None:
    """All that there is to do, however long it waits; what cannot be done is given up then."""
    pasar.work(stage)
    for wait in (*WAITS, WAITS[-1]):
        stage.clock.advance(seconds=wait.total_seconds())
        pasar.work(stage)
    row = pasar.batch(stage)
    if row.held:
        assert (row.failed, row.state) == (0, "closing")
        put_aside(stage).give_up(row.id, "adapter tidak dapat membacanya", "staff/siti")
        pasar.work(stage)


@FORMS
def test_each_record_has_its_effect_and_its_result_once(market: Stage, form: str) -> None:
    one, two = pasar.registered(market, "R-1", "R-2")
    content = pasar.written(form, MIXED)
    address = pasar.delivered(market, content, len(MIXED), form)
    pasar.work(market)
    assert pasar.batch(market).held == 1
    finished(market)
    rows = pasar.results(market, address)
    assert [row["number"] for row in rows] == [1, 2, 3, 4, 5, 6, 7]
    outcomes = ["accepted", "declined", "invalid", "accepted", "failed", "accepted", "invalid"]
    assert [row["outcome"] for row in rows] == outcomes
    assert [row.get("reason") or "" for row in rows] == [
        "",
        "not-found",
        "schema-violation",
        "",
        "mapping-fault",
        "",
        "personal-data-excess",
    ]
    assert rows[2]["text"].startswith("Melanggar skema yang disepakati: /number: ")
    assert pasar.notes(market, one) == ["satu", "tiga"]
    assert pasar.notes(market, two) == ['dua, "dua"\nbaris']
    said = pasar.ask(market, "GET", address)
    report = said.json()
    assert {name: report[name] for name in ("state", "records", "read", "waiting", "unread")} == {
        "state": "completed",
        "records": 7,
        "read": 7,
        "waiting": 0,
        "unread": 0,
    }
    assert {name: report[name] for name in ("accepted", "declined", "invalid", "failed")} == dict(Counter(outcomes))
    result = pasar.ask(market, "GET", f"{address}/result").content
    assert report["resultSha256"] == hashlib.sha256(result).hexdigest()


def test_the_report_is_signed_and_its_leaf_is_in_a_ledger_that_verifies(market: Stage) -> None:
    (case,) = pasar.registered(market, "R-1")
    content = pasar.written("jsonl", MIXED[:3])
    address = pasar.delivered(market, content, 3)
    assert "x-jws-signature" not in pasar.ask(market, "GET", address).headers
    pasar.work(market)
    said = pasar.ask(market, "GET", address)
    header = jws.verify_detached(
        said.headers["x-jws-signature"],
        said.content,
        [market.certificate],
        issuer="dpmptsp",
        audience="pasar",
        at=market.clock(),
    )
    exchange = pasar.batch(market).id
    told = [json.loads(row.canonical)["extra"] for row in market.hub.store.reader.leaves_of_case(case)]
    assert [(each["caused-by"], each["record"]) for each in told if "record" in each] == [(exchange, 1)]
    leaves = {row.hash.hex(): row.canonical for row in market.hub.store.reader.leaves_of_exchange(exchange)}
    assert b'"batch-report"' in leaves[str(header["leaf"])]
    while market.hub.integrator.run_once():
        pass
    store = market.hub.store
    assert verify_store(store.reader, store.vault, store.note_key.verifier).pending == 0


@pytest.mark.parametrize(
    ("form", "content", "read", "where"),
    [
        ("csv", b'number,note\r\nR-1,satu\r\nR-1,"dua" x\r\nR-1,tiga\r\n', 1, "line 3, byte 23"),
        ("csv", b"number;note\r\nR-1;satu\r\n", 0, "CSV UTF-8 (Comma delimited)"),
        ("csv", b"number,colour\r\nR-1,satu\r\n", 0, "line 1, byte 0"),
        ("xml", b"<a><b><number>R-1</number></b><b><number>R-1</nummer></b></a>", 1, "line 1"),
        ("xml", b"<a><b><number>R-1</number></b><b><number>R-1</number></b>", 2, "ends before"),
        ("xml", b'<!DOCTYPE a [<!ENTITY x "y">]><a><b><number>R-1</number></b></a>', 0, "document type"),
    ],
    ids=["quote", "semicolons", "columns", "tags", "cut", "dtd"],
)
def test_what_comes_before_a_broken_place_stands_and_the_rest_is_unread(
    market: Stage, form: str, content: bytes, read: int, where: str
) -> None:
    (case,) = pasar.registered(market, "R-1")
    address = pasar.delivered(market, content, 3, form)
    pasar.work(market)
    report = pasar.ask(market, "GET", address).json()
    assert (report["state"], report["read"], report["accepted"], report["unread"]) == ("broken", read, read, 3 - read)
    assert where in report["cause"]
    assert len(pasar.notes(market, case)) == read


def test_a_cell_of_a_result_is_no_formula() -> None:
    rows: list[Payload] = [{"number": 1, "key": '=HYPERLINK("http://contoh.example")', "reason": "@x", "text": "-17"}]
    text = rows_text("csv", rows, ("number", "key", "reason", "text"), first=False).decode()
    assert next(csv.reader([text.rstrip()])) == ["1", """'=HYPERLINK("http://contoh.example")""", "'@x", "-17"]


def test_lines_of_json_stand_each_for_itself(market: Stage) -> None:
    pasar.registered(market, "R-1")
    long = b'{"number": "R-1", "note": "' + b"x" * 70_000 + b'"}\n'
    content = b'{"number": "R-1"}\n{"number": \n' + long + b'[1]\n\n{"number":"R-1","number":"R-1"}\n{"number": "R-1"}'
    address = pasar.delivered(market, content, 6)
    pasar.work(market)
    rows = pasar.results(market, address)
    assert [row["outcome"] for row in rows] == ["accepted", "invalid", "invalid", "invalid", "invalid", "accepted"]
    assert [row.get("reason") for row in rows[1:5]] == [
        "json-malformed",
        "record-too-large",
        "type",
        "json-duplicate-member",
    ]


def test_a_file_that_is_not_the_announced_one_is_refused_whole(market: Stage) -> None:
    (case,) = pasar.registered(market, "R-1")
    content = pasar.written("jsonl", MIXED[:1])
    address = pasar.delivered(market, content, 1, sha256="0" * 64)
    pasar.work(market)
    report = pasar.ask(market, "GET", address).json()
    assert (report["state"], report["read"], report["unread"]) == ("refused", 0, 1)
    assert "nothing of it was read" in report["cause"]
    assert pasar.notes(market, case) == []
    assert pasar.results(market, address) == []


def test_a_record_sees_what_the_one_before_it_did(market: Stage) -> None:
    records = [{"number": "R-7", "note": "open"}, {"number": "R-7", "note": "halo"}, {"number": "R-7", "note": "open"}]
    address = pasar.delivered(market, pasar.written("jsonl", records), 3)
    pasar.work(market)
    assert [row["outcome"] for row in pasar.results(market, address)] == ["accepted"] * 3
    (row,) = market.rows("permit_case")["permit_case"]
    assert pasar.notes(market, row[0]) == ["halo"]


def test_a_value_that_the_store_does_not_take_stops_nothing_else(market: Stage) -> None:
    (case,) = pasar.registered(market, "R-1")
    records = [{"number": "R-1", "note": "satu"}, {"number": "R-2", "note": "NUL"}, {"number": "R-1", "note": "tiga"}]
    address = pasar.delivered(market, pasar.written("jsonl", records), 3)
    finished(market)
    told = [row["outcome"] for row in pasar.results(market, address)]
    is_file = market.hub.store.engine.dialect.name == "sqlite"  # which takes it
    assert told == ["accepted", "accepted" if is_file else "failed", "accepted"]
    assert pasar.notes(market, case) == ["satu", "tiga"]


def test_an_adapter_that_is_mended_takes_the_records_that_were_put_aside(market: Stage) -> None:
    (case,) = pasar.registered(market, "R-1")
    right = market.adapters["pasar"]

    def raises(*_: object) -> Any:
        raise KeyError("9999014506900001")

    interactions = tuple(replace(each, to_cases=raises) for each in right.interactions if isinstance(each, Batch))
    market.adapters["pasar"] = replace(right, interactions=interactions)
    records = [{"number": "R-1", "note": str(each)} for each in range(5)]
    address = pasar.delivered(market, pasar.written("jsonl", records), 5)
    pasar.work(market)
    assert (pasar.batch(market).state, pasar.batch(market).held) == ("closing", 5)
    assert b"9999014506900001" not in repr(market.rows("batch_held")).encode()
    market.adapters["pasar"] = right
    market.clock.advance(seconds=10)
    pasar.work(market)
    assert [row["outcome"] for row in pasar.results(market, address)] == ["accepted"] * 5
    assert pasar.notes(market, case) == ["0", "1", "2", "3", "4"]


def test_records_that_a_broken_adapter_cannot_take_wait_until_staff_decide(
    market: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    (case,) = pasar.registered(market, "R-1")
    monkeypatch.setattr("gateway.exchange.batch.work.MAX_HELD", 2)
    right = market.adapters["pasar"]

    def raises(*_: object) -> Any:
        raise KeyError("9999014506900001")

    interactions = tuple(replace(each, to_cases=raises) for each in right.interactions if isinstance(each, Batch))
    market.adapters["pasar"] = replace(right, interactions=interactions)
    records = [{"number": "R-1", "note": str(each)} for each in range(5)]
    address = pasar.delivered(market, pasar.written("jsonl", records), 5)
    for _ in range(9):
        pasar.work(market)
        market.clock.advance(days=2)
    row = pasar.batch(market)
    assert (row.state, row.failed, row.held) == ("reading", 0, 5)
    (warning,) = [each for each in batch_warnings(market.hub.store.reader, market.clock()) if "redrive" in each]
    assert "has 5 records that the hub could not map" in warning
    pasar.work(market)
    market.adapters["pasar"] = right
    pasar.work(market)
    assert pasar.batch(market).held == 5  # it is due again in a day
    assert put_aside(market).redrive(row.id, "staff/siti") == 5
    pasar.work(market)
    assert [each["outcome"] for each in pasar.results(market, address)] == ["accepted"] * 5
    assert sorted(pasar.notes(market, case)) == ["0", "1", "2", "3", "4"]
    with pytest.raises(Refused, match="no record of batch"):
        put_aside(market).redrive(row.id, "staff/siti")


def test_a_batch_of_a_suspended_agency_waits_and_goes_on(market: Stage) -> None:
    pasar.registered(market, "R-1")
    address = pasar.delivered(market, pasar.written("jsonl", MIXED[:1]), 1)
    market.suspend("pasar")
    pasar.work(market)
    assert "suspended" in (pasar.batch(market).cause or "")
    assert pasar.ask(market, "GET", address).status_code == 403
    market.suspend("pasar", None)
    market.clock.advance(minutes=1)
    pasar.work(market)
    assert pasar.ask(market, "GET", address).json()["state"] == "completed"


def test_a_cancelled_batch_accounts_for_what_it_has_done(market: Stage) -> None:
    pasar.registered(market, "R-1")
    address = pasar.delivered(market, pasar.written("jsonl", MIXED), 7)
    pasar.work(market)
    store = market.hub.store
    cancelling = Cancelling(store.reader, store.unit_of_work, store.leaves, store.vault, market.clock)
    cancelling.cancel(pasar.batch(market).id, "salah berkas", "staff/siti")
    pasar.work(market)
    report = pasar.ask(market, "GET", address).json()
    assert (report["state"], report["cause"], report["failed"]) == ("cancelled", "salah berkas", 1)
    assert pasar.results(market, address)[4]["reason"] == "cancelled"
    with pytest.raises(Refused, match="cancelled already"):
        cancelling.cancel(pasar.batch(market).id, "lagi", "staff/siti")


def test_a_batch_is_cancelled_while_portion_after_portion_is_committed(market: Stage) -> None:
    pasar.registered(market, "R-1")
    content = pasar.written("jsonl", [{"number": "R-1", "note": str(each)} for each in range(3)])
    address = pasar.delivered(market, content, 3)
    while pasar.batch(market).state != "reading":
        market.hub.batches.run_once()
    store = market.hub.store
    seen = pasar.batch(market)
    reader = mock.Mock(batch=lambda _: seen)  # as staff saw it: from then on records are read
    market.hub.batches.run_once()
    assert pasar.batch(market).read == 1
    Cancelling(reader, store.unit_of_work, store.leaves, store.vault, market.clock).cancel(
        seen.id, "salah", "staff/siti"
    )
    pasar.work(market)
    assert pasar.ask(market, "GET", address).json()["state"] == "cancelled"


def test_a_batch_that_is_cancelled_before_its_file_is_here_ends_unread(market: Stage) -> None:
    said = pasar.announce(market, pasar.manifest(b"x", 1)).json
    store = market.hub.store
    cancelling = Cancelling(store.reader, store.unit_of_work, store.leaves, store.vault, market.clock)
    cancelling.cancel(said["exchange"], "batal", "staff/siti")
    assert pasar.send(market, said["upload"], b"x", 0).json()["code"] == "batch-state"
    pasar.work(market)
    report = pasar.ask(market, "GET", said["upload"]).json()
    assert (report["state"], report["unread"]) == ("cancelled", 1)


@pytest.mark.parametrize("changed", [lambda _: b"R-1,lain", lambda body: body[:-1] + bytes([body[-1] ^ 1])])
@pytest.mark.parametrize("side", ["file", "result"])
def test_a_stored_byte_that_was_changed_later_is_found_and_named(
    market: Stage, side: str, changed: Callable[[bytes], bytes]
) -> None:
    pasar.delivered(market, pasar.written("csv", MIXED[:2]), 2, "csv")
    pasar.work(market)
    store = market.hub.store
    verify_store(store.reader, store.vault, store.note_key.verifier)
    with store.engine.begin() as connection:
        mine, body = col(BatchPieceRow.side) == side, table_of(BatchPieceRow).c.body
        first = connection.execute(select(body).where(mine).limit(1)).scalar_one()
        connection.execute(update(BatchPieceRow).where(mine).values(body=changed(first)))
    with pytest.raises(LedgerBroken, match=f"{side} of batch 'b-1' of pasar"):
        verify_store(store.reader, store.vault, store.note_key.verifier)


@pytest.mark.parametrize("damage", ["row", "outcome", "open", "pieces"])
def test_a_batch_that_is_gone_or_says_otherwise_than_the_ledger_is_found(market: Stage, damage: str) -> None:
    pasar.registered(market, "R-1")
    pasar.delivered(market, pasar.written("jsonl", MIXED[:1]), 1)
    pasar.work(market)
    store = market.hub.store
    verify_store(store.reader, store.vault, store.note_key.verifier)
    with store.engine.begin() as connection:
        if damage in ("row", "pieces"):
            connection.execute(delete(BatchPieceRow))
        if damage == "row":
            connection.execute(delete(BatchRow))
        elif damage == "outcome":  # of a refused file nothing was read, so that its bytes would not be looked at
            connection.execute(update(BatchRow).values(state="refused", accepted=0))
        elif damage == "open":
            connection.execute(update(BatchRow).values(state="reading", ended_at=None))
    with pytest.raises(LedgerBroken, match="batch 'b-1' of pasar"):
        verify_store(store.reader, store.vault, store.note_key.verifier)


def test_a_batch_that_is_gone_before_its_end_is_found(market: Stage) -> None:
    pasar.announce(market, pasar.manifest(b"x", 1))
    store = market.hub.store
    verify_store(store.reader, store.vault, store.note_key.verifier)
    with store.engine.begin() as connection:
        connection.execute(delete(BatchRow))
    with pytest.raises(LedgerBroken, match="batch 'b-1' of pasar"):
        verify_store(store.reader, store.vault, store.note_key.verifier)


# --- a process that dies -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("written", [False, True], ids=["before", "after"])
@FORMS
def test_a_process_that_dies_at_any_commit_is_carried_on_and_every_record_counts_once(
    market: Stage, form: str, written: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    (case,) = pasar.registered(market, "R-1")
    records = [{"number": "R-1", "note": str(each)} for each in range(4)] + [{"number": "R-404"}]
    address = pasar.delivered(market, pasar.written(form, records), 5, form)
    monkeypatch.setattr(Mortal, "written", written)
    monkeypatch.setattr(Mortal, "after", 1)
    for _ in range(40):
        market.restart(Mortal)  # dies at its first commit: every one of them is once the last
        try:
            pasar.work(market)
        except Killed:
            market.clock.advance(seconds=LEASE.total_seconds())
            if not written:  # it never gets any further: once without dying
                market.restart()
                market.hub.batches.run_once()
                market.hub.batches.release()
                continue
        else:
            break
    market.restart()
    market.clock.advance(seconds=LEASE.total_seconds())
    pasar.work(market)
    assert [row["outcome"] for row in pasar.results(market, address)] == ["accepted"] * 4 + ["declined"]
    assert pasar.notes(market, case) == ["0", "1", "2", "3"]
    assert pasar.batch(market).state == "completed"


def test_two_processes_do_not_work_on_one_batch(market: Stage) -> None:
    (case,) = pasar.registered(market, "R-1")
    records = [{"number": "R-1", "note": str(each)} for each in range(6)]
    address = pasar.delivered(market, pasar.written("jsonl", records), 6)
    door = market.door.open
    other = market.start()
    market.door.open = door
    try:
        for _ in range(3):
            assert market.hub.batches.run_once()
            assert not other.batches.run_once()
        market.clock.advance(seconds=LEASE.total_seconds() + 1)  # the first one sleeps
        while other.batches.run_once():
            market.hub.batches.run_once()  # it wakes up: what it would do is not its any more
        pasar.work(market)
    finally:
        other.stop()
    assert [row["outcome"] for row in pasar.results(market, address)] == ["accepted"] * 6
    assert pasar.notes(market, case) == [str(each) for each in range(6)]


def test_a_large_file_does_not_get_into_memory(market: Stage) -> None:
    lines = 4000
    content = b"".join(b'{"number": "R-%d", "note": "%b"}\n' % (each, b"x" * 3000) for each in range(lines))
    address = pasar.announce(market, pasar.manifest(content, lines)).json["upload"]
    for offset in range(0, len(content), 2**20):
        assert pasar.send(market, address, content[offset : offset + 2**20], offset).status_code == 204
    tracemalloc.start()
    try:
        pasar.work(market)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 8 * 2**20 < len(content)
    row = pasar.batch(market)
    assert (row.state, row.declined) == ("completed", lines)
    assert row.ended_at is not None
    assert row.ended_at - row.made_at < timedelta(days=1)
