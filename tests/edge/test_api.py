"""The web application as a whole: health, problems for what is at no address, and one description."""

from __future__ import annotations

from gateway.store.plan import Update
from gateway.store.tables import AgencyRow
from tests.edge.visitors import Visitor
from tests.office.house import House


def test_a_living_hub_says_so_to_anybody(visitor: Visitor) -> None:
    assert visitor.get("/health/live", by=None) == {"status": "live"}
    assert visitor.get("/health/ready", by=None) == {"status": "ready", "warnings": []}


def test_a_suspended_agency_is_a_warning_and_holds_up_nobody(house: House, visitor: Visitor) -> None:
    house.commit(Update(AgencyRow, {"id": "bank"}, {}, {"suspended": "berbeda"}))
    said = visitor.get("/health/ready", by=None)
    assert said == {"status": "ready", "warnings": ["agency bank is suspended: berbeda"]}


def test_a_hub_that_cannot_write_is_not_ready(house: House, visitor: Visitor) -> None:
    house.gateway.store.unit_of_work.close()
    answer = visitor.client.get("/health/ready")
    assert (answer.status_code, answer.json()["status"]) == (503, "not ready")
    assert answer.json()["warnings"]


def test_what_is_at_no_address_is_a_problem_in_the_callers_language(visitor: Visitor) -> None:
    problem = visitor.refused("GET", "/rumah", None)
    assert (problem.status, problem.code) == (404, "not-found")
    assert problem.body["title"] == "Tidak ditemukan"
    english = visitor.client.get("/rumah", headers={"Accept-Language": "en"})
    assert english.json()["title"] == "Not found"


def test_another_method_is_a_problem_too(visitor: Visitor) -> None:
    problem = visitor.refused("DELETE", "/health/live", None)
    assert (problem.status, problem.code) == (405, "method-not-allowed")
    assert visitor.client.delete("/health/live").headers["allow"] == "GET"


def test_a_body_that_is_no_json_is_a_problem_too(house: House, visitor: Visitor) -> None:
    headers = {"Authorization": "Bearer token-of-rina", "Content-Type": "application/json"}
    answer = visitor.client.post(f"/office/v1/cases/{house.registered().id}/area", content=b"{", headers=headers)
    assert (answer.status_code, answer.json()["code"], answer.json()["status"]) == (422, "schema-violation", 422)


def test_the_interfaces_of_staff_describe_themselves(visitor: Visitor) -> None:
    paths = visitor.get("/admin/v1/openapi.json", by=None)["paths"]
    assert "/admin/v1/cases" in paths
    assert "/office/v1/cases/{case_id}/sign" in paths
    assert not any(path.startswith("/console") for path in paths)


def test_a_violation_names_its_place_and_never_the_value(house: House, visitor: Visitor) -> None:
    case = house.registered()
    problem = visitor.refused("POST", f"/office/v1/cases/{case.id}/area", "rina", {"area_m2": "rahasia"})
    assert (problem.status, problem.code) == (422, "schema-violation")
    assert [each["path"] for each in problem.body["violations"]] == ["/body/area_m2"]
    assert "rahasia" not in str(problem.body)
