"""Messages whose agreed time of keeping is over, as agencies and evidence meet them: a sentence, never a fault."""

from __future__ import annotations

import json
from datetime import timedelta
from zipfile import ZipFile

import pytest

from gateway.app import evidence_of, receipts_of, retention_of
from gateway.app.identity import hub_key
from gateway.domain.errors import HubBusy, Refused
from gateway.operations.evidence.desk import Unmasking
from gateway.operations.ledger_export import verify_store
from gateway.operations.retention import running
from gateway.operations.retention.judging import Verdict
from gateway.operations.retention.running import Retention, Tally
from tests.exchange import pasar, voices
from tests.exchange.stage import AGUS, LIBRARY, Stage
from tests.operations.test_retention import Mortal


def run(stage: Stage, years: float = 11) -> Tally:
    tally = Tally()
    for tally in retention_of(stage.hub.store).portions(stage.clock() + timedelta(days=365 * years)):  # noqa: B007 - the last tells
        pass
    while stage.hub.integrator.run_once():
        pass
    return tally


def test_what_was_said_ten_years_ago_is_gone_and_whoever_asks_hears_so(stage: Stage) -> None:
    """DPUPR answered, the case was rejected: its exchanges go; a message that comes again is known, with its leaf."""
    store = stage.hub.store
    delivery = stage.requested()
    assert voices.answer(stage, delivery).status == 200
    assert run(stage).exchanges[Verdict.GOES] == 0  # the case is open
    stage.hub.deeds.reject(delivery.case_id, AGUS, ["Tidak sesuai tata ruang"])
    while stage.deliver():
        pass
    assert run(stage, 9).exchanges[Verdict.GOES] == 0
    receipts = receipts_of(store, hub_key(store.settings))
    rows = store.reader.exchanges(case_id=delivery.case_id)
    before = {row.id: json.loads(receipts.make(row)) for row in rows}
    done = run(stage)
    assert done.exchanges[Verdict.GOES] == len(rows) >= 4
    verdict = verify_store(store.reader, store.vault, store.note_key.verifier)
    assert verdict.ledger.parts_erased > 0
    for row in rows:  # what proves that it was said stays
        assert json.loads(receipts.make(row))["salts"] == before[row.id]["salts"]
        with pytest.raises(Refused):
            store.reader.parts(row.id)
    desk = evidence_of(store, hub_key(store.settings), library=LIBRARY, adapters=stage.adapters, clock=stage.clock)
    with (stage.folder / "bukti.asice").open("wb") as sink:
        desk.export(
            desk.subject("case", delivery.case_id), sink, Unmasking(actor="staff/agus", reason="Sengketa nomor 12")
        )
    with ZipFile(stage.folder / "bukti.asice") as bundle:
        told = json.loads(bundle.read("evidence.json"))
        page = bundle.read("bukti.html").decode()
    assert {each["erased"] for each in told["exchanges"]} == {True}  # of the case nothing else is gone
    assert (told["case"]["erased"], "Isi pertukaran ini dihapus" in page) == (False, True)
    assert all(part["file"] is None for each in told["exchanges"] for part in each["parts"])
    again = voices.answer(stage, delivery)
    (leaf,) = store.reader.erased("agreement/dpupr-2026")
    assert again.status == 400
    assert b"masa simpan berakhir: isi pertukaran" in again.body
    assert leaf.hash.hex().encode() in again.body
    assert stage.case(delivery.case_id).ended  # the case itself is under no agreement: it stays


def test_a_file_goes_with_its_results_and_the_ledger_is_whole_wherever_that_is_broken_off(
    market: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "ROWS", 1)
    pasar.registered(market, "R-1")
    records = [{"number": "R-1", "note": str(each)} for each in range(5)]
    address = pasar.delivered(market, pasar.written("jsonl", records), len(records))
    pasar.work(market)
    store, batch = market.hub.store, pasar.batch(market).id
    assert store.reader.piece_keys(batch, 10)
    at = market.clock() + timedelta(days=365 * 11)
    deaths = 0
    while True:
        mortal = Mortal(store.unit_of_work)
        try:
            for _tally in Retention(reader=store.reader, unit_of_work=mortal, leaves=store.leaves).portions(at):
                pass
        except HubBusy:
            deaths += 1
            while market.hub.integrator.run_once():
                pass
            verify_store(store.reader, store.vault, store.note_key.verifier)
        else:
            break
    assert deaths >= 6
    assert store.reader.piece_keys(batch, 10) == []
    for path in (address, f"{address}/result"):
        said = pasar.ask(market, "GET", path)
        assert 400 <= said.status_code < 500
        assert "masa simpan berakhir" in said.text
