"""A person's data erased (UU 27/2022): by two, whole, proven, replayed over a restored copy; and every reader copes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from gateway.app import evidence_of, receipts_of
from gateway.app.identity import hub_key
from gateway.domain.errors import GatewayError, LedgerBroken, Malformed, Refused
from gateway.ledger.leaf import Leaf, LeafKind
from gateway.ledger.verify import verify_export
from gateway.machine import new_id
from gateway.operations.erased import covered_of_case, says
from gateway.operations.erasing.knowing import Told, silent
from gateway.operations.erasing.obstacles import Found, obstacles
from gateway.operations.erasing.orders import Basis, Order, Orders
from gateway.operations.ledger_export import StoreVerdict, export_lines, verify_store
from gateway.operations.reconciling.results import lines_of
from gateway.operations.reconciling.running import Reconciling, Wanted
from gateway.operations.retention.holds import Holds
from gateway.store.plan import Claim, Committed, Delete, Insert, Outcome, Plan, Update
from gateway.store.reading import Reader
from gateway.store.sealing import PARTS
from gateway.store.tables import BatchRow, CaseRow, DataKeyRow, DeliveryRow, ErasedRow, ExchangeRow, PartRow, StaffRow
from tests.databases import Behind
from tests.exchange import voices
from tests.exchange.settling import settle
from tests.exchange.stage import AGUS, LIBRARY, RINA, Stage
from tests.exchange.test_settlement_file import ONE, charged, goes_over, line, pay

NIK = "9999014506900001"
PERSONAL = (NIK, "Siti Contoh", "081200000017", "6281200000017", "siti@contoh.example", "Jalan Contoh")
WHY = "Permintaan tertulis nomor 17/2026"
ORDER = Order(basis=Basis.REQUESTED, reason=WHY, nik=NIK)


@pytest.fixture
def office(stage: Stage) -> Stage:
    """A stage with staff, and one case that DPUPR has answered for and that was rejected: it has ended."""
    for who in (RINA, AGUS):
        row = {"id": who.id, "name": who.name, "title": who.title}
        stage.hub.store.unit_of_work.commit(Plan.of(Claim(StaffRow, ("id",), row)))
    delivery = stage.requested()
    voices.answer(stage, delivery)
    stage.hub.deeds.reject(delivery.case_id, AGUS, ["Tidak sesuai tata ruang"])
    stage.deliver()
    integrate(stage)
    return stage


def integrate(stage: Stage) -> None:
    while stage.hub.integrator.run_once():
        pass


def orders(stage: Stage) -> Orders:
    return Orders(stage.hub.store.erasing, new_id)


def erased(stage: Stage, order: Order = ORDER, told: Told = silent) -> str:
    """Proposed by Rina, approved by Agus; gives the erasure's id."""
    row = orders(stage).propose(order, "rina")
    assert orders(stage).approve(row.id, "agus", told).state == "done"
    return row.id


def case_id(stage: Stage) -> str:
    (case,) = stage.hub.store.reader.cases()
    return case.id


def verified(stage: Stage) -> StoreVerdict:
    store = stage.hub.store
    return verify_store(store.reader, store.vault, store.note_key.verifier)


def left(stage: Stage) -> set[str]:
    """What of the person is found in any value, or in SQLite's files."""
    with Behind(stage.settings.database_url) as behind:
        stored = behind.stored()
    return {word for word in PERSONAL for _, value in stored if word.encode() in value}


def file_of(stage: Stage, batch: BatchRow) -> bytes:
    found = stage.hub.store.reader.batch_piece(batch.id, "file", 0)
    assert found is not None
    return found[1]


@dataclass(frozen=True)
class Slipping:
    """A unit of work that lets something slip in."""

    commit: Callable[[Plan], Outcome]

    def close(self) -> None:
        """Nothing of its own."""


def said(call: object) -> str:
    """The code of what a reader refuses; "" for one that answers."""
    assert callable(call)
    try:
        call()
    except GatewayError as error:
        return error.code
    return ""


# --- who may, and when ------------------------------------------------------------------------------------------------


def test_who_proposes_does_not_approve_and_both_are_in_the_ledger(office: Stage) -> None:
    row = orders(office).propose(ORDER, "rina")
    with pytest.raises(Refused) as caught:
        orders(office).approve(row.id, "rina")
    assert caught.value.code == "second-person-needed"
    assert orders(office).approve(row.id, "agus").decided_by == "agus"
    integrate(office)
    leaves = [Leaf.parse(each.canonical) for each in office.hub.store.reader.leaves(0)]
    steps = [each.extra["step"] for each in leaves if each.extra.get("erasure") == row.id]
    assert steps == ["erasure-proposed", "erasure-approved"]
    (gone,) = [each for each in leaves if each.kind is LeafKind.ERASED]
    covered = covered_of_case(office.hub.store.reader, case_id(office))
    assert covered.leaves >= 8
    assert dict(gone.extra) == {"cause": "request", "scope": f"case/{case_id(office)}", **covered.told()}
    approved = next(each for each in leaves if each.extra.get("step") == "erasure-approved")
    assert (gone.exchange, gone.actor) == ("", approved.actor)


def test_it_is_refused_while_anything_is_still_to_be_done_for_the_person(stage: Stage) -> None:
    stage.hub.store.unit_of_work.commit(
        Plan.of(Claim(StaffRow, ("id",), {"id": "rina", "name": RINA.name, "title": RINA.title}))
    )
    case = stage.register()
    with pytest.raises(Refused) as caught:
        orders(stage).propose(ORDER, "rina")
    assert caught.value.code == "case-not-ended"
    stage.deliver()
    stage.hub.deeds.complete(case.id, RINA)
    stage.hub.deeds.reject(case.id, AGUS, ["Tidak lengkap"])
    with pytest.raises(Refused) as caught:
        orders(stage).propose(ORDER, "rina")
    assert caught.value.code == "delivery-unfinished"
    stage.deliver()
    assert orders(stage).propose(ORDER, "rina").state == "proposed"
    with pytest.raises(Refused) as caught:
        orders(stage).propose(ORDER, "rina")
    assert caught.value.code == "erasure-exists"


def holds(stage: Stage) -> Holds:
    store = stage.hub.store
    return Holds(reader=store.reader, vault=store.vault, unit_of_work=store.unit_of_work, leaves=store.leaves)


@pytest.mark.parametrize("of", ["case", "exchange"])
def test_what_is_held_for_evidence_is_not_erased_until_it_is_let_go(office: Stage, of: str) -> None:
    """UU 27/2022 Pasal 15(1)b: also where the hold comes between the proposal and the approval."""
    case, at = case_id(office), office.clock()
    subject = case if of == "case" else office.hub.store.reader.exchanges(case_id=case)[0].id
    row = orders(office).propose(ORDER, "rina")
    holds(office).hold(subject, "Sengketa di PTUN nomor 12", "staff/agus", at)
    with pytest.raises(Refused) as caught:
        orders(office).approve(row.id, "agus")
    assert caught.value.code == "held-for-evidence"
    assert all(word in str(caught.value) for word in (f"{of}/{subject}", f"simojo retention release {subject}"))
    assert "PTUN" not in str(caught.value)
    orders(office).refuse(row.id, "Ditahan untuk pembuktian", "agus")
    with pytest.raises(Refused) as caught:
        orders(office).propose(ORDER, "rina")
    assert caught.value.code == "held-for-evidence"
    assert office.case(case).applicant.name == "Siti Contoh"
    holds(office).let_go(subject, "staff/agus", at)
    assert erased(office)
    assert said(lambda: holds(office).hold(subject, "terlambat", "staff/agus", at)) == "erased"


def test_of_a_hold_and_an_approval_one_comes_first_and_the_other_finds_it(
    office: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    case, at = case_id(office), office.clock()
    row = orders(office).propose(ORDER, "rina")
    looked: list[str] = []

    def meanwhile(reader: Reader, cases: list[str], *, permit_is_answered: bool) -> Iterator[Found]:
        found = list(obstacles(reader, cases, permit_is_answered=permit_is_answered))
        if not looked:
            looked.append(holds(office).hold(case, "Sengketa di PTUN", "staff/agus", at))
        return iter(found)

    with monkeypatch.context() as patched:
        patched.setattr("gateway.operations.erasing.orders.obstacles", meanwhile)
        assert said(lambda: orders(office).approve(row.id, "agus")) == "held-for-evidence"
    holds(office).let_go(case, "staff/agus", at)
    with monkeypatch.context() as patched:
        patched.setattr("gateway.operations.erasing.carrying.Carrying.finish", lambda *_, **__: "")
        orders(office).approve(row.id, "agus")
    assert said(lambda: holds(office).hold(case, "terlambat", "staff/agus", at)) == "erasure-approved"


@pytest.mark.parametrize("reason", ["Permintaan SITI CONTOH sendiri", f"NIK {NIK}, surat 17"])
def test_a_reason_that_names_the_person_is_refused_since_it_is_kept(office: Stage, reason: str) -> None:
    with pytest.raises(Malformed) as caught:
        orders(office).propose(Order(basis=Basis.REQUESTED, reason=reason, case_id=case_id(office)), "rina")
    assert caught.value.code == "reason-names-person"


def test_a_refused_one_changes_nothing_and_may_be_proposed_anew(office: Stage) -> None:
    row = orders(office).propose(ORDER, "rina")
    assert orders(office).refuse(row.id, "Masih ada sengketa berjalan", "agus").state == "refused"
    with pytest.raises(Refused) as caught:
        orders(office).approve(row.id, "agus")
    assert caught.value.code == "erasure-state"
    assert office.case(case_id(office)).applicant.name == "Siti Contoh"
    assert erased(office)


# --- what is left -----------------------------------------------------------------------------------------------------


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


# --- broken off, and restored -----------------------------------------------------------------------------------------

STEPS = ("journal", "known", "destroy", "sweep", "compact")


@pytest.mark.parametrize("step", STEPS)
def test_whoever_dies_in_the_middle_leaves_what_the_next_start_ends(
    office: Stage, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = {
        "journal": "gateway.operations.erasing.journal.Journal.append",
        "known": "gateway.operations.erasing.carrying.blank_known",
        "destroy": "gateway.operations.erasing.carrying.destruction",
        "sweep": "gateway.operations.erasing.carrying.sweep",
        "compact": "gateway.operations.erasing.carrying.compact",
    }

    def dies(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    row = orders(office).propose(ORDER, "rina")
    with monkeypatch.context() as patched:
        patched.setattr(names[step], dies)
        with pytest.raises(KeyboardInterrupt):
            orders(office).approve(row.id, "agus")
    office.restart()
    done = office.hub.store.reader.erasure(row.id)
    assert done is not None
    assert (done.state, done.decided_by) == ("done", "agus")
    assert left(office) == set()
    integrate(office)
    assert verified(office).ledger.parts_erased > 20


def test_an_older_copy_that_is_restored_forgets_the_person_again_before_anybody_asks(office: Stage) -> None:
    """Copy, erase, restore the copy, start, search."""
    url = make_url(office.settings.database_url)
    if url.get_backend_name() != "sqlite":
        pytest.skip("the copy of a server's database is made by its own tools; the replay is the same")
    office.hub.stop()
    older = office.folder / "older.db"
    shutil.copyfile(str(url.database), older)
    office.hub = office.start()
    row = erased(office)
    office.hub.stop()
    for each in Path(str(url.database)).parent.glob(f"{Path(str(url.database)).name}*"):
        each.unlink()
    shutil.copyfile(older, str(url.database))
    office.hub = office.start()
    known = office.hub.store.reader.erasure(row)
    assert known is not None
    assert (known.state, known.decided_by) == ("done", "agus")
    assert left(office) == set()
    integrate(office)
    assert verified(office).ledger.parts_erased > 20
    assert said(lambda: office.case(case_id(office))) == "erased"


def test_a_copy_from_before_the_case_ended_sends_nothing_more(stage: Stage) -> None:
    """What was still to be sent in the older copy is not sent for somebody of whom nothing is kept."""
    case = stage.register()
    entry = stage.hub.store.erasing.journal
    (stage.settings.erasure_journal_file.parent).mkdir(exist_ok=True)
    key = stage.hub.store.reader.data_key(f"case/{case.id}")
    assert key is not None
    line = {"v": 1, "id": "e-1", "at": "2026-03-02T03:00:00+00:00", "dossier": key.under, "cases": [case.id]}
    with entry.path.open("a", encoding="utf-8") as file:
        file.write(json.dumps({**line, "basis": "requested", "by": ["rina", "agus"]}) + "\n" + '{"v": 1, "torn')
    stage.restart()
    assert stage.deliver() == 0
    assert left(stage) == set()
    integrate(stage)
    assert verified(stage).ledger.parts_erased > 0


def test_another_machines_journal_gets_what_this_one_destroyed(office: Stage) -> None:
    row = erased(office)
    journal = office.settings.erasure_journal_file
    assert not any(word in journal.read_text() for word in PERSONAL)
    journal.unlink()
    assert office.hub.store.erasing.run_once() is False
    office.restart()
    assert office.hub.store.erasing.journal.ids() == {row}


@pytest.fixture(autouse=True)
def no_journal_of_another_test(stage: Stage) -> Iterator[None]:
    assert not stage.settings.erasure_journal_file.exists()
    yield
    stage.settings.erasure_journal_file.unlink(missing_ok=True)


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


# --- what else speaks of the person -----------------------------------------------------------------------------------


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
