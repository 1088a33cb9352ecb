"""An office of which a person's data are erased, and what tests of that ask."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.domain.errors import GatewayError
from gateway.machine import new_id
from gateway.operations.erasing.knowing import Told, silent
from gateway.operations.erasing.orders import Basis, Order, Orders
from gateway.operations.ledger_export import StoreVerdict, verify_store
from gateway.operations.retention.holds import Holds
from gateway.store.plan import Claim, Plan
from gateway.store.tables import BatchRow, StaffRow
from tests.databases import Behind
from tests.exchange import voices
from tests.exchange.stage import AGUS, RINA, Stage

NIK = "9999014506900001"
PERSONAL = (NIK, "Siti Contoh", "081200000017", "6281200000017", "siti@contoh.example", "Jalan Contoh")
WHY = "Permintaan tertulis nomor 17/2026"
ORDER = Order(basis=Basis.REQUESTED, reason=WHY, nik=NIK)


def with_ended_case(stage: Stage) -> Stage:
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


def said(call: object) -> str:
    """The code of what a reader refuses; "" for one that answers."""
    assert callable(call)
    try:
        call()
    except GatewayError as error:
        return error.code
    return ""


def holds(stage: Stage) -> Holds:
    store = stage.hub.store
    return Holds(reader=store.reader, vault=store.vault, unit_of_work=store.unit_of_work, leaves=store.leaves)


def without_journal(stage: Stage) -> Iterator[None]:
    """The journal lies beside the keys, which all tests share: none of another test is there, and none stays."""
    assert not stage.settings.erasure_journal_file.exists()
    yield
    stage.settings.erasure_journal_file.unlink(missing_ok=True)
