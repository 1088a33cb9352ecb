"""Erasures at the doors of staff: the admin API, the console's page in both languages, and the command line."""

from __future__ import annotations

import re
from typing import Any

import pytest

from gateway.domain.titles import Language
from gateway.edge.console.erasure_texts import BASES, TEXTS
from gateway.edge.parts import COOKIE, token_hash
from gateway.operations.erasing.orders import Basis
from gateway.store.plan import Update
from gateway.store.tables import DeliveryRow, TokenRow
from tests.edge.visitors import Visitor
from tests.office.house import AGUS, DEWI, RINA, House

ADMIN, PAGES = "/admin/v1/erasures", "/console/erasures"
WHY = "Permintaan tertulis nomor 17/2026"


@pytest.fixture
def inside(house: House, visitor: Visitor) -> Visitor:
    """Rina and Agus may erase; Agus is signed in."""
    for name in (RINA, AGUS):
        key = {"hash": token_hash(f"token-of-{name}")}
        house.commit(Update(TokenRow, key, {}, {"scopes": "office admin erase"}))
    visitor.client.cookies.set(COOKIE, "token-of-agus")
    return visitor


def over(house: House, case_id: str | None = None) -> str:
    """A case that was rejected, and of which nothing is to be sent."""
    case_id = case_id or house.recommended().id
    house.gateway.deeds.reject(case_id, house.officer(AGUS), ["Tidak sesuai tata ruang"])
    for row in house.gateway.store.reader.deliveries(case_id=case_id):
        house.commit(Update(DeliveryRow, {"id": row.id}, {}, {"state": "answered"}))
    return case_id


def sent(visitor: Visitor, path: str, **fields: str) -> Any:
    return visitor.client.post(path, data=fields, follow_redirects=False)


def test_two_members_of_staff_erase_over_the_admin_api(house: House, inside: Visitor) -> None:
    case_id = over(house)
    said = inside.post(ADMIN, RINA, {"case": case_id, "reason": WHY}, status=201)
    path = f"{ADMIN}/{said['id']}"
    assert inside.refused("POST", f"{path}/approve", RINA).code == "second-person-needed"
    assert inside.post(f"{path}/approve", AGUS)["state"] == "done"
    details = inside.get(path)
    assert [each["case"] for each in details["of"]] == [case_id]
    assert details["of"][0]["erased"] is not None
    assert (details["obstacles"], details["proposedBy"], details["decidedBy"]) == ([], RINA, AGUS)
    assert [each["id"] for each in inside.get(ADMIN)["items"]] == [said["id"]]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"reason": WHY}, "erasure-subject"),
        ({"reason": WHY, "nik": "9999014506900001", "case": "K-1"}, "erasure-subject"),
        ({"reason": WHY, "case": "K-2026-UNKNOWN"}, "case-unknown"),
        ({"reason": WHY, "nik": "9999014506900009"}, "dossier-unknown"),
        ({"reason": "kurang", "case": "K-1"}, "reason-missing"),
    ],
)
def test_an_order_that_cannot_be_followed_says_why(inside: Visitor, body: dict[str, str], code: str) -> None:
    problem = inside.refused("POST", ADMIN, AGUS, body)
    assert (problem.code, problem.status) == (code, 404 if code.endswith("-unknown") else 400)


def test_an_erasure_that_is_not_there_is_not_found(inside: Visitor) -> None:
    problem = inside.refused("GET", f"{ADMIN}/nope", AGUS)
    assert (problem.status, problem.body["title"]) == (404, "Penghapusan tidak ditemukan")
    page = inside.client.get(f"{PAGES}/nope/approve", headers={"Accept": "text/html"})
    assert (page.status_code, "<h2>Penghapusan tidak ditemukan</h2>" in page.text) == (404, True)


def test_the_scope_is_one_of_its_own(house: House, inside: Visitor) -> None:
    key = {"hash": token_hash(f"token-of-{DEWI}")}
    house.commit(Update(TokenRow, key, {}, {"scopes": "office admin unmask"}))
    assert inside.refused("POST", ADMIN, DEWI, {"reason": WHY, "case": "K-1"}).code == "scope-missing"
    assert inside.get(ADMIN, DEWI) == {"items": [], "next": None}


def test_the_page_proposes_keeps_nobodys_number_and_erases_what_another_proposed(house: House, inside: Visitor) -> None:
    empty = inside.client.get(PAGES)
    assert TEXTS[Language.INDONESIAN]["none"] in empty.text
    case_id = house.recommended().id
    early = sent(inside, PAGES, case=case_id, basis="requested", reason=WHY)
    assert (early.status_code, case_id in early.text, WHY in early.text) == (409, True, True)
    assert re.search(r'name="nik"[^>]*value=', early.text) is None
    over(house, case_id)
    assert sent(inside, PAGES, case=case_id, basis="requested", reason=WHY).status_code == 303
    (row,) = house.gateway.store.reader.erasures()
    path, typed = f"{PAGES}/{row.id}/approve", row.id[-8:]
    own = sent(inside, path, confirm=typed)
    assert (own.status_code < 500, "tidak dapat menyetujuinya" in own.text) == (True, True)
    inside.client.cookies.set(COOKIE, "token-of-rina")
    page = inside.client.get(f"{PAGES}?lang=en").text
    assert f'href="{path}?lang=en"' in page
    asking = inside.client.get(f"{path}?lang=en").text
    assert f"<b>{typed}</b>" in asking
    assert case_id in asking
    assert TEXTS[Language.ENGLISH]["no_way_back"] in asking
    for said in ({}, {"confirm": row.id[:8]}):  # one press, as another page may make a browser do, erases nothing
        unsure = sent(inside, path, **said)
        assert (unsure.status_code, "Penegasan tidak cocok" in unsure.text) == (400, True)
    assert not house.gateway.store.reader.erased(f"case/{case_id}")
    assert sent(inside, path, confirm=typed).status_code == 303
    assert "<form" not in inside.client.get(path).text  # decided: nothing more to press
    assert TEXTS[Language.INDONESIAN]["done"] in inside.client.get(PAGES).text
    assert house.gateway.store.reader.erased(f"case/{case_id}")


def test_both_languages_say_the_same_things() -> None:
    assert TEXTS[Language.INDONESIAN].keys() == TEXTS[Language.ENGLISH].keys()
    assert set(BASES[Language.INDONESIAN]) == set(BASES[Language.ENGLISH]) == set(Basis)
