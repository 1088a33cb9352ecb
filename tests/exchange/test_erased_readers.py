"""After an erasure nothing of the person is left, the ledger proves it, and every reader copes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import pytest

from gateway.app import evidence_of, receipts_of
from gateway.app.identity import hub_key
from gateway.domain.errors import LedgerBroken
from gateway.ledger.leaf import Leaf, LeafKind
from gateway.ledger.verify import verify_export
from gateway.machine import new_id
from gateway.operations.erased import says
from gateway.operations.erasing.orders import Basis, Order, Orders
from gateway.operations.ledger_export import export_lines
from gateway.operations.reconciling.results import lines_of
from gateway.operations.reconciling.running import Reconciling, Wanted
from gateway.store.plan import Claim, Committed, Delete, Insert, Outcome, Plan, Update
from gateway.store.sealing import PARTS
from gateway.store.tables import CaseRow, DataKeyRow, DeliveryRow, ErasedRow, ExchangeRow, PartRow, StaffRow
from tests.exchange.erasing import (
    NIK,
    ORDER,
    PERSONAL,
    WHY,
    case_id,
    erased,
    file_of,
    integrate,
    left,
    orders,
    said,
    verified,
    with_ended_case,
    without_journal,
)
from tests.exchange.settling import settle
from tests.exchange.stage import AGUS, LIBRARY, RINA, Stage
from tests.exchange.test_settlement_file import ONE, charged, goes_over, line, pay


@pytest.fixture(autouse=True)
def no_journal_of_another_test(stage: Stage) -> Iterator[None]:
    yield from without_journal(stage)


@pytest.fixture
def office(stage: Stage) -> Stage:
    return with_ended_case(stage)


@dataclass(frozen=True)
class Slipping:
    """A unit of work that lets something slip in."""

    commit: Callable[[Plan], Outcome]

    def close(self) -> None:
        """Nothing of its own."""


def test_nothing_of_the_person_is_left_and_every_reader_says_so_in_an_orderly_way(office: Stage) -> None:
    store = office.hub.store
    case, person = case_id(office), office.hub.store.vault.dossier_digest(f"nik/{NIK}")
    exchanges = [row.id for row in store.reader.exchanges(case_id=case)]
    assert len(exchanges) >= 4
    receipts = receipts_of(store, hub_key(store.settings))
    before = receipts.make(store.reader.exchanges(case_id=case)[0])
    erased(office)
    integrate(office)
    assert left(office) == set()
    verdict = verified(office)
    assert verdict.ledger.parts_erased > 20
    assert store.reader.dossier(person) is None
    assert json.loads(before)["salts"]
    for exchange in exchanges:
        row = store.reader.exchange(exchange)
        assert row is not None
        assert json.loads(receipts.make(row))["salts"] == {}
        assert said(lambda: store.reader.parts(exchange)) == "erased"  # noqa: B023 - called at once
    desk = evidence_of(store, hub_key(store.settings), library=LIBRARY, adapters=office.adapters, clock=office.clock)
    with (office.folder / "bukti.asice").open("wb") as sink:
        desk.export(desk.subject("case", case), sink)
    found = (office.folder / "bukti.asice").read_bytes()
    assert not any(word.encode() in found for word in PERSONAL)
    codes = {said(lambda: office.case(case)), said(lambda: office.hub.deeds.complete(case, RINA))}
    assert codes == {"erased"}
    assert said(lambda: orders(office).propose(ORDER, "rina")) == "dossier-unknown"
    assert [row.id for row in store.reader.cases()] == [case]


def test_the_export_proves_the_erasure_and_without_its_leaf_the_same_is_damage(office: Stage) -> None:
    store = office.hub.store
    erased(office)
    assert verified(office).pending > 0  # the leaf waits for its place, and counts all the same
    integrate(office)
    lines = list(export_lines(store.reader, store.vault, [store.note_key.verifier]))
    verdict = verify_export(lines, store.note_key.verifier.encode())
    assert (verdict.parts_erased > 20, verdict.parts_complete) == (True, True)
    moved = [line.replace('"leaf":"', '"leaf":"1', 1) if line.startswith('{"erased"') else line for line in lines]
    with pytest.raises(LedgerBroken) as caught:
        verify_export(moved, store.note_key.verifier.encode())
    assert caught.value.code == "part-missing"
    (leaf,) = store.reader.erased(f"case/{case_id(office)}")
    said_by = Leaf.parse(leaf.canonical).id
    store.unit_of_work.commit(Plan.of(Delete(ErasedRow, {"leaf": said_by})))
    with pytest.raises(LedgerBroken) as caught:
        verified(office)
    assert caught.value.code == "part-missing"


def test_a_message_that_comes_while_the_key_is_destroyed_is_told_of_by_a_second_leaf(office: Stage) -> None:
    """Read what is covered, a message is committed, the key ends: the next step says all that is gone."""
    store, case = office.hub.store, case_id(office)
    row = orders(office).propose(ORDER, "rina")
    key = store.vault.case_key(case).key
    sealed = store.vault.exchange_seal("ex-late", case, office.clock(), key).blob(PARTS, "request", b"terlambat")
    late = store.leaves.make(
        LeafKind.ACCEPTED,
        at=office.clock(),
        exchange="ex-late",
        case_id=case,
        key=key,
        parts={"request": b"terlambat"},
    )
    said = {"id": "ex-late", "direction": "in", "agency": "dpupr", "interaction": "x", "verdict": "accepted"}
    committed = store.unit_of_work.commit

    def slips_in(plan: Plan) -> Outcome:
        if any(isinstance(each, Update) and each.model is DataKeyRow and not each.values.get("wrapped", b"-")
               for each in plan.changes):  # fmt: skip
            exchange = Insert(ExchangeRow, {**said, "case_id": case, "at": office.clock()})
            part = Insert(PartRow, {"exchange": "ex-late", "name": "request", "body": sealed})
            assert committed(Plan.of(exchange, part, late.row)) == Committed()
        return committed(plan)

    carrying = replace(orders(office).carrying, unit_of_work=Slipping(slips_in))
    assert Orders(carrying, new_id).approve(row.id, "agus").state == "done"
    told = [int(says(each)["leaves"]) for each in store.reader.erased(f"case/{case}")]
    assert [told[1] - told[0], len(told)] == [1, 2]
    integrate(office)
    verified(office)
    verify_export(export_lines(store.reader, store.vault, [store.note_key.verifier]), store.note_key.verifier.encode())


def test_the_person_applies_anew_under_a_new_dossier_also_while_the_hub_lives_on(office: Stage) -> None:
    first = case_id(office)
    erased(office)
    again = office.register()
    key = office.hub.store.reader.data_key
    one, other = key(f"case/{first}"), key(f"case/{again.id}")
    assert one is not None
    assert other is not None
    assert (one.is_destroyed, other.is_destroyed, one.under != other.under) == (True, False, True)
    assert office.case(again.id).applicant.name == "Siti Contoh"


def test_a_reason_to_look_that_names_the_person_goes_and_any_other_stays(office: Stage) -> None:
    store, case = office.hub.store, case_id(office)
    desk = evidence_of(store, hub_key(store.settings), library=LIBRARY, adapters=office.adapters, clock=office.clock)
    named, other = (
        desk.reads.record(actor="staff/agus", what="bundle", subject=f"case/{case}", reason=reason)
        for reason in ("Pengaduan siti contoh tanggal 2 Maret", "Sengketa contoh antara dua instansi")
    )
    erased(office)
    kept = {row.id: row for row in store.reader.restricted_reads()}
    assert (kept[named.id].reason, kept[other.id].reason) == ("", other.reason)
    assert all(desk.reads.stands(row) for row in kept.values())


def test_a_reconciliation_says_erased_with_the_leaf_that_proves_it(office: Stage) -> None:
    store, today = office.hub.store, office.clock().date()
    (answered,) = office.exchanges("dpupr")
    erased(office)
    integrate(office)
    reconciling = Reconciling(
        reader=store.reader,
        vault=store.vault,
        unit_of_work=store.unit_of_work,
        leaves=store.leaves,
        clock=office.clock,
        new_id=new_id,
    )
    wanted = Wanted(agency="dpupr", first=today, last=today, source="staff", actor="staff/agus")
    said = f"message_id,sha256\n{answered.message_id},{'0' * 64}\n".encode()
    row = reconciling.run(wanted, [said])
    lines = list(lines_of(store.reader, row, at=office.clock()))
    assert {each["state"] for each in lines if each.get("exchange")} == {"erased"}
    (leaf,) = store.reader.erased(f"case/{case_id(office)}")
    for each in lines:
        assert {"leaf": leaf.hash.hex(), "index": leaf.tree_index} in each["proof"]


def test_a_file_of_records_that_named_the_person_loses_its_bytes_and_is_no_damage(stage: Stage) -> None:
    for who in (RINA, AGUS):
        row = {"id": who.id, "name": who.name, "title": who.title}
        stage.hub.store.unit_of_work.commit(Plan.of(Claim(StaffRow, ("id",), row)))
    case = charged(stage, ONE)
    assert pay(stage, ONE, "R-16").status == 200
    goes_over(stage)
    nik = str(stage.case(case).applicant.nik)
    settle(stage, "2026-11-15", line(ONE, "R-16"))
    (batch,) = stage.hub.store.reader.batches()
    stage.clock.advance(days=1)
    settle(stage, "2026-11-16", line("999", nik), line("998", "R-77"))  # it names no case, and knows the person
    other = stage.hub.store.reader.batches(1)[0]
    assert nik.encode() in file_of(stage, other)
    over = [
        Update(DeliveryRow, {"id": each.id}, {}, {"state": "answered"})
        for each in stage.hub.store.reader.deliveries(case_id=case)
    ]
    ended = Update(CaseRow, {"id": case}, {}, {"ended": True})
    stage.hub.store.unit_of_work.commit(Plan((ended, *over)))
    assert [each.id for each in stage.hub.store.reader.batches_naming(case)] == [batch.id]
    heard: list[tuple[int, int]] = []
    erased(stage, Order(basis=Basis.REQUESTED, reason=WHY, case_id=case), lambda *files: heard.append(files))
    assert heard == [(1, 2), (2, 2)]
    assert stage.hub.store.reader.piece_keys(batch.id, 1) == []
    said = file_of(stage, other)
    assert (nik.encode() in said, b"0" * len(nik) in said, b"R-77" in said) == (False, True, True)
    integrate(stage)
    assert verified(stage).ledger.parts_erased > 0
    for each in (batch, other):
        (told,) = stage.hub.store.reader.erased(f"file/{each.id}")
    stage.hub.store.unit_of_work.commit(Plan.of(Delete(ErasedRow, {"leaf": told.id})))
    with pytest.raises(LedgerBroken) as caught:
        verified(stage)
    assert caught.value.code == "part-differs"
