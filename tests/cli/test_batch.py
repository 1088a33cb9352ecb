"""`simojo batch`: what staff see of files of records, and how they end one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gateway.app import open_store
from gateway.settings import load_settings
from gateway.store.plan import Insert, Plan
from gateway.store.tables import BatchHeldRow, BatchLeftOutRow, BatchPieceRow, BatchRow
from tests.cli.conftest import Simojo
from tests.office.house import NOW

ROW: dict[str, Any] = {
    "agency": "bank",
    "interaction": "settlement",
    "agreement": "bank-2026",
    "agreement_version": "1.1",
    "manifest": "{}",
    "format": "csv",
    "size": 120,
    "sha256": "0" * 64,
    "records": 9,
    "token": "",
    "made_at": NOW,
    "due_at": NOW,
}


@pytest.fixture
def batches(home: Path) -> None:
    """One that is being read, with a record put aside, and one that has ended."""
    store = open_store(load_settings())
    reading = {**ROW, "id": "b-1", "name": "2 Maret", "state": "reading", "received": 120, "read": 5, "held": 1}
    done = {**ROW, "id": "b-2", "name": "1 Maret", "state": "completed", "received": 120, "read": 9, "accepted": 9}
    held = {"batch": "b-1", "number": 4, "body": "{}", "tries": 2, "due_at": NOW, "cause": "KeyError"}
    rows = [BatchRow(**each).model_dump() for each in (reading, done)]
    store.unit_of_work.commit(Plan.of(*(Insert(BatchRow, each) for each in rows), Insert(BatchHeldRow, held)))
    store.close()


@pytest.mark.usefixtures("batches")
def test_batches_are_listed_and_shown_with_the_account_of_their_records(simojo: Simojo) -> None:
    listed = simojo("batch", "list")
    assert listed.code == 0, listed
    assert ("b-1  reading" in listed.out, "b-2  completed" in listed.out) == (True, True)
    assert "b-2" not in simojo("batch", "list", "--state", "reading").out
    assert simojo("batch", "list", "--agency", "oss").out == "no such batch\n"
    said = json.loads(simojo("batch", "show", "b-1", "--json").out)
    assert (said["read"], said["records"], said["held"]) == (5, 9, 1)
    assert said["putAside"] == [{"number": 4, "tries": 2, "cause": "KeyError"}]
    assert "record 4 is tried again" in simojo("batch", "show", "b-1").out
    followed = simojo("batch", "show", "b-2", "--follow")
    assert (followed.code, "9 accepted" in followed.out) == (0, True)
    assert "[batch-unknown]" in simojo("batch", "show", "b-3").sentence


@pytest.mark.usefixtures("batches")
def test_records_that_are_put_aside_are_tried_again_or_given_up(simojo: Simojo) -> None:
    assert simojo("batch", "redrive", "b-1").out == "1 records of batch b-1 are tried again\n"
    assert json.loads(simojo("batch", "show", "b-1", "--json").out)["putAside"][0]["tries"] == 1
    assert simojo("batch", "give-up", "b-1", "--reason", "salah").out == "1 records of batch b-1 are given up\n"
    assert "[nothing-put-aside]" in simojo("batch", "redrive", "b-1").sentence
    assert "[batch-unknown]" in simojo("batch", "give-up", "b-3", "--reason", "salah").sentence


@pytest.mark.usefixtures("batches")
def test_a_batch_is_cancelled_once_with_its_reason(simojo: Simojo) -> None:
    assert simojo("batch", "cancel", "b-1", "--reason", "salah berkas").code == 0
    (row,) = json.loads(simojo("batch", "list", "--state", "closing", "--json").out)["batches"]
    assert (row["endsAs"], row["cause"]) == ("cancelled", "salah berkas")
    assert "[batch-state]" in simojo("batch", "cancel", "b-1", "--reason", "lagi").sentence
    assert "[batch-state]" in simojo("batch", "cancel", "b-2", "--reason", "terlambat").sentence


@pytest.mark.usefixtures("home")
def test_a_file_of_the_office_is_begun_shown_and_goes_on(simojo: Simojo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.cli.batch.now", lambda: NOW)
    said = simojo("batch", "send", "dpupr", "technical-recommendation", "--service", "krk")
    assert "[batch-not-ours]" in said.sentence
    assert "[period-wrong]" in simojo("batch", "send", "dpupr", "x", "--from", "kemarin").sentence
    store = open_store(load_settings())
    stopped = {**ROW, "id": "b-7", "direction": "out", "name": "maret", "state": "stopped", "stopped_in": "fetching"}
    lines = b"number,key,outcome,reason,text\r\n1,R-1,failed,no-result,\r\n"
    row = BatchRow(**stopped, left_out=1, cause="tidak menjawab", result_size=len(lines)).model_dump()
    piece = {"batch": "b-7", "side": "result", "position": 0, "body": lines}
    left_out = {"batch": "b-7", "case_id": "K-2026-CONTOH01", "cause": "KeyError"}
    changes = (Insert(BatchRow, row), Insert(BatchLeftOutRow, left_out), Insert(BatchPieceRow, piece))
    store.unit_of_work.commit(Plan(changes))
    store.close()
    shown = simojo("batch", "show", "b-7", "--follow").out
    assert "stopped   to bank/settlement maret" in shown
    assert "9 records in it, 1 cases left out" in shown
    assert "case K-2026-CONTOH01 is not in it: KeyError" in shown
    assert simojo("batch", "result", "b-7").out.splitlines()[1] == "1,R-1,failed,no-result,"
    assert "[reason-missing]" in simojo("batch", "result", "b-7", "--unmasked").sentence
    assert "reason" in simojo("batch", "result", "b-7", "--unmasked", "--reason", "ingin", "--by", "agus").sentence
    why = ("--unmasked", "--reason", "selisih dengan kas daerah", "--by", "agus")
    assert "[reason-missing]" in simojo("batch", "result", "b-7", *why[:3]).sentence
    assert "[staff-unknown]" in simojo("batch", "result", "b-7", *why[:4], "nobody").sentence
    assert simojo("batch", "result", "b-7", *why).out.splitlines()[1] == "1,R-1,failed,no-result,"
    assert "selisih dengan kas daerah" in simojo("audit", "reads", "--actor", "staff/agus").out
    assert simojo("batch", "lines", "b-7").out == "1  R-1  failed  no-result\n"
    assert json.loads(simojo("batch", "lines", "b-7", "--skip", "1", "--json").out) == {"lines": []}
    assert simojo("batch", "lines", "b-7", "--skip", "1").out == "no such line\n"
    assert simojo("batch", "resume", "b-7").code == 0
    assert json.loads(simojo("batch", "show", "b-7", "--json").out)["state"] == "awaiting"
    assert "[batch-state]" in simojo("batch", "resume", "b-7").sentence
    assert "[batch-unknown]" in simojo("batch", "resume", "b-8").sentence
