"""The admin API: who may use it, what it shows, what it changes; and that it shows nothing about persons."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from conformance.receipts.judge import Trusted, judge
from gateway.domain import events as e
from gateway.edge.parts import COOKIE, token_hash
from gateway.ledger.leaf import LeafKind
from gateway.office.signing import PinStep
from gateway.store.plan import Claim, Insert, Update
from gateway.store.tables import AttemptRow, ExchangeRow, PartRow, TokenRow
from tests.edge.visitors import Visitor
from tests.office.house import AGUS, DAY, DEWI, RINA, House
from tests.store import rows

PERSONAL = ("9999014506900001", "Siti", "081200000017", "+62812", "siti@", "Jalan Contoh", "Dewi", "token-of")


def put_exchange(house: House, number: int, minute: float = 0, **values: Any) -> str:
    """Put an exchange of the stored shape, with two parts and an attempt."""
    row = {**rows.exchange(number, minute), "at": house.clock() + timedelta(minutes=minute), **values}
    part = {"exchange": row["id"], "name": "request", "body": b"<a>Siti Contoh</a>"}
    attempt = {"delivery": row["id"], "number": 1, "fence": 1, "started_at": house.clock(), "outcome": "answered"}
    house.commit(Insert(ExchangeRow, row), Insert(PartRow, part), Insert(AttemptRow, attempt))
    return str(row["id"])


# --- who ----------------------------------------------------------------------------------------------------------

PLACES = (
    "/admin/v1/cases",
    "/admin/v1/exchanges",
    "/admin/v1/batches",
    "/admin/v1/dead-letters",
    "/admin/v1/deliveries",
    "/admin/v1/deliveries/overdue",
    "/admin/v1/endpoints",
    "/admin/v1/ledger/head",
    "/admin/v1/health",
)


@pytest.mark.parametrize("path", PLACES)
def test_without_a_token_nothing_is_shown(visitor: Visitor, path: str) -> None:
    problem = visitor.refused("GET", path, None)
    assert (problem.status, problem.code, problem.clause) == (401, "token-missing", "Pasal 20 d")
    assert visitor.client.get(path).headers["www-authenticate"]
    assert visitor.get(path) is not None


@pytest.mark.parametrize(
    "authorization", ["Bearer x", "Bearer ", "Basic dG9rZW4=", "token-of-agus", "bearer token-of-agus"]
)
def test_what_is_no_known_token_is_refused(visitor: Visitor, authorization: str) -> None:
    answer = visitor.client.get("/admin/v1/cases", headers={"Authorization": authorization})
    assert (answer.status_code, answer.json()["code"]) in ((401, "token-wrong"), (401, "token-missing"))


def test_an_unknown_token_and_a_revoked_one_are_the_same_refusal(house: House, visitor: Visitor) -> None:
    unknown = visitor.refused("GET", "/admin/v1/cases", "nobody")
    house.commit(Update(TokenRow, {"hash": token_hash("token-of-agus")}, {}, {"revoked_at": house.clock()}))
    revoked = visitor.refused("GET", "/admin/v1/cases", AGUS)
    assert (unknown.status, unknown.code, unknown.body) == (401, "token-wrong", revoked.body)


def test_a_token_lasts_to_its_end_and_not_beyond(house: House, visitor: Visitor) -> None:
    house.clock.move(300 * DAY - timedelta(seconds=1))
    assert visitor.get("/admin/v1/cases") == {"items": [], "next": None}
    house.clock.move(timedelta(seconds=1))
    problem = visitor.refused("GET", "/admin/v1/cases", AGUS)
    assert (problem.status, problem.code) == (401, "token-expired")


def test_a_token_without_the_scope_is_told_which_one_is_needed(visitor: Visitor) -> None:
    problem = visitor.refused("GET", "/admin/v1/cases", RINA)
    assert (problem.status, problem.code) == (403, "scope-missing")
    assert "admin is needed" in problem.body["detail"]


def test_a_token_of_somebody_who_is_not_there_counts_for_nothing(house: House, visitor: Visitor) -> None:
    row = {"hash": token_hash("token-of-x"), "staff": "x", "scopes": "admin", "made_at": house.clock()}
    house.commit(Claim(TokenRow, ("hash",), {**row, "expires_at": house.clock() + DAY}))
    assert visitor.refused("GET", "/admin/v1/cases", "x").code == "token-wrong"


def test_the_consoles_cookie_is_as_good_as_the_header(visitor: Visitor) -> None:
    visitor.client.cookies.set(COOKIE, "token-of-agus")
    assert visitor.get("/admin/v1/cases", by=None)["items"] == []


# --- cases --------------------------------------------------------------------------------------------------------


def test_cases_come_newest_first_in_pages(house: House, visitor: Visitor) -> None:
    ids = []
    for _ in range(5):
        ids.append(house.registered().id)
        house.clock.move(timedelta(minutes=1))
    seen, before, pages = [], None, 0
    while pages == 0 or before:
        page = visitor.get("/admin/v1/cases", limit=2, **({"before": before} if before else {}))
        seen += [each["id"] for each in page["items"]]
        before, pages = page["next"], pages + 1
    assert (seen, pages) == (ids[::-1], 3)


def test_cases_of_one_instant_are_each_shown_once(house: House, visitor: Visitor) -> None:
    ids = {house.registered().id for _ in range(3)}
    first = visitor.get("/admin/v1/cases", limit=2)
    second = visitor.get("/admin/v1/cases", limit=2, before=first["next"])
    shown = [each["id"] for page in (first, second) for each in page["items"]]
    assert (len(shown), set(shown)) == (3, ids)


@pytest.mark.parametrize(
    "before",
    ["yesterday", "~", "2026-99-01T00:00:00%2B00:00~x", "0001-01-01T00:00:00%2B14:00~x", "9999-12-31T23:59:59-14:00~x"],
)
def test_a_cursor_that_is_none_of_ours_is_refused(visitor: Visitor, before: str) -> None:
    problem = visitor.refused("GET", f"/admin/v1/cases?before={before}", AGUS)
    assert (problem.status, problem.code) == (400, "cursor-malformed")


@pytest.mark.parametrize("before", ["2026-11-24T03:00:00~x", "2026-11-24T03:00:00 00:00~x"])
def test_a_cursor_whose_plus_was_lost_on_the_way_is_refused(visitor: Visitor, before: str) -> None:
    assert visitor.refused("GET", f"/admin/v1/cases?before={before}", AGUS).code == "cursor-malformed"


@pytest.mark.parametrize("limit", ["0", "201", "many"])
def test_a_page_has_1_to_200_entries(visitor: Visitor, limit: str) -> None:
    problem = visitor.refused("GET", f"/admin/v1/cases?limit={limit}", AGUS)
    assert (problem.status, problem.body["violations"][0]["path"]) == (422, "/query/limit")
    assert visitor.get("/admin/v1/cases", limit=200)["items"] == []


def test_a_case_is_found_by_a_name_that_outsiders_have_for_it(house: House, visitor: Visitor) -> None:
    case = house.gateway.deeds.complete(house.registered().id, house.officer(RINA))
    house.registered()
    found = visitor.get("/admin/v1/cases", reference="tanda-terima:000001/TT/2026")
    assert ([each["id"] for each in found["items"]], found["next"]) == ([case.id], None)
    for wrong in ("tanda-terima:000002/TT/2026", "nib:000001/TT/2026", "x", ":", ""):
        assert visitor.get("/admin/v1/cases", reference=wrong)["items"] == []


def test_one_case_shows_its_facts_and_deliveries_by_kind_and_time(house: House, visitor: Visitor) -> None:
    case = house.gateway.deeds.complete(house.registered().id, house.officer(RINA))
    shown = visitor.get(f"/admin/v1/cases/{case.id}")
    assert (shown["stage"], shown["version"], shown["openedAt"]) == ("complete", 2, "2026-11-24T03:00:00.000Z")
    assert [each["kind"] for each in shown["facts"]] == ["ApplicationRegistered", "ApplicationCompleted"]
    assert {each["agency"] for each in shown["deliveries"]} == {"dukcapil", "sms"}
    problem = visitor.refused("GET", "/admin/v1/cases/K-2026-XXXXXXXX", AGUS)
    assert (problem.status, problem.code) == (404, "case-unknown")


# --- exchanges ----------------------------------------------------------------------------------------------------


def test_exchanges_are_filtered_by_case_and_agency_and_paged(house: House, visitor: Visitor) -> None:
    first = put_exchange(house, 1, 1, case_id="K-1")
    second = put_exchange(house, 2, 2, agency="bank")
    third = put_exchange(house, 3, 3, case_id="K-1")

    def ids(**params: Any) -> list[str]:
        return [each["id"] for each in visitor.get("/admin/v1/exchanges", **params)["items"]]

    assert ids() == [third, second, first]
    assert ids(case="K-1") == [third, first]
    assert ids(agency="bank") == [second]
    page = visitor.get("/admin/v1/exchanges", limit=2)
    assert ids(limit=2, before=page["next"]) == [first]


def test_an_exchange_shows_the_places_of_its_leaves_once_they_have_one(house: House, visitor: Visitor) -> None:
    name = put_exchange(house, 1)
    leaf = house.gateway.store.leaves.make(LeafKind.STAFF, at=house.clock(), actor="agency/dpupr", exchange=name)
    house.commit(leaf.row)
    assert visitor.get("/admin/v1/exchanges")["items"][0]["leaves"] == [None]
    size = visitor.get("/admin/v1/ledger/head")["pending"]
    house.gateway.integrator.run_once()
    assert visitor.get("/admin/v1/exchanges")["items"][0]["leaves"] == [size - 1]
    shown = visitor.get(f"/admin/v1/exchanges/{name}")
    assert shown["leaves"] == [size - 1]
    assert shown["parts"] == [{"name": "request", "bytes": 18}]
    assert [(each["number"], each["outcome"], each["endedAt"]) for each in shown["attempts"]] == [(1, "answered", None)]


@pytest.mark.parametrize("path", ["x-9", "x-9/receipt"])
def test_an_exchange_that_is_not_there_is_refused(visitor: Visitor, path: str) -> None:
    problem = visitor.refused("GET", f"/admin/v1/exchanges/{path}", AGUS)
    assert (problem.status, problem.code) == (404, "exchange-unknown")


def test_staff_download_the_receipt_of_an_exchange_once_its_leaves_have_their_places(
    house: House, visitor: Visitor
) -> None:
    name = put_exchange(house, 1)
    leaf = house.gateway.store.leaves.make(LeafKind.STAFF, at=house.clock(), actor="agency/dpupr", exchange=name)
    house.commit(leaf.row)
    path = f"/admin/v1/exchanges/{name}/receipt"
    early = visitor.refused("GET", path, AGUS)
    assert (early.status, early.code) == (503, "not-yet-in-ledger")
    house.gateway.integrator.run_once()
    answer = visitor.client.get(path, headers={"Authorization": "Bearer token-of-agus"})
    assert answer.headers["content-disposition"] == f'attachment; filename="receipt-{name}.json"'
    assert judge(answer.content, Trusted(keys=[house.gateway.store.note_key.verifier.encode()])).exchange == name


# --- ledger and agencies ------------------------------------------------------------------------------------------


def test_the_ledgers_head_is_its_last_signed_checkpoint(house: House, visitor: Visitor) -> None:
    head = visitor.get("/admin/v1/ledger/head")
    assert (head["size"], head["checkpoint"]) == (0, None)
    assert head["pending"] > 0
    house.gateway.integrator.run_once()
    placed = visitor.get("/admin/v1/ledger/head")
    assert (placed["size"], placed["pending"]) == (head["pending"], 0)
    assert placed["checkpoint"].startswith(f"simojo.mojokertokota.example/ledger\n{placed['size']}\n")


def test_agencies_are_listed_with_the_reason_of_a_suspension(house: House, visitor: Visitor) -> None:
    house.gateway.store.registry.suspend(house.gateway.adapters["bank"], "berbeda", "staff/agus")
    shown = {each["id"]: each["suspended"] for each in visitor.get("/admin/v1/agencies")["items"]}
    known = [each.id for each in house.gateway.store.reader.agencies()]
    assert "djp" in known
    assert shown == {**dict.fromkeys(known), "bank": "berbeda"}
    health = visitor.get("/admin/v1/health")
    # this hub was not started: on SQLite it leads all the same, on PostgreSQL nobody does
    leads = [] if (health["leader"] or "").startswith("hub ") else health["warnings"][:1]
    assert (health["ready"], health["warnings"]) == (True, [*leads, "agency bank is suspended: berbeda"])


def test_no_answer_has_personal_data(house: House, visitor: Visitor) -> None:
    case = house.told()
    house.pin(case, PinStep.APPROVE)
    name = put_exchange(house, 1, case_id=case.id)
    house.given_up(case)
    house.record(case, e.AttentionRaised(source="dukcapil", text="Siti Contoh tidak cocok"))
    paths = (*PLACES, "/admin/v1/agencies", f"/admin/v1/cases/{case.id}", f"/admin/v1/exchanges/{name}")
    said = json.dumps([visitor.get(path) for path in paths])
    assert case.id in said
    assert [word for word in PERSONAL if word in said] == []
    assert "Siti" in str(house.now(case).applicant)  # the words are there to be leaked
    assert "Dewi" in house.officer(DEWI).name
