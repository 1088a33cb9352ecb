"""The list of one file of records held against what became of them (Pasal 22(4)b): by number or key, and digest."""

from __future__ import annotations

import csv
import io
import json
from hashlib import sha256
from typing import Any

import pytest

from gateway.domain.errors import GatewayError, LedgerBroken, Malformed
from gateway.ledger.leaf import Leaf
from gateway.operations.reconciling.results import as_csv, lines_of
from gateway.operations.reconciling.running import Reconciling, Wanted
from gateway.store.plan import Delete, Plan
from gateway.store.tables import BatchPieceRow, DataKeyRow, ReconciliationRow
from gateway.store.vault import scope_of
from tests.exchange import pasar
from tests.exchange.stage import Stage

RECORDS = [
    {"number": "R-1", "note": "satu"},
    {"number": "R-404"},
    {"number": "tanpa nomor"},
    {"number": "R-2", "note": 'dua, "dua"\nbaris'},
]


def digest(form: str, content: bytes, number: int) -> str:
    """What docs/reconciliation.md tells an agency to compute, from its own file."""
    if form == "jsonl":
        return sha256(content.split(b"\n")[number - 1]).hexdigest()
    if form == "xml":
        said = json.dumps(RECORDS[number - 1], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return sha256(said.encode()).hexdigest()
    rows = list(csv.reader(io.StringIO(content.decode(), newline="")))
    line = io.StringIO(newline="")
    csv.writer(line, lineterminator="").writerow(rows[number])
    assert line.getvalue().encode() in content
    return sha256(line.getvalue().encode()).hexdigest()


def reconciling(stage: Stage) -> Reconciling:
    store = stage.hub.store
    return Reconciling(
        reader=store.reader,
        vault=store.vault,
        unit_of_work=store.unit_of_work,
        leaves=store.leaves,
        clock=stage.clock,
        new_id=stage.hub.casework.new_id,
    )


def compared(stage: Stage, *lines: str, head: str = "record,sha256", batch: str | None = None) -> ReconciliationRow:
    batch = batch or pasar.batch(stage).id
    wanted = Wanted(agency="pasar", source="staff", actor="staff/agus", batch=batch)
    return reconciling(stage).run(wanted, ["\n".join((head, *lines)).encode()])


def read(stage: Stage, form: str) -> bytes:
    """A file of the agency that was read to its end."""
    pasar.registered(stage, "R-1", "R-2")
    content = pasar.written(form, RECORDS)
    pasar.delivered(stage, content, len(RECORDS), form)
    pasar.work(stage)
    assert pasar.batch(stage).state == "completed"
    return content


def lines(stage: Stage, row: ReconciliationRow) -> list[dict[str, Any]]:
    return list(lines_of(stage.hub.store.reader, row))


@pytest.mark.parametrize("form", ["csv", "jsonl", "xml"])
def test_records_are_matched_different_and_missing_on_either_side_with_what_became_of_them(
    market: Stage, form: str
) -> None:
    content = read(market, form)
    market.hub.integrator.run_once()
    wrong = "0" * 64
    row = compared(
        market,
        f"1,{digest(form, content, 1)}",
        f"3,{wrong}",
        f"4,{digest(form, content, 4).upper()}",
        f"4,{wrong}",
        f"9,{wrong}",
    )
    found = lines(market, row)
    assert [(each.get("record"), each["state"], each.get("outcome")) for each in found] == [
        (1, "matched", "accepted"),
        (3, "different", "invalid"),
        (4, "matched", "accepted"),
        (4, "repeated", "accepted"),
        (9, "missing-here", None),
        (2, "missing-there", "declined"),
    ]
    assert found[1]["difference"][0]["ours"] == digest(form, content, 3)
    assert found[5]["sha256"] == digest(form, content, 2)
    batch = pasar.batch(market)
    leaves = {each.hash.hex(): each for each in market.hub.store.reader.leaves_of_exchange(batch.id)}
    parts = [set(Leaf.parse(leaves[each["leaf"]].canonical).commitments) for each in found[0]["proof"]]
    assert ["request" in parts[0], "batch-report" in parts[1]] == [True, True]
    assert [each["index"] for each in found[0]["proof"]] == [
        leaves[each["leaf"]].tree_index for each in found[0]["proof"]
    ]
    assert (row.batch, row.differences) == (batch.id, 3)
    (leaf,) = market.hub.store.reader.pending_leaves()
    assert Leaf.parse(leaf.canonical).extra["batch"] == batch.id
    sheet = b"".join(as_csv(market.hub.store.reader, row, market.clock())).decode("utf-8-sig")
    assert [each["record"] for each in csv.DictReader(io.StringIO(sheet))] == ["1", "3", "4", "4", "9", "2"]


def test_records_are_named_by_the_key_of_the_result_which_is_not_kept(market: Stage) -> None:
    content = read(market, "jsonl")
    row = compared(
        market,
        f"R-1,{digest('jsonl', content, 1)}",
        f"R-2,{digest('jsonl', content, 1)}",
        f"R-7,{digest('jsonl', content, 1)}",
        head="key,sha256",
    )
    found = lines(market, row)
    assert [(each["state"], each.get("line"), each.get("record")) for each in found] == [
        ("matched", 1, 1),
        ("different", 2, 4),
        ("missing-here", 3, None),
        ("missing-there", None, 2),
        ("missing-there", None, 3),
    ]
    assert "R-7" not in json.dumps(found)


def test_what_is_no_list_of_this_file_is_refused(market: Stage) -> None:
    pasar.registered(market, "R-1")
    content = pasar.written("jsonl", [{"number": "R-1"}, {"number": "R-1"}])
    pasar.delivered(market, content, 2)
    good = "a" * 64
    for expected, arguments in (
        ("batch-not-ended", {}),
        ("batch-unknown", {"batch": "none"}),
        ("list-unreadable", {"head": "message_id,sha256"}),
        ("list-unreadable", {"head": "record,key"}),
    ):
        with pytest.raises(GatewayError) as refused:
            compared(market, f"1,{good}", **arguments)
        assert refused.value.code == expected
    pasar.work(market)
    with pytest.raises(Malformed, match="several of its records have one key"):
        compared(market, f"R-1,{good}", head="key,sha256")
    with pytest.raises(Malformed, match="its number in the file"):
        compared(market, f"0,{good}")
    assert market.hub.store.reader.reconciliations() == []  # nothing says that one is running


def test_a_stored_file_that_is_not_the_announced_one_says_nothing(market: Stage) -> None:
    read(market, "csv")
    batch = pasar.batch(market)
    reader = market.hub.store.reader
    found = reader.batch_piece(batch.id, "file", 0)
    assert found is not None
    gone = {"batch": batch.id, "side": "file", "position": found[0]}
    market.hub.store.unit_of_work.commit(Plan.of(Delete(BatchPieceRow, gone)))
    with pytest.raises(LedgerBroken):
        compared(market, f"1,{'a' * 64}")
    (row,) = reader.reconciliations()
    assert (row.state, row.ended_at) == ("broken-off", market.clock())


def test_of_an_erased_file_every_listed_record_is_told_erased(market: Stage) -> None:
    read(market, "csv")
    row = market.hub.store.reader.exchange(pasar.batch(market).id)
    assert row is not None
    scope = scope_of(row.case_id, row.at)
    market.hub.store.unit_of_work.commit(Plan.of(Delete(DataKeyRow, {"scope": scope})))
    found = lines(market, compared(market, f"1,{'a' * 64}", f"5,{'a' * 64}"))
    assert [each["state"] for each in found] == ["erased", "missing-here"]
