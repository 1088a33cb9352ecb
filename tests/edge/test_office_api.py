"""The office API: a case from application to hand-over by HTTP alone; every refusal names its Pasal."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from gateway.domain import events as e
from tests.edge.visitors import Problem, Visitor
from tests.office.house import AGUS, DAY, DEWI, RINA, House, wrong

MARKS = {f"u{number}": 4 for number in range(1, 10)}
HANDED = {"method": "counter", "recipient": "Siti Contoh", "proof": "loket 1"}


class Desk:
    """One case, and what officers send to it."""

    def __init__(self, visitor: Visitor, case_id: str) -> None:
        self._visitor = visitor
        self._path = f"/office/v1/cases/{case_id}"

    def look(self, by: str = RINA) -> dict[str, Any]:
        """The case as the API shows it."""
        shown: dict[str, Any] = self._visitor.get(self._path, by)
        return shown

    def do(self, deed: str, by: str, body: Any = None) -> dict[str, Any]:
        """A deed that must be done."""
        status = 202 if deed == "pin" else 200
        said: dict[str, Any] = self._visitor.post(f"{self._path}/{deed}", by, body, status)
        return said

    def refused(self, deed: str, by: str | None, body: Any = None) -> Problem:
        """A deed that must be refused."""
        return self._visitor.refused("POST", f"{self._path}/{deed}", by, body)

    def pin(self, house: House, step: str) -> dict[str, str]:
        """Ask for a PIN as Dewi, and read it from her telephone."""
        challenge = self.do("pin", DEWI, {"step": step})["challenge"]
        return {"challenge": challenge, "pin": house.gateway.store.master.pin(challenge)}

    def document(self, sha256: str) -> bytes:
        """Fetch a document."""
        headers = {"Authorization": f"Bearer token-of-{AGUS}"}
        answer = self._visitor.client.get(f"{self._path}/documents/{sha256}", headers=headers)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
        return answer.content


def desk(house: House, visitor: Visitor, service: str = "pbg") -> Desk:
    case = house.record(house.registered(service), e.ResidentVerified(name_score=100))
    return Desk(visitor, case.id)


def recommend(house: House, case_id: str) -> None:
    day = house.clock().date()
    said = e.RecommendationGiven(agency="dpupr", favourable=True, number="dpupr/1", on=day, by="Ahli Contoh")
    house.record(case_id, said)


def test_a_permit_by_http_alone(house: House, visitor: Visitor) -> None:
    office = desk(house, visitor)
    case_id = office.look()["id"]
    assert office.do("area", RINA, {"area_m2": 100})["builtArea"] == 100
    assert office.do("complete", RINA)["stage"] == "complete"
    assert office.do("verify", RINA)["stage"] == "verified"
    assert office.do("validate", AGUS)["missingRecommendations"] == ["dpupr"]
    by_courier = {"method": "courier", "address": "Jalan Contoh 2"}
    assert office.do("hand-over-choice", RINA, by_courier)["handOver"] == "courier"
    recommend(house, case_id)
    assert office.do("approve", DEWI, office.pin(house, "approve"))["stage"] == "approved"
    charged = office.do("charge", AGUS)
    assert (charged["amount"], charged["paymentCode"]) == (950_000, "88726000000000001")
    case = house.record(
        case_id, e.NoticeReceived(notice=e.NoticeKind.CHARGE, evidence="DELIVRD", received_at=house.clock())
    )
    house.pay(case)
    assert office.look()["paid"] is True
    prepared = office.do("prepare", AGUS)
    assert (prepared["number"], prepared["numberActive"]) == ("001/PBG/XI/2026", False)
    signed = office.do("sign", DEWI, office.pin(house, "sign"))
    assert (signed["stage"], signed["numberActive"]) == ("active", True)
    for sha256 in (signed["documentSha256"], signed["signedSha256"]):
        assert hashlib.sha256(office.document(sha256)).hexdigest() == sha256
    assert office.do("print", AGUS, {"paper": signed["paper"], "serial": "A-1"})["stage"] == "printed"
    surveyed = office.do("survey", RINA, {**MARKS, "comment": "baik"})
    assert surveyed["surveyed"] is True
    assert any("DeliverDocument" in each for each in surveyed["attention"])  # no courier is integrated here
    assert office.do("hand-over", RINA, HANDED)["ended"] is True


def test_an_application_goes_back_or_is_rejected(house: House, visitor: Visitor) -> None:
    office = desk(house, visitor)
    assert office.do("return", RINA, {"missing": ["ktp"]})["stage"] == "incomplete"
    other = desk(house, visitor)
    other.do("complete", RINA)
    assert other.do("reject", DEWI, {"grounds": ["tidak sesuai"]})["ended"] is True


def test_an_official_declines_and_the_number_is_voided_13_4(house: House, visitor: Visitor) -> None:
    office = Desk(visitor, house.prepared().id)
    problem = office.refused("decline", RINA, {"reason": "salah nama"})
    assert (problem.status, problem.code, problem.clause) == (409, "delegation-missing", "Pasal 13(4)")
    declined = office.do("decline", DEWI, {"reason": "salah nama"})
    assert (declined["stage"], declined["number"]) == ("approved", None)


# --- refusals -----------------------------------------------------------------------------------------------------

OUT_OF_TURN: tuple[tuple[str, str, Any, str, str], ...] = (
    ("verify", RINA, None, "step-not-allowed", "Pasal 11(3)b"),
    ("validate", AGUS, None, "step-not-allowed", "Pasal 11(3)c"),
    ("charge", AGUS, None, "step-not-allowed", "Pasal 14(2), 14(6)"),
    ("prepare", AGUS, None, "step-not-allowed", "Pasal 11(3)i"),
    ("print", AGUS, {"paper": "kertas-pbg", "serial": "A-1"}, "step-not-allowed", "Pasal 11(3)g, 16"),
    ("survey", RINA, MARKS, "step-not-allowed", "Pasal 11(3)j, 17(2)"),
    ("hand-over-choice", RINA, {"method": "counter"}, "hand-over-chosen", "Pasal 18(1)"),
    ("hand-over", RINA, HANDED, "step-not-allowed", "Pasal 11(3)k, 18"),
    ("pin", RINA, {"step": "approve"}, "phone-missing", "Pasal 13(3)"),
    ("pin", DEWI, {"step": "sign"}, "document-missing", "Pasal 13"),
    ("approve", DEWI, {"challenge": "c-1", "pin": "123456"}, "pin-mismatch", "Pasal 13(3)"),
    ("sign", DEWI, {"challenge": "c-1", "pin": "123456"}, "document-missing", "Pasal 13"),
    ("sign", RINA, {"challenge": "c-1", "pin": "123456"}, "delegation-missing", "Pasal 13(4)"),
)


@pytest.mark.parametrize(("deed", "by", "body", "code", "clause"), OUT_OF_TURN)
def test_a_refusal_names_its_pasal_and_changes_nothing(
    house: House, visitor: Visitor, deed: str, by: str, body: Any, code: str, clause: str
) -> None:
    office = desk(house, visitor)
    before = office.look()
    problem = office.refused(deed, by, body)
    assert (problem.status, problem.code, problem.clause) == (409, code, clause)
    assert office.look() == before


def test_a_wrong_pin_says_how_many_tries_are_left(house: House, visitor: Visitor) -> None:
    case = house.recommended("krk")
    office = Desk(visitor, case.id)
    given = office.pin(house, "approve")
    problem = office.refused("approve", DEWI, {**given, "pin": wrong(given["pin"])})
    assert (problem.status, problem.code, problem.clause) == (409, "pin-wrong", "Pasal 13(3)")
    assert "4 tries" in problem.body["detail"]
    assert given["pin"] not in str(problem.body)
    assert office.do("approve", DEWI, given)["stage"] == "approved"


def test_a_mark_beyond_four_is_refused_17_2(house: House, visitor: Visitor) -> None:
    office = Desk(visitor, house.approved("krk").id)
    problem = office.refused("survey", RINA, {**MARKS, "u9": 5})
    assert (problem.status, problem.code, problem.clause) == (400, "answer-invalid", "Pasal 17(2)")
    assert office.do("survey", RINA, MARKS)["surveyed"] is True


BODIES: dict[str, dict[str, Any]] = {
    "area": {"area_m2": 100},
    "return": {"missing": ["ktp"]},
    "reject": {"grounds": ["tidak sesuai"]},
    "pin": {"step": "approve"},
    "approve": {"challenge": "c-1", "pin": "123456"},
    "sign": {"challenge": "c-1", "pin": "123456"},
    "decline": {"reason": "salah nama"},
    "print": {"paper": "kertas-pbg", "serial": "A-1"},
    "survey": MARKS,
    "hand-over-choice": {"method": "courier"},
    "hand-over": HANDED,
}


def test_unknown_members_are_refused(house: House, visitor: Visitor) -> None:
    office = desk(house, visitor)
    for deed, body in BODIES.items():
        problem = office.refused(deed, DEWI, {**body, "extra": 1})
        assert (problem.status, problem.code, problem.clause) == (422, "schema-violation", "Pasal 21(2)c.3"), deed
        found = [(each["path"], each["rule"]) for each in problem.body["violations"]]
        assert found == [("/body/extra", "extra_forbidden")], deed


def test_missing_members_are_refused_each_by_its_path(house: House, visitor: Visitor) -> None:
    office = desk(house, visitor)
    for deed, body in BODIES.items():
        problem = office.refused(deed, DEWI, {})
        paths = {each["path"] for each in problem.body["violations"]}
        assert (problem.status, paths) == (422, {f"/body/{name}" for name in body}), deed


BEYOND: tuple[tuple[str, dict[str, Any]], ...] = (
    ("area", {"area_m2": 0}),
    ("area", {"area_m2": 10_000_001}),
    ("return", {"missing": []}),
    ("reject", {"grounds": ["x"] * 21}),
    ("pin", {"step": "revoke"}),
    ("sign", {"challenge": "c", "pin": "12345"}),
    ("sign", {"challenge": "c", "pin": "12345a"}),
    ("sign", {"challenge": "c" * 65, "pin": "123456"}),
    ("decline", {"reason": "x"}),
    ("hand-over-choice", {"method": "pigeon"}),
    ("hand-over-choice", {"method": "courier", "address": "x" * 501}),
    ("hand-over", {**HANDED, "method": "pigeon"}),
    ("hand-over", {**HANDED, "proof": ""}),
)


def test_values_beyond_their_bounds_are_refused(house: House, visitor: Visitor) -> None:
    office = desk(house, visitor)
    assert [case for case in BEYOND if office.refused(*_deed(case)).status != 422] == []
    assert office.look()["version"] == 2


def _deed(case: tuple[str, dict[str, Any]]) -> tuple[str, str, dict[str, Any]]:
    return case[0], DEWI, case[1]


def test_without_a_token_no_deed_is_done(house: House, visitor: Visitor) -> None:
    office = desk(house, visitor)
    for deed in (*BODIES, "complete", "verify", "validate", "charge", "prepare"):
        problem = office.refused(deed, None, BODIES.get(deed))
        assert (problem.status, problem.code) == (401, "token-missing"), deed
    assert office.look()["version"] == 2


def test_a_token_for_administration_alone_does_no_deed(house: House, visitor: Visitor) -> None:
    house.employ("joko", scopes="admin")
    assert desk(house, visitor).refused("complete", "joko").code == "scope-missing"


def test_a_case_or_document_that_is_not_there_is_refused(house: House, visitor: Visitor) -> None:
    lost = Desk(visitor, "K-2026-XXXXXXXX")
    assert (lost.refused("complete", RINA).status, lost.refused("complete", RINA).code) == (404, "case-unknown")
    assert visitor.refused("GET", "/office/v1/cases/K-2026-XXXXXXXX", RINA).code == "case-unknown"
    case = house.prepared()
    other = house.registered()
    path = f"/office/v1/cases/{other.id}/documents/{case.document_sha256}"
    problem = visitor.refused("GET", path, RINA)
    assert (problem.status, problem.code) == (404, "document-unknown")


def test_a_case_shows_nothing_about_the_person(house: House, visitor: Visitor) -> None:
    shown = str(Desk(visitor, house.told().id).look())
    assert [word for word in ("9999014506900001", "Siti", "81200000017", "contoh.example") if word in shown] == []


# --- the certified signature --------------------------------------------------------------------------------------


def test_a_certified_signature_is_asked_for_with_a_passphrase_and_awaited(house: House, visitor: Visitor) -> None:
    house.certify()
    case = house.prepared()
    office = Desk(visitor, case.id)
    pin = office.pin(house, "sign")
    problem = office.refused("sign", DEWI, pin)
    assert (problem.status, problem.code, problem.clause) == (409, "passphrase-missing", "Pasal 13")
    path = f"/office/v1/cases/{case.id}/sign"
    asked: dict[str, Any] = visitor.post(path, DEWI, {**pin, "passphrase": "kata sandi"}, 202)
    assert (asked["stage"], asked["signedSha256"], asked["signatureNotGiven"]) == ("signing", None, None)
    assert office.refused("sign", DEWI, {**pin, "passphrase": "kata sandi"}).code == "signature-under-way"
    house.clock.move(DAY / 24)
    while house.gateway.timers.run_once():
        pass
    shown = office.look()
    assert (shown["stage"], shown["signatureNotGiven"]["reason"]) == ("prepared", "no-answer")


def test_a_passphrase_is_repeated_in_no_refusal(house: House, visitor: Visitor) -> None:
    office = Desk(visitor, house.prepared().id)
    pin = office.pin(house, "sign")
    assert office.refused("sign", DEWI, {**pin, "passphrase": "kata sandi"}).code == "passphrase-not-needed"
    for given in ({"passphrase": "rahasia-7Q" * 50}, {"passphrase": "rahasia-7Q", "totp": "123456"}, {"totp": "7Q"}):
        problem = office.refused("sign", DEWI, {**pin, **given})
        assert (problem.status, problem.code) == (422, "schema-violation")
        assert "7Q" not in str(problem.body)
