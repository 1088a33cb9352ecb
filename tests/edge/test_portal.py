"""What everybody may see of a permit (Pasal 22(4)c): that it is valid, and nothing about the person."""

from __future__ import annotations

from gateway.domain.events import PermitRevoked
from tests.edge.visitors import Visitor
from tests.office.house import House


def test_a_permit_in_force_is_valid_and_names_nobody(house: House, visitor: Visitor) -> None:
    case = house.signed()
    answer = visitor.client.get(f"/periksa/{case.reserved_number}")
    assert answer.status_code == 200
    assert "Izin ini berlaku." in answer.text
    assert case.service_name in answer.text
    assert not any(
        said in answer.text for said in (case.applicant.name, str(case.applicant.nik), case.applicant.address)
    )


def test_a_reserved_number_is_no_permit_yet(house: House, visitor: Visitor) -> None:
    case = house.prepared()
    answer = visitor.client.get(f"/periksa/{case.reserved_number}")
    assert (answer.status_code, "Nomor ini tidak dikenal" in answer.text) == (404, True)


def test_a_revoked_permit_says_so_in_the_visitors_language(house: House, visitor: Visitor) -> None:
    case = house.signed()
    house.gateway.deeds.record(case.id, "staff/agus", PermitRevoked(by="DPM-PTSP", reason="contoh"))
    answer = visitor.client.get(f"/periksa/{case.reserved_number}?lang=en")
    assert "This permit was revoked." in answer.text


def test_a_number_from_outside_stays_text(house: House, visitor: Visitor) -> None:
    house.registered()
    answer = visitor.client.get("/periksa/<script>alert(1)</script>")
    assert (answer.status_code, "<script>" in answer.text) == (404, False)
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")


def test_a_soap_client_is_told_in_soap_also_of_an_unknown_agency(visitor: Visitor) -> None:
    answer = visitor.client.post("/soap/nobody/nothing", content=b"<a/>", headers={"Content-Type": "text/xml"})
    assert (answer.status_code, answer.headers["content-type"]) == (500, "text/xml; charset=utf-8")
    assert "<sj:code>agency-unknown</sj:code>" in answer.text
