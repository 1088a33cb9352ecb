"""The printed table and diagram say what the table of steps says, and a refusal says what may happen instead."""

import re
from collections import Counter
from dataclasses import dataclass
from itertools import combinations

import pytest

from gateway.domain import events as e
from gateway.domain.case import Stage
from gateway.domain.errors import CaseRefusal
from gateway.domain.events import CaseEvent
from gateway.domain.facts import EVENT_KINDS
from gateway.domain.lifecycle import STEPS, Step, allowed_step, diagram, table
from gateway.domain.stages import ENDED, LIVE
from tests.domain import journeys as j
from tests.domain.journeys import START, case_in, opened, refusal, registration

EDGE = re.compile(r"    (\w+|\[\*\]) --> (\w+|\[\*\])(?:: (\w+)(?: \[([^\]]+)\])?)?")
ROWS = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table().splitlines()]


def _edges() -> list[tuple[str, ...]]:
    return [match.groups("") for line in diagram().splitlines() if (match := EDGE.fullmatch(line))]


def _name(step: Step) -> str:
    return step.when.name if step.when else ""


def test_every_fact_has_a_row() -> None:
    assert {step.event for step in STEPS} == set(EVENT_KINDS.values())


def test_two_rows_of_a_fact_and_a_stage_are_told_apart_by_a_condition() -> None:
    for one, two in combinations(STEPS, 2):
        if one.event is two.event and set(one.origin) & set(two.origin):
            assert one.when is not None
            assert two.when is not None
            assert one.when is not two.when


def test_a_row_that_moves_a_case_starts_where_it_is_live_or_revokes() -> None:
    for step in STEPS:
        if step.to is not None and step.event is not e.PermitRevoked:
            assert set(step.origin) <= set(LIVE)


def test_every_stage_can_be_reached_and_every_live_stage_left() -> None:
    reached = {step.to for step in STEPS}
    left = {stage for step in STEPS if step.to for stage in step.origin if stage is not step.to}
    assert set(Stage) <= reached
    assert set(LIVE) <= left


def test_the_diagram_draws_exactly_the_steps_that_change_the_stage() -> None:
    drawn = Counter(_edges())
    expected = Counter(
        (stage.name.lower(), step.to.name.lower(), step.event.__name__, _name(step))
        for step in STEPS
        if step.to is not None
        for stage in step.origin
        if stage is not step.to
    )
    expected[("[*]", "registered", "ApplicationRegistered", "")] += 1
    expected.update((stage.name.lower(), "[*]", "", "") for stage in ENDED)
    assert drawn == expected


def test_the_diagram_names_every_stage_and_is_mermaid() -> None:
    lines = diagram().splitlines()
    assert lines[0] == "stateDiagram-v2"
    assert [line for line in lines if line.startswith("    state ")] == [
        f'    state "{stage}" as {stage.name.lower()}' for stage in Stage
    ]
    assert len(lines) == 1 + len(Stage) + len(_edges())


def test_the_table_has_a_row_for_every_step_with_its_conditions_and_pasal() -> None:
    header, _, *rows = ROWS
    assert header == ["fact", "from", "to", "when", "only if", "Pasal", "meaning"]
    assert len(rows) == len(STEPS)
    for row, step in zip(rows, STEPS, strict=True):
        assert row[0] == step.event.__name__
        assert row[2] == (step.to or "stays")
        assert row[3] == _name(step)
        conditions = {guard.name for guard in (*step.exact, *step.guards)} | (
            {"not suspended"} if step.waits else set()
        )
        assert set(row[4].split(", ")) - {""} == conditions
        assert row[5:] == [step.pasal, step.text]


@pytest.mark.parametrize(
    ("event", "origin"),
    [
        ("ApplicationRegistered", ""),
        ("NoticeReceived", "any"),
        ("ResidentVerified", "any that has not ended"),
        ("SurveyCompleted", "any between approved and handed over"),
        ("ApplicationCompleted", "registered"),
        ("DocumentPrepared", "numbered, prepared"),
    ],
)
def test_the_table_names_the_stages_in_words(event: str, origin: str) -> None:
    assert [row[1] for row in ROWS if row[0] == event] == [origin]


def test_a_refusal_names_the_stages_in_which_it_may_happen() -> None:
    error = refusal(lambda: case_in(Stage.PAID).apply(j.VERIFIED, START))
    assert error.code == "step-not-allowed"
    assert "in stage paid: it may happen in complete." in error.text
    assert error.clause == "Pasal 11(3)b"


def test_a_case_is_opened_once() -> None:
    error = refusal(lambda: opened().apply(registration(), START))
    assert error.code == "step-not-allowed"
    assert "no open case" in error.text


@dataclass(frozen=True, kw_only=True)
class _Unheard(CaseEvent):
    """A fact that the table does not know."""


def test_a_fact_that_the_table_does_not_know_is_refused() -> None:
    for case, code in ((opened(), "step-not-allowed"), (case_in(Stage.REJECTED), "case-ended")):
        with pytest.raises(CaseRefusal) as caught:
            allowed_step(case, _Unheard(), START)
        assert caught.value.code == code
        assert caught.value.clause == "Pasal 11(3)"


def test_an_exact_reason_comes_before_not_now() -> None:
    assert refusal(lambda: case_in(Stage.LAPSED).apply(j.PAID, START)).code == "charge-lapsed"
    assert refusal(lambda: case_in(Stage.HANDED_OVER).apply(j.PAID, START)).code == "already-paid"
    assert refusal(lambda: case_in(Stage.COMPLETE, "krk").apply(j.PAID, START)).code == "not-levied"
    assert refusal(lambda: case_in(Stage.APPROVED).apply(j.PAID, START)).code == "step-not-allowed"
