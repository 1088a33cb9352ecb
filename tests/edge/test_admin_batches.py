"""Files of records in the admin API: how far they are, and nothing of what is in them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from gateway.store.plan import Insert
from gateway.store.tables import BatchHeldRow, BatchNamedRow, BatchPieceRow, BatchRow
from gateway.validation.agreement_file import packaged_agreements, read_agreement
from tests.batch.kasda import AGREEMENT, KASDA
from tests.edge.visitors import Visitor
from tests.office.house import AGUS, House


def put(house: House, number: int, **values: Any) -> None:
    row = {
        "id": f"b-{number}",
        "agency": "bank",
        "interaction": "settlement",
        "name": f"setelmen-{number}",
        "agreement": "bank-2026",
        "agreement_version": "1.1",
        "manifest": "{}",
        "format": "csv",
        "size": 120,
        "sha256": "0" * 64,
        "records": 9,
        "token": "",
        "state": "completed",
        "made_at": house.clock() + timedelta(minutes=number),
        "due_at": house.clock(),
        **values,
    }
    house.commit(Insert(BatchRow, BatchRow(**row).model_dump()))


def test_batches_are_shown_by_page_and_one_with_what_is_put_aside(house: House, visitor: Visitor) -> None:
    for number in (1, 2, 3):
        put(house, number)
    put(house, 4, state="reading", read=5, held=1, cause="menunggu")
    held = {"batch": "b-4", "number": 4, "body": '{"name":"Siti"}', "tries": 2, "due_at": house.clock(), "cause": "x"}
    house.commit(Insert(BatchHeldRow, held))
    first = visitor.get("/admin/v1/batches", limit=3)
    assert [each["id"] for each in first["items"]] == ["b-4", "b-3", "b-2"]
    rest = visitor.get("/admin/v1/batches", limit=3, before=first["next"])
    assert [each["id"] for each in rest["items"]] == ["b-1"]
    assert [each["id"] for each in visitor.get("/admin/v1/batches", state="reading")["items"]] == ["b-4"]
    one = visitor.get("/admin/v1/batches/b-4")
    assert (one["read"], one["records"], one["held"]) == (5, 9, 1)
    assert one["putAside"] == [{"number": 4, "tries": 2, "cause": "x"}]
    assert "Siti" not in str(one)
    assert any("waits: menunggu" in each for each in visitor.get("/admin/v1/health")["warnings"])
    assert visitor.refused("GET", "/admin/v1/batches/b-5", AGUS).status == 404
    assert visitor.post("/admin/v1/batches/b-4/redrive", AGUS, status=202) == {"redriven": 1}
    reason = {"reason": "adapter tidak dapat membacanya"}
    assert visitor.post("/admin/v1/batches/b-4/give-up", AGUS, reason, status=202) == {"givenUp": 1}
    (aside,) = visitor.get("/admin/v1/batches/b-4")["putAside"]
    assert (aside["tries"], aside["cause"]) == (0, reason["reason"])
    assert visitor.refused("POST", "/admin/v1/batches/b-4/redrive", AGUS).code == "nothing-put-aside"


def test_lines_of_which_staff_should_know_are_shown_by_page_and_one_sentence_says_that_there_are_some(
    house: House, visitor: Visitor
) -> None:
    said = (
        b"number,virtualAccountNo,partnerReferenceNo,bankReference,outcome,text\r\n1,88726,,R-1,matched,\r\n"
        b"2,88727,,R-2,unknown,tidak ada SKRD\r\n3,,Q-3,R-3,differs,tanyakan\r\n"
    )
    counts = {"accepted": 2, "declined": 1, "ended_at": house.clock()}
    put(house, 1, agreement_version="1.2", result_size=len(said), **counts)
    house.commit(Insert(BatchPieceRow, {"batch": "b-1", "side": "result", "position": 0, "body": said}))
    lines = visitor.get("/admin/v1/batches/b-1/lines")["items"]
    unknown = {"number": 2, "virtualAccountNo": "88727", "bankReference": "R-2", "outcome": "unknown"}
    assert lines[0] == {**unknown, "text": "tidak ada SKRD"}
    assert [each["number"] for each in lines] == [2, 3]
    assert [each["number"] for each in visitor.get("/admin/v1/batches/b-1/lines", skip=1)["items"]] == [3]
    (sentence,) = [each for each in visitor.get("/admin/v1/health")["warnings"] if "b-1" in each]
    assert "1 declined and 0 invalid records: see `simojo batch lines b-1`" in sentence
    missed = {"agency": "bank", "interaction": "settlement", "case_id": "K-2026-CONTOH01", "batch": "b-1"}
    house.commit(Insert(BatchNamedRow, {**missed, "is_named": False}))
    assert visitor.get("/admin/v1/batches/b-1")["casesNotNamed"] == ["K-2026-CONTOH01"]
    put(house, 2, agency="nobody")
    assert visitor.refused("GET", "/admin/v1/batches/b-2/lines", AGUS).code == "batch-not-served"
    assert visitor.refused("GET", "/admin/v1/batches/b-5/lines", AGUS).status == 404


def test_a_file_of_the_office_is_begun_and_a_stopped_one_goes_on(
    house: House, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(house.gateway.directory, "_adapters", {**house.gateway.adapters, "kasda": KASDA})
    head = packaged_agreements()["dpupr-2026"].partition("[[interaction]]")[0]
    agreement = read_agreement(head.replace("dpupr", "kasda") + AGREEMENT)
    registry = house.gateway.store.registry
    registry.import_agreement(agreement, KASDA, "staff/agus")
    registry.activate_for_development(agreement.id, agreement.version, "staff/agus")
    wanted = {"agency": "kasda", "interaction": "tunggakan", "from": "2026-03-01", "until": "2026-03-31"}
    begun = visitor.post("/admin/v1/batches", AGUS, {**wanted, "format": "xml", "name": "maret"}, 202)
    one = visitor.get(f"/admin/v1/batches/{begun['id']}")
    assert (one["direction"], one["state"], one["format"], one["leftOut"]) == ("out", "making", "xml", 0)
    assert visitor.refused("POST", "/admin/v1/batches", AGUS, {**wanted, "name": "maret"}).code == "batch-name-used"
    assert visitor.refused("POST", f"/admin/v1/batches/{begun['id']}/resume", AGUS).code == "batch-state"
    assert visitor.refused("POST", "/admin/v1/batches", AGUS, wanted).code == "schema-violation"  # it has no name
    not_ours = {"agency": "dpupr", "interaction": "technical-recommendation", "name": "april"}
    assert visitor.refused("POST", "/admin/v1/batches", AGUS, not_ours).code == "batch-not-ours"
    visitor.post(f"/admin/v1/batches/{begun['id']}/cancel", AGUS, {"reason": "salah bulan"}, 202)
    assert visitor.get(f"/admin/v1/batches/{begun['id']}")["endsAs"] == "cancelled"
    put(house, 9, direction="out", state="stopped", stopped_in="sending", cause="menolak")
    assert any("is stopped until" in each for each in visitor.get("/admin/v1/health")["warnings"])
    visitor.post("/admin/v1/batches/b-9/resume", AGUS, None, 202)
    assert visitor.get("/admin/v1/batches/b-9")["state"] == "announcing"
