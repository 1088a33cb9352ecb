"""An application at the counter (Pasal 12(6)): one number opens one case, and what it holds reaches the agencies."""

from __future__ import annotations

from typing import Any

import pytest

from tests.edge.visitors import Visitor
from tests.office.house import RINA, House

PATH = "/office/v1/cases"
PERSON: dict[str, Any] = {
    "kind": "person",
    "name": "Siti Contoh",
    "nik": "9999014506900001",
    "phone": "081200000017",
    "email": "siti@contoh.example",
    "address": "Jalan Contoh 1",
}
FIRM: dict[str, Any] = {**PERSON, "kind": "company", "company": "PT Contoh Sejahtera", "nib": "0000000000017"}
LODGED: dict[str, Any] = {
    "reference": "L-2026/17",
    "service": "penelitian",
    "applicant": PERSON,
    "site": {"address": "Jalan Contoh 17", "kelurahan": "35.76.01.1003", "purpose": "Kajian contoh"},
    "declaration": {"version": "1", "text": "Data ini benar (contoh)."},
    "documents": [{"kind": "proposal", "name": "proposal.pdf", "sha256": "a" * 64}],
}


def test_an_application_opens_a_case_that_is_found_by_the_counters_number(house: House, visitor: Visitor) -> None:
    opened = visitor.post(PATH, RINA, LODGED, 201)
    assert (opened["stage"], opened["service"], opened["ended"]) == ("registered", "penelitian", False)
    found = visitor.get("/admin/v1/cases", reference="counter:L-2026/17")["items"]
    assert [(each["id"], each["origin"]) for each in found] == [(opened["id"], "counter")]
    assert visitor.post(f"{PATH}/{opened['id']}/complete", RINA)["stage"] == "complete"  # declared, 12(3)
    case = house.gateway.casework.case_at(opened["id"], opened["version"])
    assert (case.helper, case.documents[0].kind) == (house.officer(RINA).name, "proposal")
    assert [each["ask"] for each in visitor.get(f"/admin/v1/cases/{case.id}")["deliveries"]][-1:] == ["VerifyResident"]


def test_the_same_number_opens_no_second_case(visitor: Visitor) -> None:
    opened = visitor.post(PATH, RINA, LODGED, 201)
    again = visitor.refused("POST", PATH, RINA, {**LODGED, "applicant": FIRM})
    assert (again.status, again.code, again.clause) == (409, "already-registered", "Pasal 12(1)")
    assert f"as case {opened['id']}:" in again.body["detail"]
    assert len(visitor.get("/admin/v1/cases")["items"]) == 1


def test_a_firm_is_found_by_its_nib_as_well(visitor: Visitor) -> None:
    opened = visitor.post(PATH, RINA, {**LODGED, "service": "lingkungan", "applicant": FIRM}, 201)
    found = visitor.get("/admin/v1/cases", reference="nib:0000000000017")["items"]
    assert [each["id"] for each in found] == [opened["id"]]


def test_a_firm_whose_directors_have_passports_is_known_by_its_npwp_pasal_8_4_c(house: House, visitor: Visitor) -> None:
    foreign = {**FIRM, "nik": None, "npwp": "000000000999000"}
    opened = visitor.post(PATH, RINA, {**LODGED, "service": "lingkungan", "applicant": foreign}, 201)
    assert house.gateway.casework.case_at(opened["id"], opened["version"]).applicant.nik is None
    asked = [each["ask"] for each in visitor.get(f"/admin/v1/cases/{opened['id']}")["deliveries"]]
    assert "VerifyResident" not in asked


WRONG: dict[str, tuple[dict[str, Any], int, str]] = {
    "nik": ({"applicant": {**PERSON, "nik": "1234"}}, 400, "identifier-invalid"),
    "person-without-nik": ({"applicant": {**PERSON, "nik": None}}, 400, "applicant-not-identified"),
    "elsewhere": ({"site": {**LODGED["site"], "kelurahan": "35.78.01.1001"}}, 400, "identifier-invalid"),
    "service": ({"service": "pasar"}, 409, "service-unknown"),
    "firm-without-a-name": ({"applicant": {**FIRM, "company": None}}, 422, "schema-violation"),
    "undeclared": ({"declaration": None}, 422, "schema-violation"),
    "member": ({"extra": 1}, 422, "schema-violation"),
    "two-lines": ({"applicant": {**PERSON, "name": "Siti\nContoh"}}, 422, "schema-violation"),
    "no-letter": ({"site": {**LODGED["site"], "purpose": "Kajian\x01"}}, 422, "schema-violation"),
    "no-address-of-mail": ({"applicant": {**PERSON, "email": "siti"}}, 422, "schema-violation"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_entered_opens_nothing(visitor: Visitor, name: str) -> None:
    edits, status, code = WRONG[name]
    problem = visitor.refused("POST", PATH, RINA, {**LODGED, **edits})
    assert (problem.status, problem.code) == (status, code)
    assert visitor.get("/admin/v1/cases")["items"] == []


def test_only_staff_of_the_office_may(visitor: Visitor) -> None:
    assert visitor.refused("POST", PATH, None, LODGED).code == "token-missing"


def test_a_token_opens_the_door_of_its_scope_and_no_other(house: House, visitor: Visitor) -> None:
    house.employ("sari", scopes="admin")
    lodging = visitor.refused("POST", PATH, "sari", LODGED)
    looking = visitor.refused("GET", "/admin/v1/cases", RINA)
    assert [(each.status, each.code) for each in (lodging, looking)] == [(403, "scope-missing")] * 2
    assert visitor.get("/admin/v1/cases", "sari")["items"] == []
    assert visitor.post(PATH, RINA, LODGED, 201)["id"]
