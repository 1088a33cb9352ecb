"""Files of records in the admin API: how far they are, and nothing of what is in them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from gateway.store.plan import Insert
from gateway.store.tables import BatchHeldRow, BatchRow
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
