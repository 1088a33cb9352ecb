"""Every guard: a case that it refuses, with its code and its Pasal, and the twin that it lets through."""

import pytest

from gateway.domain import guards, kinds
from gateway.domain.case import Stage
from gateway.domain.guard import Guard
from gateway.domain.lifecycle import STEPS
from tests.domain.journeys import case_in, recommendation, refusal
from tests.domain.twins import Twin
from tests.domain.twins_application import CHARGE, EXAMINATION
from tests.domain.twins_permit import ANY_TIME, DOCUMENT, HAND_OVER, SURVEY

EVERY = {each for module in (guards, kinds) for each in vars(module).values() if isinstance(each, Guard)}
TWINS = (*EXAMINATION, *CHARGE, *DOCUMENT, *SURVEY, *HAND_OVER, *ANY_TIME)

OPPOSITES = (
    (kinds.levied, kinds.unlevied),
    (kinds.recommendation_needed, kinds.no_recommendation_needed),
    (kinds.last_recommendation, kinds.more_recommendations),
    (kinds.electronic, kinds.wet_ink),
    (kinds.signed_here, kinds.signed_by_service),
)
"""Pairs that choose between two rows of one fact and stage: exactly one of them holds."""


def _id(twin: Twin) -> str:
    return twin.guard.name.replace(" ", "-")


@pytest.mark.parametrize("twin", TWINS, ids=_id)
def test_a_guard_refuses_with_its_code_and_pasal_and_changes_nothing(twin: Twin) -> None:
    case, event = twin.bad
    version = case.version
    error = refusal(lambda: case.apply(event, twin.bad_at))
    assert (error.code, error.clause) == (twin.code, twin.clause)
    assert twin.guard.text.format(case=case, event=event) in error.text
    assert twin.clause in error.text
    assert case.stage in error.text
    assert case.version == version


@pytest.mark.parametrize("twin", TWINS, ids=_id)
def test_its_twin_is_taken(twin: Twin) -> None:
    case, event = twin.good
    assert case.apply(event, twin.good_at).version == case.version + 1


@pytest.mark.parametrize("twin", TWINS, ids=_id)
def test_no_refusal_names_the_applicant(twin: Twin) -> None:
    case, event = twin.bad
    text = refusal(lambda: case.apply(event, twin.bad_at)).text
    applicant = case.applicant
    assert not [each for each in (str(applicant.nik), applicant.name, applicant.phone, applicant.email) if each in text]


def test_every_guard_has_its_twins_or_its_opposite() -> None:
    tried = {twin.guard for twin in TWINS} | {guard for pair in OPPOSITES for guard in pair}
    assert tried == EVERY


def test_every_guard_is_used_by_the_table() -> None:
    used = {guard for step in STEPS for guard in (*step.exact, *step.guards, *([step.when] if step.when else []))}
    assert used == EVERY


@pytest.mark.parametrize("pair", OPPOSITES, ids=lambda pair: pair[0].name)
@pytest.mark.parametrize("service", ["pbg", "krk", "aset", "trayek", "reklame"])
def test_of_two_opposites_exactly_one_holds(service: str, pair: tuple[Guard, Guard]) -> None:
    case = case_in(Stage.VALIDATED, service)
    event = recommendation(case.required_recommendations[0])
    held = [guard for guard in pair if guard.holds(case, event, case.registered_at)]
    assert len(held) == 1
