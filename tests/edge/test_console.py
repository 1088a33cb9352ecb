"""The console: signing in, what is shown in both languages, that what others wrote stays text, and its headers."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from gateway.domain.case import Stage
from gateway.domain.titles import Language
from gateway.edge.console.texts import TEXTS, WORDS
from gateway.edge.parts import COOKIE
from gateway.ledger.leaf import LeafKind
from gateway.store.plan import Claim, Insert, Update
from gateway.store.tables import AgencyRow, CaseRow, DeliveryRow, ExchangeRow
from tests.edge.visitors import Visitor
from tests.office.house import House
from tests.store import rows

EVIL = '<script>alert("x")</script>'


@pytest.fixture
def inside(visitor: Visitor) -> Visitor:
    """Signed in as Agus, who may."""
    visitor.client.cookies.set(COOKIE, "token-of-agus")
    return visitor


def page(visitor: Visitor, path: str = "/console", **headers: str) -> str:
    answer = visitor.client.get(path, headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    return answer.text


# --- signing in ---------------------------------------------------------------------------------------------------


def test_the_root_leads_to_the_console(visitor: Visitor) -> None:
    answer = visitor.client.get("/", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/console")


def test_whoever_is_not_signed_in_sees_the_sign_in_page_and_nothing_else(house: House, visitor: Visitor) -> None:
    case = house.registered()
    shown = page(visitor)
    assert '<input id="token" name="token" type="password"' in shown
    assert 'role="alert"' not in shown
    assert case.id not in shown


def test_a_token_signs_in_by_a_cookie_that_scripts_cannot_read(house: House, visitor: Visitor) -> None:
    case = house.registered()
    answer = visitor.client.post("/console/sign-in", data={"token": " token-of-agus "}, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/console")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"{COOKIE}=token-of-agus;")
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= {part.strip() for part in cookie.split(";")}
    assert "Secure" not in cookie  # this test speaks plain HTTP
    assert case.id in page(visitor)


def test_over_https_the_cookie_is_for_https_alone(house: House) -> None:
    client = TestClient(house.gateway.api, base_url="https://hub.example")
    answer = client.post("/console/sign-in", data={"token": "token-of-agus"}, follow_redirects=False)
    assert "Secure" in answer.headers["set-cookie"]


@pytest.mark.parametrize("token", ["salah", "token-of-rina", "€ %0d%0aX: 1", "", "a;b=c", "x" * 4000])
def test_a_token_that_does_not_count_is_told_so_in_both_languages(visitor: Visitor, token: str) -> None:
    answer = visitor.client.post("/console/sign-in", data={"token": token}, follow_redirects=False)
    assert (answer.status_code, "set-cookie" in answer.headers) == (401, False)
    assert "Token tidak dikenal, kedaluwarsa, atau tanpa hak admin." in answer.text
    english = visitor.client.post("/console/sign-in?lang=en", data={"token": token})
    assert "The token is not known, has expired, or lacks the scope admin." in english.text


def test_a_form_that_is_too_large_is_refused(visitor: Visitor) -> None:
    problem = visitor.client.post("/console/sign-in", data={"token": "x" * 5000})
    assert (problem.status_code, problem.json()["code"]) == (413, "body-too-large")


def test_signing_out_forgets_the_token(inside: Visitor) -> None:
    assert "<table>" not in page(inside)
    assert "sign-out" in page(inside)
    answer = inside.client.post("/console/sign-out", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/console")
    assert f'{COOKIE}=""' in answer.headers["set-cookie"]
    assert "Max-Age=0" in answer.headers["set-cookie"]


def test_the_changing_part_is_not_for_strangers(inside: Visitor) -> None:
    assert "<html" not in page(inside, "/console/live")
    inside.client.cookies.clear()
    assert inside.refused("GET", "/console/live", None).code == "token-missing"


# --- what is shown ------------------------------------------------------------------------------------------------


def test_an_empty_hub_says_what_will_come_in_indonesian_first(inside: Visitor) -> None:
    shown = page(inside)
    assert '<html lang="id">' in shown
    assert "Belum ada berkas izin." in shown
    assert "Belum ada pertukaran." in shown


@pytest.mark.parametrize(
    ("path", "headers"),
    [("/console?lang=en", {}), ("/console", {"Accept-Language": "en-GB, id;q=0.5"})],
    ids=["asked", "preferred"],
)
def test_an_empty_hub_in_english(inside: Visitor, path: str, headers: dict[str, str]) -> None:
    shown = page(inside, path, **headers)
    assert '<html lang="en">' in shown
    assert "No permit case yet." in shown
    assert "No exchange yet." in shown


def test_another_language_is_the_offices_own(inside: Visitor) -> None:
    assert '<html lang="id">' in page(inside, "/console?lang=fr")
    assert '<html lang="id">' in page(inside, "/console?lang=id", **{"Accept-Language": "en"})


def test_cases_exchanges_and_counts_in_both_languages(house: House, inside: Visitor) -> None:
    case = house.prepared()
    put_exchange(house, verdict="refused", code="schema-violation", case_id=case.id)
    house.gateway.integrator.run_once()
    shown = page(inside)
    size = house.gateway.store.reader.tree_size()
    for text in (case.id, "001/KRK/XI/2026", "siap ditandatangani", "24-11-2026 10:00:00", "masuk",
                 "ditolak (schema-violation)", f"Buku catatan: <b>{size}</b> entri, 0 menunggu"):  # fmt: skip
        assert text in shown
    english = page(inside, "/console?lang=en")
    for text in ("prepared", "refused (schema-violation)", f"Ledger: <b>{size}</b> entries, 0 pending"):
        assert text in english


def test_an_exchange_shows_where_its_leaves_are(house: House, inside: Visitor) -> None:
    name = put_exchange(house)
    house.gateway.integrator.run_once()
    place = house.gateway.store.reader.tree_size()
    for _ in range(2):
        house.commit(house.gateway.store.leaves.make(LeafKind.STAFF, at=house.clock(), exchange=name).row)
    house.gateway.integrator.run_once()
    assert f"<td>{place}, {place + 1}</tr>" in page(inside, "/console/live")


def test_what_needs_a_person_stands_out(house: House, inside: Visitor) -> None:
    assert 'class="bad"' not in page(inside)
    case = house.registered()
    row = house.gateway.store.reader.deliveries(case_id=case.id)[0]
    house.commit(
        Update(DeliveryRow, {"id": row.id}, {}, {"state": "dead", "outcome": "refused", "cause": "HTTP 404"}),
        Update(AgencyRow, {"id": "bank"}, {}, {"suspended": "berbeda"}),
    )
    shown = page(inside)
    assert '<li class="bad">Surat mati: <b>1</b></li>' in shown
    assert f"<td>{row.id}<td>" in shown
    assert '<td class="bad">ditolak<td class="text">HTTP 404' in shown
    assert '<li class="bad">Instansi ditangguhkan: <b>bank</b></li>' in shown


def test_no_page_has_personal_data(house: House, inside: Visitor) -> None:
    case = house.told()
    shown = page(inside)
    assert case.id in shown
    assert [word for word in ("Siti", "9999014506900001", "81200000017", "Jalan") if word in shown] == []


# --- safety -------------------------------------------------------------------------------------------------------


def test_what_others_wrote_is_text_and_never_markup(house: House, inside: Visitor) -> None:
    put_exchange(house, agency=EVIL, code=EVIL, case_id=EVIL, verdict=EVIL)
    at = house.clock()
    house.commit(
        Claim(CaseRow, ("id",), {**rows.case(1, 0), "id": EVIL, "service": EVIL, "stage": EVIL, "opened_at": at,
                                 "changed_at": at, "body": '{"reserved_number": "</td><b>1</b>"}'}),
        Insert(AgencyRow, {"id": f"a{EVIL}", "name": "x", "kind": "opd", "suspended": "x"}),
    )  # fmt: skip
    shown = page(inside)
    assert "<script>alert" not in shown
    assert "&lt;script&gt;alert" in shown
    assert shown.count("<script") == 1  # the page's own
    assert "<b>1</b>" not in shown.replace("Surat mati: <b>1</b>", "")


@pytest.mark.parametrize("path", ["/console", "/console/live", "/console?lang=en"])
def test_pages_forbid_what_they_do_not_need(inside: Visitor, path: str) -> None:
    headers = inside.client.get(path).headers
    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    assert policy == {
        "default-src": "'none'",
        "style-src": "'self'",
        "script-src": "'self'",
        "connect-src": "'self'",
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }
    assert (headers["x-frame-options"], headers["x-content-type-options"]) == ("DENY", "nosniff")
    assert (headers["cache-control"], headers["referrer-policy"]) == ("no-store", "same-origin")


def test_pages_have_no_script_or_style_of_their_own_and_nothing_from_elsewhere(house: House, inside: Visitor) -> None:
    house.registered()
    shown = page(inside)
    for mark in ("style=", "<style", "onclick", "http://", "https://", "javascript:"):
        assert mark not in shown


def test_style_and_script_are_served_and_nothing_else_is(inside: Visitor) -> None:
    assert inside.client.get("/console/static/console.css").headers["content-type"].startswith("text/css")
    assert inside.client.get("/console/static/console.js").headers["content-type"].startswith("text/javascript")
    for name in ("routes.py", "..%2froutes.py", "", "console.css/x"):
        assert inside.client.get(f"/console/static/{name}").status_code == 404


def put_exchange(house: House, **values: Any) -> str:
    row = {**rows.exchange(1, 0), "at": house.clock(), **values}
    house.commit(Insert(ExchangeRow, row))
    return str(row["id"])


def test_a_case_of_every_stage_has_an_indonesian_word() -> None:
    assert {stage.value for stage in Stage} <= set(WORDS[Language.INDONESIAN])
    assert set(TEXTS[Language.INDONESIAN]) == set(TEXTS[Language.ENGLISH])
