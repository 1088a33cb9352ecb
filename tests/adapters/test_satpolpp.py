"""Satpol PP: the task tells no more than agreed, the recommendation becomes a fact of the right case."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from adapters.satpolpp import ADAPTER
from gateway.contract.adapter import Accept, Decline, Found, Mailbox, Reason, Submission
from gateway.contract.message import Json, Payload
from gateway.domain.case import PermitCase
from gateway.domain.events import RecommendationGiven, Reference, RequestRecommendation

ASK = RequestRecommendation(agency="satpolpp")
TASK = Reference(kind="message", value="urn:uuid:t-1")


@pytest.fixture
def box() -> Mailbox[RequestRecommendation]:
    declared = ADAPTER.interaction("recommendation-task")
    assert isinstance(declared, Mailbox)
    return declared


@pytest.fixture
def submission() -> Submission:
    declared = ADAPTER.interaction("recommendation")
    assert isinstance(declared, Submission)
    return declared


def _recommendation(about: PermitCase, **members: Json) -> Payload:
    said: dict[str, Json] = {
        "task": TASK.value,
        "case": about.id,
        "number": "331/0017/417.305/2026",
        "date": "2026-03-04",
        "favourable": True,
        "official": "Budi Contoh",
    }
    return said | members


def test_a_task_is_described_without_the_applicants_nik(
    box: Mailbox[RequestRecommendation], case: PermitCase, violations: Callable[[str, Payload], list[str]]
) -> None:
    sign = replace(case, service="reklame")
    payload = box.to_agency(sign, ASK, "m-1")
    assert payload["applicant"] == {"name": case.applicant.name, "company": case.applicant.company}
    assert payload["location"] == {"address": case.site.address, "kelurahan": case.site.kelurahan}
    assert str(case.applicant.nik) not in str(payload)
    assert violations(box.request, payload) == []
    bare = replace(sign, acknowledgement_number=None, applicant=replace(case.applicant, company=None))
    least = box.to_agency(bare, ASK, "m-1")
    assert ("acknowledgementNumber" in least, least["applicant"]) == (False, {"name": case.applicant.name})
    assert violations(box.request, least) == []


@pytest.mark.parametrize(
    ("condition", "expected"),
    [({}, ()), ({"condition": ["Tidak menutup rambu.", "Paling tinggi 6 meter."]}, 2), ({"condition": "Satu."}, 1)],
)
@pytest.mark.parametrize("favourable", [True, False])
def test_a_recommendation_is_a_fact_of_the_case_of_its_task_pasal_11_3_d(
    submission: Submission, case: PermitCase, condition: dict[str, Json], expected: object, favourable: bool
) -> None:
    said = _recommendation(case, favourable=favourable, **condition)
    assert submission.about(said) == (TASK,)
    heard = submission.to_cases(said, {TASK: (case,)})
    assert isinstance(heard, Accept)
    (effect,) = heard.effects
    (event,) = effect.events
    assert isinstance(event, RecommendationGiven)
    assert (effect.case, event.agency, event.favourable, event.on) == (
        case.id,
        "satpolpp",
        favourable,
        date(2026, 3, 4),
    )
    assert len(event.conditions) == (expected or 0)


@pytest.mark.parametrize(
    ("members", "is_known", "reason"),
    [
        ({}, False, Reason.NOT_FOUND),
        ({"case": "K-OTHER"}, True, Reason.INCONSISTENT),
        ({"date": "2026-02-30"}, True, Reason.INCONSISTENT),
    ],
)
def test_what_answers_no_task_or_another_case_is_declined(
    submission: Submission, case: PermitCase, members: dict[str, Json], is_known: bool, reason: Reason
) -> None:
    found: Found = {TASK: (case,) if is_known else ()}
    heard = submission.to_cases(_recommendation(case, **members), found)
    assert isinstance(heard, Decline)
    assert heard.reason is reason
