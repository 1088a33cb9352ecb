"""What is done on paper: an office's letter and a signature in ink, entered by an officer who is not the signer."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.domain import events as e
from gateway.domain.catalogue import SAMPLE
from gateway.operations.ledger_cases import check_cases
from gateway.store.plan import Update
from gateway.store.tables import DeliveryRow
from tests.edge.visitors import Visitor
from tests.office.house import AGUS, DEWI, RINA, House, delegation

LETTER = {
    "agency": "dpupr",
    "favourable": True,
    "number": "600/17/417.311/2026",
    "on": "2026-11-24",
    "by": "Ahli Contoh",
    "conditions": ["Di luar ruang milik jalan (contoh)."],
}
SHEET = {"paper": "kertas-trayek", "serial": "T-000001"}
SCAN = "c" * 64
SIGNED = {"signer": DEWI, "scanSha256": SCAN}
MARKS = {f"u{number}": 4 for number in range(1, 10)}


def path(case_id: str, deed: str) -> str:
    return f"/office/v1/cases/{case_id}/{deed}"


def billboard(house: House) -> str:
    """A billboard whose recommendations are asked for: DPUPR's agreement does not cover it."""
    case = house.record(house.registered("reklame"), e.ResidentVerified(name_score=100))
    deeds = house.gateway.deeds
    deeds.complete(case.id, house.officer(RINA))
    deeds.verify(case.id, house.officer(RINA))
    return deeds.validate(case.id, house.officer(AGUS)).id


def printed(house: House, visitor: Visitor) -> dict[str, Any]:
    """A bus route's permit on its sheet, to be signed in ink."""
    case = house.approved("trayek")
    visitor.post(path(case.id, "prepare"), AGUS)
    shown: dict[str, Any] = visitor.post(path(case.id, "print"), AGUS, SHEET)
    return shown


def test_the_letter_of_an_agency_outside_the_agreement_counts_as_its_recommendation_21_1(
    house: House, visitor: Visitor
) -> None:
    case_id = billboard(house)
    shown = visitor.post(path(case_id, "recommendation"), RINA, LETTER)
    assert shown["recommendations"] == [{"agency": "dpupr", "favourable": True}]
    assert "dpupr" not in shown["missingRecommendations"]
    kept = house.gateway.store.reader.case_events(case_id)[-1]
    assert (kept.kind, kept.actor) == ("RecommendationGiven", "staff/rina")
    again = visitor.refused("POST", path(case_id, "recommendation"), RINA, LETTER)
    assert again.code == "recommendation-already-given"


@pytest.mark.parametrize(
    ("edits", "status", "code"),
    [
        ({"agency": "satpolpp"}, 409, "agency-integrated"),
        ({"agency": "dinkes"}, 409, "recommendation-not-asked"),
        ({"on": "2026-11-25"}, 409, "letter-date"),
        ({"on": "1990-01-01"}, 409, "letter-date"),
        ({"number": ""}, 422, "schema-violation"),
    ],
)
def test_a_letter_that_does_not_count_changes_nothing(
    house: House, visitor: Visitor, edits: dict[str, Any], status: int, code: str
) -> None:
    case_id = billboard(house)
    refused = visitor.refused("POST", path(case_id, "recommendation"), RINA, {**LETTER, **edits})
    assert (refused.status, refused.code) == (status, code)
    assert visitor.get(f"/office/v1/cases/{case_id}", RINA)["recommendations"] == []


def test_an_integrated_agency_that_cannot_be_asked_recommends_by_letter_once_staff_gave_that_up_21_1(
    house: House, visitor: Visitor
) -> None:
    case_id = billboard(house)
    letter = {**LETTER, "agency": "satpolpp"}
    asked = next(each for each in house.gateway.store.reader.deliveries(case_id=case_id) if each.agency == "satpolpp")
    assert visitor.refused("POST", path(case_id, "recommendation"), RINA, letter).code == "agency-integrated"
    house.commit(Update(DeliveryRow, {"id": asked.id}, {}, {"state": "cancelled"}))
    shown = visitor.post(path(case_id, "recommendation"), RINA, letter)
    assert shown["recommendations"] == [{"agency": "satpolpp", "favourable": True}]


def test_a_permit_signed_in_ink_comes_into_force_and_is_handed_over_16_2(house: House, visitor: Visitor) -> None:
    case_id = printed(house, visitor)["id"]
    signed = visitor.post(path(case_id, "sign-wet"), RINA, SIGNED)
    assert (signed["stage"], signed["numberActive"], signed["signedSha256"]) == ("active", True, SCAN)
    case = house.gateway.casework.case_at(case_id, signed["version"])
    assert case.signature is not None
    assert (case.signature.signer, case.signature.method) == ("Dewi Contoh", e.SigningMethod.WET)
    visitor.post(path(case_id, "survey"), RINA, MARKS)
    handed = {"method": "counter", "recipient": "Siti Contoh", "proof": "loket 1"}
    assert visitor.post(path(case_id, "hand-over"), RINA, handed)["stage"] == "handed-over"
    check_cases(house.gateway.store.reader, SAMPLE)  # the sheet and its scan are looked for in no store


def test_ink_is_for_a_printed_sheet_and_for_who_may_sign(house: House, visitor: Visitor) -> None:
    case = house.approved("trayek")
    assert visitor.refused("POST", path(case.id, "sign-wet"), RINA, SIGNED).code == "document-missing"
    visitor.post(path(case.id, "prepare"), AGUS)
    assert visitor.refused("POST", path(case.id, "sign-wet"), RINA, SIGNED).code == "step-not-allowed"
    visitor.post(path(case.id, "print"), AGUS, SHEET)
    assert visitor.refused("POST", path(case.id, "sign-wet"), RINA, {"signer": DEWI}).status == 422  # no scan
    for signer, code in ((RINA, "delegation-missing"), ("siapa", "signer-unknown")):
        assert visitor.refused("POST", path(case.id, "sign-wet"), RINA, {**SIGNED, "signer": signer}).code == code
    assert visitor.post(path(case.id, "sign-wet"), RINA, SIGNED)["numberActive"]


def test_no_account_brings_a_permit_into_force_by_ink_alone_13_4(house: House, visitor: Visitor) -> None:
    house.employ("eka", **delegation(delegation_electronic=False))
    case_id = printed(house, visitor)["id"]  # by Agus, and it names Dewi
    for who in (AGUS, DEWI):
        assert visitor.refused("POST", path(case_id, "sign-wet"), who, SIGNED).code == "same-officer"
    other = visitor.refused("POST", path(case_id, "sign-wet"), RINA, {**SIGNED, "signer": "eka"})
    assert other.code == "other-signatory"
    assert visitor.get(f"/office/v1/cases/{case_id}", RINA)["stage"] == "printed"


def test_a_document_is_signed_in_ink_where_the_delegation_says_no_more_13_5(house: House, visitor: Visitor) -> None:
    house.employ("eka", **delegation(delegation_electronic=False))
    case = house.prepared()
    why = {"reason": "Kepala Dinas berhalangan (contoh)"}
    assert visitor.refused("POST", path(case.id, "sign-wet"), RINA, SIGNED).code == "signing-method"
    assert visitor.refused("POST", path(case.id, "wet-ink"), AGUS, {**why, "signer": DEWI}).code == "ink-not-needed"
    chosen = visitor.post(path(case.id, "wet-ink"), AGUS, {**why, "signer": "eka"})
    assert chosen["stage"] == "numbered"  # what was laid out says that it is signed electronically
    sheet = {"paper": case.paper, "serial": "K-000001"}
    assert visitor.refused("POST", path(case.id, "print"), AGUS, sheet).code == "step-not-allowed"
    shown = visitor.post(path(case.id, "prepare"), AGUS)
    laid_out = house.gateway.casework.last(case.id, e.DocumentPrepared)
    assert laid_out is not None
    assert (laid_out.fact.signatory, shown["number"]) == ("Eka Contoh", case.reserved_number)
    assert laid_out.fact.sha256 != case.document_sha256
    visitor.post(path(case.id, "print"), AGUS, sheet)
    done = visitor.post(path(case.id, "sign-wet"), RINA, {**SIGNED, "signer": "eka"})
    assert (done["stage"], done["number"]) == ("active", case.reserved_number)
