"""Dukcapil: every verdict and every business error under HTTP 200 leads to the right consequence."""

from collections.abc import Callable

import pytest

from adapters.dukcapil import ADAPTER
from gateway.contract.adapter import Accept, AskPerson, Query, Retry
from gateway.contract.message import Json, Payload
from gateway.domain.case import PermitCase
from gateway.domain.events import ResidentRefuted, ResidentVerified, VerifyResident

ASK = VerifyResident()


@pytest.fixture
def query() -> Query[VerifyResident]:
    declared = ADAPTER.interaction("verify-resident")
    assert isinstance(declared, Query)
    return declared


def _reply(**content: Json) -> Payload:
    return {"content": [dict(content)], "quotaLimiter": 56616}


def test_only_the_agreed_elements_and_places_for_secrets_are_sent(
    query: Query[VerifyResident], case: PermitCase, violations: Callable[[str, Payload], list[str]]
) -> None:
    payload = query.to_agency(case, ASK, "m-1")
    assert payload == {
        "USER_ID": "{{secret:user_id}}",
        "PASSWORD": "{{secret:password}}",
        "IP_USER": "{{secret:ip_user}}",
        "TRESHOLD": "90",
        "NIK": case.applicant.nik,
        "NAMA_LGKP": case.applicant.name,
    }
    assert type(payload["NIK"]) is str
    assert violations(query.request, payload) == []


@pytest.mark.parametrize(
    ("verdict", "score"), [("Sesuai (100)", 100), ("Sesuai (97)", 97), ("Sesuai", None), ("SESUAI(0)", 0)]
)
def test_a_matching_name_verifies_the_resident(
    query: Query[VerifyResident], case: PermitCase, verdict: str, score: int | None
) -> None:
    heard = query.to_case(case, ASK, _reply(NIK="Sesuai", NAMA_LGKP=verdict))
    assert isinstance(heard, Accept)
    assert [(effect.case, effect.events) for effect in heard.effects] == [
        (case.id, (ResidentVerified(name_score=score),))
    ]


@pytest.mark.parametrize("verdict", ["Tidak Sesuai (59)", "tidak sesuai", "TIDAK SESUAI (0)"])
def test_another_name_refutes_the_resident(query: Query[VerifyResident], case: PermitCase, verdict: str) -> None:
    assert _refuted(query, case, _reply(NIK="Sesuai", NAMA_LGKP=verdict)).reason == "name-differs"


def test_the_score_of_a_name_that_differs_is_told(query: Query[VerifyResident], case: PermitCase) -> None:
    assert "59" in _refuted(query, case, _reply(NIK="Sesuai", NAMA_LGKP="Tidak Sesuai (59)")).text


@pytest.mark.parametrize(
    ("code", "reason"),
    [("11", "deceased"), ("12", "duplicate"), ("13", "not-found"), ("14", "inactive"), (13, "not-found")],
)
def test_a_business_code_refutes_the_resident_under_http_200(
    query: Query[VerifyResident], case: PermitCase, code: str | int, reason: str
) -> None:
    assert _refuted(query, case, _reply(RESPONSE_CODE=code, RESPONSE="-")).reason == reason


def test_not_found_in_words_alone_refutes_the_resident(query: Query[VerifyResident], case: PermitCase) -> None:
    assert _refuted(query, case, _reply(RESPON="DATA TIDAK DITEMUKAN")).reason == "not-found"


@pytest.mark.parametrize("member", ["RESPON", "RESPONSE", "RESPONSE_DESC"])
@pytest.mark.parametrize("text", ["Kuota Akses Hari ini telah Habis", "KUOTA AKSES HARI INI TELAH HABIS"])
def test_a_spent_quota_is_tried_again_and_says_nothing_about_the_nik(
    query: Query[VerifyResident], case: PermitCase, member: str, text: str
) -> None:
    heard = query.to_case(case, ASK, _reply(**{member: text}))
    assert isinstance(heard, Retry)
    assert (heard.after_s, heard.counts) == (3600, False)


def test_a_spent_quota_wins_over_a_code(query: Query[VerifyResident], case: PermitCase) -> None:
    heard = query.to_case(case, ASK, _reply(RESPONSE_CODE="13", RESPONSE="Kuota Akses Hari ini telah Habis"))
    assert isinstance(heard, Retry)


@pytest.mark.parametrize("text", ["Login Gagal", "LOGIN GAGAL", "IP Address Tidak Sesuai"])
def test_a_configuration_fault_goes_to_a_person(query: Query[VerifyResident], case: PermitCase, text: str) -> None:
    heard = query.to_case(case, ASK, _reply(RESPON=text))
    assert isinstance(heard, AskPerson)
    assert heard.again
    assert text in heard.text


@pytest.mark.parametrize(
    "content",
    [
        {"RESPONSE_CODE": "15", "RESPONSE": "Format NIK salah"},
        {"RESPONSE_CODE": "00"},
        {"RESPONSE_CODE": "08", "NIK": "Sesuai", "NAMA_LGKP": "Sesuai (100)"},
        {"RESPON": "Sedang pemeliharaan"},
        {"NIK": "Tidak Sesuai", "NAMA_LGKP": "Sesuai (100)"},
        {"NIK": "Sesuai"},
        {"NIK": "Sesuai", "NAMA_LGKP": "Sesuai (101)"},
        {"NIK": "Sesuai", "NAMA_LGKP": "Kurang Sesuai"},
    ],
)
def test_what_no_rule_decides_goes_to_a_person(
    query: Query[VerifyResident], case: PermitCase, content: dict[str, Json]
) -> None:
    heard = query.to_case(case, ASK, _reply(**content))
    assert isinstance(heard, AskPerson)
    assert not heard.again


@pytest.mark.parametrize("content", [["Sesuai"], "Sesuai"])
def test_an_answer_without_content_goes_to_a_person(
    query: Query[VerifyResident], case: PermitCase, content: Json
) -> None:
    assert isinstance(query.to_case(case, ASK, {"content": content}), AskPerson)


def _refuted(query: Query[VerifyResident], case: PermitCase, reply: Payload) -> ResidentRefuted:
    heard = query.to_case(case, ASK, reply)
    assert isinstance(heard, Accept)
    (effect,) = heard.effects
    (event,) = effect.events
    assert effect.case == case.id
    assert isinstance(event, ResidentRefuted)
    return event
