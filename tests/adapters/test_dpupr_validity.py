"""DPUPR asks whether a permit number is in force: it learns that, and nothing about the holder."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from adapters.dpupr import ADAPTER
from adapters.dpupr.validity import SERVICES
from gateway.contract.adapter import Decline, Found, Inquiry, Reason
from gateway.contract.message import Payload
from gateway.domain.case import PermitCase, Stage
from gateway.domain.events import Reference

NUMBER = "017/PBG/III/2026"
ASKED: Payload = {"permitNumber": NUMBER}


@pytest.fixture
def inquiry() -> Inquiry:
    declared = ADAPTER.interaction("permit-validity")
    assert isinstance(declared, Inquiry)
    return declared


def _found(*cases: PermitCase) -> Found:
    return {Reference(kind="permit-number", value=NUMBER): cases}


def _reason(answer: object) -> Reason:
    assert isinstance(answer, Decline)
    return answer.reason


def test_the_case_is_looked_up_by_the_permit_number_as_it_was_sent(inquiry: Inquiry) -> None:
    assert inquiry.about(ASKED) == (Reference(kind="permit-number", value=NUMBER),)


def test_a_permit_in_force_is_valid_since_its_day_in_mojokerto(
    inquiry: Inquiry, issued_case: PermitCase, violations: Callable[[str, Payload], list[str]]
) -> None:
    answer = inquiry.answer(ASKED, _found(issued_case))
    assert answer == {
        "permitNumber": NUMBER,
        "valid": True,
        "status": "in-force",
        "service": "pbg",
        "inForceSince": "2026-03-05",
    }
    assert violations(inquiry.request, ASKED) == []
    assert violations(inquiry.reply, answer) == []


def test_a_revoked_permit_is_not_valid_and_keeps_its_date_pasal_7_2_b(
    inquiry: Inquiry, issued_case: PermitCase, violations: Callable[[str, Payload], list[str]]
) -> None:
    answer = inquiry.answer(ASKED, _found(replace(issued_case, stage=Stage.REVOKED, number_active=False)))
    assert not isinstance(answer, Decline)
    assert (answer["valid"], answer["status"], answer["inForceSince"]) == (False, "revoked", "2026-03-05")
    assert violations(inquiry.reply, answer) == []


def test_the_answer_holds_nothing_about_a_person(inquiry: Inquiry, issued_case: PermitCase) -> None:
    told = str(inquiry.answer(ASKED, _found(issued_case)))
    applicant = issued_case.applicant
    personal = (applicant.nik, applicant.name, applicant.company, applicant.phone, issued_case.site.address)
    assert not [value for value in personal if str(value) in told]
    assert issued_case.id not in told


def test_an_unknown_number_is_not_found(inquiry: Inquiry, case: PermitCase, issued_case: PermitCase) -> None:
    reserved_only = replace(case, reserved_number=NUMBER)
    assert _reason(inquiry.answer(ASKED, _found())) is Reason.NOT_FOUND
    assert _reason(inquiry.answer(ASKED, {})) is Reason.NOT_FOUND
    assert _reason(inquiry.answer(ASKED, _found(reserved_only))) is Reason.NOT_FOUND
    other = {Reference(kind="permit-number", value="018/PBG/III/2026"): (issued_case,)}
    assert _reason(inquiry.answer(ASKED, other)) is Reason.NOT_FOUND


def test_a_permit_of_a_service_that_is_not_agreed_reads_like_an_unknown_one(
    inquiry: Inquiry, issued_case: PermitCase
) -> None:
    doctor = replace(issued_case, service="sip-dokter")
    assert _reason(inquiry.answer(ASKED, _found(doctor))) is Reason.NOT_FOUND
    assert inquiry.answer(ASKED, _found(doctor)) == inquiry.answer(ASKED, _found())


def test_one_number_on_two_permits_is_for_the_office_to_explain(inquiry: Inquiry, issued_case: PermitCase) -> None:
    second = replace(issued_case, id="K-2026-000021", in_force_since=datetime(2026, 3, 9, tzinfo=UTC))
    assert _reason(inquiry.answer(ASKED, _found(issued_case, second))) is Reason.INCONSISTENT
    billboard = replace(second, service="reklame")
    assert not isinstance(inquiry.answer(ASKED, _found(issued_case, billboard)), Decline)


def test_it_answers_about_the_services_of_the_agreement(agreed_services: Callable[[str, str], set[str]]) -> None:
    assert set(SERVICES) == agreed_services("dpupr-2026", "permit-validity")
