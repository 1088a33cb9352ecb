"""The office's own file when a call, an agency or a process fails: it goes on, or waits for a person."""

from __future__ import annotations

from itertools import cycle, islice
from typing import Any

import pytest

from gateway.domain.errors import Refused
from gateway.exchange.batch.cancelling import Cancelling
from gateway.operations.health import batch_warnings
from tests.exchange.kasda import Treasury
from tests.exchange.keys import agency_identity
from tests.exchange.test_crash import Killed, Mortal
from tests.exchange.town import refused_port

FORMS = pytest.mark.parametrize("form", ["csv", "jsonl", "xml"])


# --- what fails on the way --------------------------------------------------------------------------------------------


def test_an_upload_goes_on_from_the_byte_that_the_agency_names(kas: Treasury) -> None:
    kas.registered(*(f"R-{each}" for each in range(1, 6)))
    receiver = kas.receiver
    receiver.faults["PATCH"] = [
        receiver.hangs_up(17),
        receiver.loses_its_answer(),
        receiver.tells(503, Retry_After="120"),
    ]
    receiver.faults["POST"] = [receiver.tells(500)]
    kas.begin()
    kas.work()
    before = kas.row.due_at
    assert kas.row.tries == 1
    row = kas.finish()
    assert (row.state, row.accepted) == ("completed", 5)
    assert len(receiver.records()) == 5
    assert receiver.asked.count("HEAD") == 4  # as it began, and after each failure
    assert before < row.due_at
    assert sorted(name for name in kas.stage.parts(row.id) if name.startswith("sent")) == [
        "sent-1",
        "sent-1-headers",
        "sent-2",
        "sent-2-headers",
    ]
    kas.verify()


def test_an_agency_that_says_when_is_not_called_before(kas: Treasury) -> None:
    kas.registered("R-1")
    kas.receiver.faults["PATCH"] = [kas.receiver.tells(503, Retry_After="300")]
    kas.begin()
    kas.work()
    assert (kas.row.due_at - kas.stage.clock()).total_seconds() >= 300
    assert kas.finish().state == "completed"


def test_after_the_agreed_attempts_a_person_decides_and_it_goes_on(kas: Treasury) -> None:
    kas.registered("R-1")
    kas.receiver.faults["POST"] = [kas.receiver.tells(500)] * 3
    kas.begin()
    row = kas.finish()
    assert (row.state, row.stopped_in) == ("stopped", "announcing")
    assert "3 attempts in a row" in (row.cause or "")
    assert any("is stopped until" in each for each in batch_warnings(kas.hub.store.reader, kas.stage.clock()))
    assert any(b'"kind":"dead"' in each for each in kas.stage.leaves(row.id))
    kas.beginning.resume(row.id, "staff/siti")
    assert kas.finish().state == "completed"
    with pytest.raises(Refused, match="only a stopped one"):
        kas.beginning.resume(row.id, "staff/siti")
    kas.verify()


def test_while_the_circuit_is_open_nothing_is_called_and_no_try_is_used_up(kas: Treasury) -> None:
    kas.registered("R-1")
    kas.stage.endpoint("kasda", f"http://127.0.0.1:{refused_port()}/")
    for name in ("satu", "dua", "tiga"):
        kas.begin(name=name)
    kas.work()
    kas.stage.clock.advance(seconds=11)  # the second call of each is due; the fifth failure opens the circuit
    kas.work()
    circuit = kas.hub.store.reader.circuit("kasda", "*")
    assert circuit is not None
    assert circuit.open_until is not None
    rows = sorted(kas.hub.store.reader.batches(), key=lambda row: row.tries)
    assert [row.tries for row in rows] == [1, 2, 2]
    assert (rows[0].state, rows[0].due_at) == ("announcing", circuit.open_until)
    assert "called again later" in (rows[0].cause or "")


def test_an_agency_that_refuses_the_manifest_stops_it_with_its_words(kas: Treasury) -> None:
    kas.registered("R-1")
    problem = {"title": "x", "detail": "Berkas bulan ini sudah diterima", "code": "batch-name-used"}
    kas.receiver.faults["POST"] = [kas.receiver.tells(409, problem)]
    kas.begin()
    row = kas.finish()
    assert (row.state, row.stopped_in) == ("stopped", "announcing")
    assert row.cause == "the agency answered HTTP 409: Berkas bulan ini sudah diterima"
    store = kas.hub.store
    Cancelling(store.reader, store.unit_of_work, store.leaves, store.vault, kas.stage.clock).cancel(
        row.id, "sudah ada", "staff/siti"
    )
    row = kas.finish()
    assert (row.state, row.cause, row.read) == ("cancelled", "sudah ada", 0)
    kas.verify()


def test_a_report_with_a_wrong_signature_is_not_believed(kas: Treasury) -> None:
    (case,) = kas.registered("R-1")
    right = kas.receiver.identity
    kas.begin()
    kas.work()
    kas.receiver.identity = agency_identity("kasda-palsu")
    row = kas.finish()
    assert (row.state, row.stopped_in, row.read) == ("stopped", "awaiting", 0)
    assert "nonsense came back" in (row.cause or "")
    assert kas.notes(case) == []
    kas.receiver.identity = right
    kas.beginning.resume(row.id, "staff/siti")
    assert kas.finish().state == "completed"
    assert kas.notes(case) == ["accepted"]


@pytest.mark.parametrize("ranges", [True, False], ids=["ranges", "whole"])
def test_a_result_that_breaks_off_is_fetched_on(kas: Treasury, ranges: bool) -> None:
    cases = kas.registered("R-1", "R-2", "R-3")
    kas.receiver.ranges = ranges
    original = kas.receiver.breaks_off(30)
    calls: list[str] = []

    def breaks(request: Any, body: bytes) -> bool:
        if not request.path.endswith("/result"):
            kas.receiver.faults["GET"].insert(0, breaks)
            return False
        calls.append(request.path)
        return original(request, body)

    kas.receiver.faults["GET"] = [breaks]
    kas.begin()
    row = kas.finish()
    assert (row.state, row.accepted, len(calls)) == ("completed", 3, 1)
    last = kas.receiver.heard[-1][2].get("range")
    assert last == "bytes=30-"
    assert [kas.notes(each) for each in cases] == [["accepted"]] * 3
    kas.verify()


def test_a_result_that_is_not_the_reported_one_is_not_read(kas: Treasury) -> None:
    (case,) = kas.registered("R-1")
    kas.receiver.edits = {"resultSha256": "0" * 64}
    kas.begin()
    row = kas.finish()
    assert (row.state, row.stopped_in, row.answer_size) == ("stopped", "fetching", 0)
    assert "nothing of it was read" in (row.cause or "")
    assert kas.notes(case) == []
    kas.receiver.edits = {}
    kas.beginning.resume(row.id, "staff/siti")
    assert kas.finish().state == "completed"
    assert kas.notes(case) == ["accepted"]
    kas.verify()


# --- a process that dies ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("written", [False, True], ids=["before", "after"])
@FORMS
def test_a_process_that_dies_at_any_commit_is_carried_on_and_nothing_is_lost_or_doubled(
    kas: Treasury, form: str, written: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    cases = kas.registered("R-1", "R-2", "R-3")
    kas.begin(form)
    monkeypatch.setattr(Mortal, "written", written)
    deaths = []
    for commit in islice(cycle([1, 2]), 80):  # the first of a step says what it will send, the second what came of it
        monkeypatch.setattr(Mortal, "after", commit)
        state = kas.row.state
        kas.stage.restart(Mortal)
        try:
            kas.finish()
            break
        except Killed:
            deaths.append((state, commit))
        kas.taken_over()
        if commit == 2 and not written:  # it never gets any further: once without dying
            kas.stage.restart()
            kas.hub.office_files.run_once()
            kas.hub.office_files.release()
    else:
        raise AssertionError(f"it never ends: {deaths}")
    assert {state for state, _ in deaths} >= {"making", "sending", "applying"}, deaths
    kas.stage.restart()
    kas.taken_over()
    row = kas.finish()
    assert (row.state, row.records, row.accepted, row.failed) == ("completed", 3, 3, 0)
    assert sorted(each["registration"] for each in kas.receiver.records()) == ["R-1", "R-2", "R-3"]
    assert [each["outcome"] for each in kas.account()] == ["accepted"] * 3
    assert [kas.notes(each) for each in cases] == [["accepted"]] * 3
    kas.verify()


def test_two_processes_do_not_work_on_one_file(kas: Treasury) -> None:
    cases = kas.registered("R-1", "R-2")
    kas.begin()
    door = kas.stage.door.open
    other = kas.stage.start()
    kas.stage.door.open = door
    try:
        assert kas.hub.office_files.run_once()
        assert not other.office_files.run_once()
        kas.taken_over()  # the first one sleeps
        while other.office_files.run_once():
            kas.hub.office_files.run_once()  # it wakes up: what it would do is not its any more
        assert kas.finish().accepted == 2
    finally:
        other.stop()
    assert [kas.notes(each) for each in cases] == [["accepted"]] * 2
