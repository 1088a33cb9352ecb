"""Reconciliation at the doors of staff: the admin API, and the console's pages in both languages."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest

from gateway.edge.console.reconciliation_texts import STATES, TEXTS
from gateway.edge.parts import COOKIE
from gateway.operations.reconciling.comparing import State
from gateway.store.plan import Insert
from gateway.store.tables import ExchangeRow, ReconciliationRow
from tests.edge.visitors import Visitor, _authorization
from tests.office.house import AGUS, RINA, House

ADMIN, PAGES = "/admin/v1/reconciliations", "/console/reconciliations"
EVIL = "<script>alert(1)</script>"
DIGEST = sha256(b"x").hexdigest()


@pytest.fixture
def inside(house: House, visitor: Visitor) -> Visitor:
    """Signed in as Agus, who may."""
    visitor.client.cookies.set(COOKIE, "token-of-agus")
    day = house.clock().date().isoformat()
    visitor.client.params = {}
    visitor.day = day  # type: ignore[attr-defined]  # for the forms below
    return visitor


def brought(visitor: Visitor, text: str, **fields: str) -> Any:
    day = visitor.day  # type: ignore[attr-defined]  # the fixture sets it
    form = {"agency": "dpupr", "from": day, "to": day, **fields}
    return visitor.client.post(
        PAGES, data=form, files={"file": ("daftar.csv", text.encode(), "text/csv")}, follow_redirects=False
    )


def test_a_list_is_compared_over_the_admin_api_and_read_whole_or_by_page(house: House, visitor: Visitor) -> None:
    day = house.clock().date().isoformat()
    address = f"{ADMIN}?agency=dpupr&from={day}&to={day}"
    body = f"message_id,sha256\nm-1,{DIGEST}\n=2+3,{DIGEST}\n"
    answer = visitor.client.post(address, content=body, headers=_authorization(AGUS))
    assert answer.status_code == 201, answer.text
    head = answer.json()
    assert (head["from"], head["to"], head["counts"]["missing-here"], head["unsettled"]) == (day, day, 2, 2)
    assert "Pasal 22 ayat (5)" in head["prevails"]
    one = f"{ADMIN}/{head['id']}"
    assert visitor.get(one) == head
    assert [each["id"] for each in visitor.get(ADMIN, agency="dpupr")["items"]] == [head["id"]]
    first = visitor.get(f"{one}/lines", limit=1, state="differences")
    assert [each["messageId"] for each in first["items"]] == ["m-1"]
    assert [each["number"] for each in visitor.get(f"{one}/lines", after=first["after"])["items"]] == [2]
    assert visitor.get(f"{one}/result.json")["lines"][1]["messageId"] == "=2+3"
    sheet = visitor.client.get(f"{one}/result.csv", headers=_authorization(AGUS))
    rows = list(csv.DictReader(io.StringIO(sheet.content.decode("utf-8-sig"))))
    assert [each["messageId"] for each in rows] == ["m-1", "'=2+3"]  # no sheet takes it for a formula
    settled = {"number": 1, "reason": "instansi salah hari"}
    assert visitor.refused("POST", f"{one}/settle", AGUS, settled).code == "own-list"
    house.employ("budi", scopes="admin")
    assert visitor.post(f"{one}/settle", "budi", settled)["unsettled"] == 1
    assert any("has 1 differences" in each for each in visitor.get("/admin/v1/health")["warnings"])


def test_who_may_not_and_what_is_not_there_is_refused(visitor: Visitor) -> None:
    assert visitor.refused("GET", ADMIN, RINA).status == 403
    assert visitor.refused("GET", ADMIN, None).status == 401
    assert visitor.refused("GET", f"{ADMIN}/none", AGUS).status == 404
    assert visitor.refused("POST", f"{ADMIN}?agency=x&from=2026-01-01&to=2026-01-01", AGUS).code == "list-unreadable"
    assert visitor.client.get(PAGES, follow_redirects=False).headers["location"] == "/console"


def test_the_pages_bring_a_list_in_show_its_differences_and_settle_them(house: House, inside: Visitor) -> None:
    assert "Belum ada rekonsiliasi" in inside.client.get(PAGES).text
    row: dict[str, Any] = {"id": "x-1", "direction": "in", "agency": "dpupr", "interaction": "technical-recommendation"}
    row |= {"message_id": EVIL, "verdict": "accepted", "at": house.clock()}
    house.commit(Insert(ExchangeRow, row))
    answer = brought(inside, f"message_id;sha256\r\nm-1;{DIGEST.upper()}\r\n")
    assert answer.status_code == 303, answer.text
    shown = inside.client.get(answer.headers["location"])
    assert "default-src 'none'" in shown.headers["content-security-policy"]
    assert "yang berlaku adalah catatan dalam SIMOJO" in shown.text
    assert shown.text.count('class="bad">tidak ada') == 2
    assert "<script>alert" not in shown.text
    english = inside.client.get(answer.headers["location"].replace("lang=id", "lang=en")).text
    assert "the record in SIMOJO prevails" in english
    address = answer.headers["location"].partition("?")[0]
    assert "Tidak ada baris" in inside.client.get(address, params={"state": "matched"}).text
    own = inside.client.post(f"{address}/settle", data={"number": "1", "reason": "salah hari"})
    assert (own.status_code, 'role="alert"' in own.text) == (403, True)
    house.employ("budi", scopes="admin")
    inside.client.cookies.set(COOKIE, "token-of-budi")
    inside.client.post(f"{address}/settle", data={"number": "1", "reason": "salah hari"})
    assert "<td>salah hari" in inside.client.get(address).text
    assert inside.client.get(f"{address}/result.csv").headers["content-type"] == "text/csv; charset=utf-8"
    assert re.search(r'<td class="bad">1<td>', inside.client.get(PAGES).text)


def test_a_list_that_cannot_be_read_is_told_on_the_page_and_what_was_chosen_stays(inside: Visitor) -> None:
    answer = brought(inside, "id,digest\n", agency="bank")
    assert answer.status_code == 400
    assert 'role="alert"' in answer.text
    assert "Daftar tidak dapat dibaca" in answer.text
    assert '<option value="bank" selected>' in answer.text
    assert inside.client.post(PAGES, data={"agency": "bank"}).status_code == 415
    assert brought(inside, "x", to="kemarin").status_code == 400


def test_one_file_of_records_is_named_in_the_place_of_days_and_a_broken_off_run_says_what_to_do(
    house: House, inside: Visitor
) -> None:
    unknown = brought(inside, f"record,sha256\n1,{DIGEST}\n", **{"from": "", "to": ""}, batch="x-9")
    assert (unknown.status_code, "Berkas rekaman tidak ditemukan" in unknown.text) == (404, True)
    assert 'name="batch" autocomplete="off" maxlength="64" value="x-9"' in unknown.text
    neither = brought(inside, f"message_id,sha256\nm-1,{DIGEST}\n", **{"from": "", "to": ""})
    assert (neither.status_code, "or the batch" in neither.text) == (400, True)
    assert inside.refused("POST", f"{ADMIN}?agency=dpupr&batch=x-9", AGUS).code == "list-unreadable"  # no header
    at = house.clock()
    row = ReconciliationRow(
        id="r-1", agency="dpupr", since=at, until=at, source="staff", actor="staff/agus", state="running", made_at=at,
        list_sha256=DIGEST, kept_until=at, batch="x-9",
    )  # fmt: skip
    house.commit(Insert(ReconciliationRow, row.model_dump()))
    assert "Sedang dibandingkan" in inside.client.get(f"{PAGES}/r-1").text
    house.clock.at += timedelta(seconds=121)
    house.gateway.reconciliations.run_once()
    assert "berkas rekaman x-9" in inside.client.get(PAGES).text
    assert "terputus: bandingkan lagi" in inside.client.get(PAGES).text
    assert "Bandingkan daftar yang sama sekali lagi" in inside.client.get(f"{PAGES}/r-1").text
    assert "the same list again" in inside.get(f"{ADMIN}/r-1")["toDo"]
    assert any("r-1 with dpupr" in each for each in inside.get("/admin/v1/health")["warnings"])


def test_both_languages_say_the_same_things() -> None:
    indonesian, english = TEXTS.values()
    assert set(indonesian) == set(english)
    assert [set(each) for each in STATES.values()] == [set(State)] * 2
