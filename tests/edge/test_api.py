"""The web application as a whole: health, problems for what is at no address, and one description."""

from __future__ import annotations

from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from lxml import etree
from sqlmodel import col, select
from structlog.testing import capture_logs

from gateway.operations.health import PROBE
from gateway.store.plan import Update
from gateway.store.tables import AgencyRow, CounterRow
from tests.edge.visitors import Visitor
from tests.office.house import House


def test_a_living_hub_says_so_to_anybody(visitor: Visitor) -> None:
    assert visitor.get("/health/live", by=None) == {"status": "live"}
    assert visitor.get("/health/ready", by=None) == {"status": "ready"}


def test_a_suspended_agency_is_a_warning_and_holds_up_nobody(house: House, visitor: Visitor) -> None:
    house.commit(Update(AgencyRow, {"id": "bank"}, {}, {"suspended": "berbeda"}))
    said = visitor.get("/admin/v1/health")
    assert (said["ready"], said["warnings"][-1]) == (True, "agency bank is suspended: berbeda")
    assert visitor.get("/health/ready", by=None) == {"status": "ready"}


def test_a_look_stands_for_a_second(house: House, visitor: Visitor) -> None:
    """A look commits to prove that the store can: however many ask, once in a second."""

    def looks() -> int:
        with house.gateway.store.engine.connect() as connection:
            said = connection.execute(select(CounterRow.value).where(col(CounterRow.name) == PROBE))
            return int(said.scalar_one())

    for _ in range(3):
        assert visitor.get("/health/ready", by=None) == {"status": "ready"}
        house.clock.at += timedelta(seconds=0.3)
    assert looks() == 1
    house.clock.at += timedelta(seconds=0.1)
    assert visitor.get("/health/ready", by=None) == {"status": "ready"}
    assert looks() == 2
    house.clock.at += timedelta(seconds=-5)  # a clock that is set back holds up nothing
    visitor.get("/health/ready", by=None)
    assert looks() == 3
    house.clock.at += timedelta(seconds=1)
    house.gateway.store.unit_of_work.close()
    assert visitor.client.get("/health/ready").status_code == 503


def test_a_hub_that_cannot_write_is_not_ready(house: House, visitor: Visitor) -> None:
    house.gateway.store.unit_of_work.close()
    answer = visitor.client.get("/health/ready")
    assert (answer.status_code, answer.json()) == (503, {"status": "not ready"})


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


SAID = "rahasia 9999014506900001"


def _break() -> None:
    raise ZeroDivisionError(SAID)


@pytest.fixture
def breaking(house: House) -> TestClient:
    """A browser that gets what a hub answers whose code fails at /breaks and at /soap/breaks."""
    house.gateway.api.add_api_route("/breaks", _break, methods=["GET", "POST"])
    house.gateway.api.add_api_route("/soap/breaks", _break, methods=["GET", "POST"])
    return TestClient(house.gateway.api, raise_server_exceptions=False)


@pytest.mark.parametrize(("method", "path"), [("GET", "/breaks"), ("POST", "/breaks"), ("GET", "/soap/breaks")])
def test_an_unforeseen_fault_is_a_problem_that_tells_nothing_of_itself(
    breaking: TestClient, method: str, path: str
) -> None:
    with capture_logs() as log:
        answer = breaking.request(method, path, headers={"Accept-Language": "en"})
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    body = answer.json()
    assert (body["code"], body["status"], body["title"]) == ("internal", 500, "Error in the hub")
    assert not [each for each in ("rahasia", "ZeroDivision", "Traceback", "_break") if each in answer.text]
    (entry,) = [each for each in log if each["event"] == "unforeseen"]
    assert (entry["error"], entry["log_level"]) == ("ZeroDivisionError", "error")
    assert "in _break" in entry["traceback"]
    assert SAID not in str(entry)


@pytest.mark.parametrize("media_type", ["text/xml", "application/soap+xml"])
def test_a_soap_client_is_told_of_an_unforeseen_fault_in_soap(breaking: TestClient, media_type: str) -> None:
    answer = breaking.post("/soap/breaks", content=b"<a/>", headers={"Content-Type": media_type})
    assert (answer.status_code, answer.headers["content-type"]) == (500, f"{media_type}; charset=utf-8")
    code = etree.fromstring(answer.content).findtext(".//{urn:simojo:fault:1.0}code")
    assert code == "internal"
    assert "rahasia" not in answer.text
