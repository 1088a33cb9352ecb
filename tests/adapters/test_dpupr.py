"""DPUPR: the request tells no more than agreed, the answer becomes a recommendation of the right case."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from adapters.dpupr import ADAPTER
from gateway.contract.adapter import Accept, Decline, Reason, Request
from gateway.contract.message import Json, Payload
from gateway.domain.case import PermitCase
from gateway.domain.events import AttachedDocument, RecommendationGiven, RequestRecommendation

ASK = RequestRecommendation(agency="dpupr")


@pytest.fixture
def request_() -> Request[RequestRecommendation]:
    declared = ADAPTER.interaction("technical-recommendation")
    assert isinstance(declared, Request)
    return declared


def _answer(case: PermitCase, **members: Json) -> Payload:
    answer: dict[str, Json] = {
        "case": case.id,
        "number": "600/0017/417.306/2026",
        "date": "2026-03-05",
        "favourable": True,
        "official": "Budi Contoh",
    }
    return answer | members


def test_a_building_is_described_without_the_applicants_nik(
    request_: Request[RequestRecommendation], case: PermitCase, violations: Callable[[str, Payload], list[str]]
) -> None:
    payload = request_.to_agency(case, ASK, "m-1")
    assert payload == {
        "case": case.id,
        "acknowledgementNumber": case.acknowledgement_number,
        "service": "pbg",
        "serviceName": case.service_name,
        "applicant": {"name": case.applicant.name, "company": case.applicant.company},
        "location": {"address": case.site.address, "kelurahan": case.site.kelurahan},
        "purpose": case.site.purpose,
        "builtArea": case.site.area_m2,
    }
    assert str(case.applicant.nik) not in str(payload)
    assert violations(request_.request, payload) == []


def test_what_is_not_known_is_left_out(
    request_: Request[RequestRecommendation], case: PermitCase, violations: Callable[[str, Payload], list[str]]
) -> None:
    bare = replace(
        case,
        acknowledgement_number=None,
        applicant=replace(case.applicant, company=None),
        site=replace(case.site, area_m2=None),
    )
    payload = request_.to_agency(bare, ASK, "m-1")
    assert not {"acknowledgementNumber", "builtArea"} & set(payload)
    assert payload["applicant"] == {"name": case.applicant.name}
    assert violations(request_.request, payload) == []


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({}, ()),
        ({"condition": ["Sempadan 3 meter.", "Sumur resapan."]}, ("Sempadan 3 meter.", "Sumur resapan.")),
        ({"condition": "Sempadan 3 meter."}, ("Sempadan 3 meter.",)),
    ],
)
@pytest.mark.parametrize("favourable", [True, False])
def test_an_answer_becomes_a_recommendation_pasal_11_3_d(
    request_: Request[RequestRecommendation],
    case: PermitCase,
    condition: dict[str, Json],
    expected: tuple[str, ...],
    favourable: bool,
) -> None:
    heard = request_.to_case(case, ASK, _answer(case, favourable=favourable, **condition))
    assert isinstance(heard, Accept)
    (effect,) = heard.effects
    assert effect.case == case.id
    assert effect.events == (
        RecommendationGiven(
            agency="dpupr",
            favourable=favourable,
            number="600/0017/417.306/2026",
            on=date(2026, 3, 5),
            by="Budi Contoh",
            conditions=expected,
        ),
    )


def test_an_answer_about_another_case_is_declined(request_: Request[RequestRecommendation], case: PermitCase) -> None:
    heard = request_.to_case(case, ASK, {**_answer(case), "case": "K-OTHER"})
    assert isinstance(heard, Decline)
    assert heard.reason is Reason.INCONSISTENT
    assert "K-OTHER" in heard.text


# --- version 1.1 --------------------------------------------------------------------------------------------------


@pytest.fixture
def later() -> Request[RequestRecommendation]:
    _, declared = ADAPTER.named("technical-recommendation")
    assert isinstance(declared, Request)
    assert declared.version == "1.1"
    return declared


def test_documents_are_named_by_their_digests_but_for_the_identity_card(
    later: Request[RequestRecommendation], request_: Request[RequestRecommendation], case: PermitCase
) -> None:
    assert later.to_agency(case, ASK, "m-1") == request_.to_agency(case, ASK, "m-1")
    handed_in = tuple(
        AttachedDocument(kind=kind, name=f"{kind} Siti Contoh.pdf", sha256=digest * 32)
        for kind, digest in (("ktp", "ab"), ("gambar", "cd"))
    )
    payload = later.to_agency(replace(case, documents=handed_in), ASK, "m-1")
    assert payload["document"] == [{"kind": "gambar", "sha256": "cd" * 32}]


def test_until_when_a_recommendation_holds_is_its_last_condition(
    later: Request[RequestRecommendation], case: PermitCase
) -> None:
    heard = later.to_case(case, ASK, _answer(case, condition=["Sempadan 3 meter."], validUntil="2027-03-05"))
    assert isinstance(heard, Accept)
    ((event,),) = (effect.events for effect in heard.effects)
    assert isinstance(event, RecommendationGiven)
    assert event.conditions == ("Sempadan 3 meter.", "Rekomendasi ini berlaku sampai dengan 2027-03-05.")
    wrong = later.to_case(case, ASK, _answer(replace(case, id="K-2026-000099"), validUntil="2027-03-05"))
    assert isinstance(wrong, Decline)
