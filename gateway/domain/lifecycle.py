"""The lifecycle of a case: applies the table of steps, and prints it.

A fact may happen to a case when a row of `STEPS` names it and the case's stage, and the row's guards hold. The
checks run in this order:

    1. exact   guards that know better than "not now" (a lapsed charge, a second payment), in any stage
    2. stage   a row for this fact that starts in this stage; two such rows are told apart by `when`
    3. survey  a suspended case takes no step towards its document (17(4))
    4. guards  the row's own conditions, the first that fails is the refusal

`asks` and `deadlines` belong to the lifecycle and have files of their own.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from gateway.domain import guards as g
from gateway.domain.asks import asks
from gateway.domain.deadlines import Deadline, DeadlineKind, deadlines, payment_due_on
from gateway.domain.errors import CaseRefusal
from gateway.domain.events import CaseEvent
from gateway.domain.guard import Guard
from gateway.domain.stages import ENDED, EVERY_STAGE, LIVE, ON_THE_WAY, Stage
from gateway.domain.step import Step
from gateway.domain.steps import STEPS

if TYPE_CHECKING:
    from gateway.domain.case import PermitCase

__all__ = [
    "STEPS",
    "Deadline",
    "DeadlineKind",
    "Step",
    "allowed_step",
    "asks",
    "deadlines",
    "diagram",
    "payment_due_on",
    "table",
]


def allowed_step(case: PermitCase, event: CaseEvent, at: datetime) -> Step:
    """Find the row by which `event` may happen to `case` at `at`.

    Raises CaseRefusal with the failed guard's code, `case-ended`, or `step-not-allowed`.
    """
    rows = [step for step in STEPS if step.event is type(event)]
    # 1. exact
    for guard in rows[0].exact if rows else ():
        _require(guard, case, event, at)
    # 2. stage
    step = _row(rows, case, event, at)
    # 3. survey
    if step.waits:
        _require(g.not_suspended, case, event, at)
    # 4. guards
    for guard in step.guards:
        _require(guard, case, event, at)
    return step


def table() -> str:
    """Print the table as Markdown, a row per step."""
    lines = ["| fact | from | to | when | only if | Pasal | meaning |", "|---|---|---|---|---|---|---|"]
    for step in STEPS:
        cells = (
            step.event.__name__,
            _stages(step.origin),
            step.to or "stays",
            step.when.name if step.when else "",
            ", ".join(guard.name for guard in (*step.exact, *((g.not_suspended,) if step.waits else ()), *step.guards)),
            step.pasal,
            step.text,
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def diagram() -> str:
    """Draw the steps that change the stage as a Mermaid `stateDiagram-v2`."""
    lines = ["stateDiagram-v2", *(f'    state "{stage}" as {_node(stage)}' for stage in Stage)]
    for step in STEPS:
        if step.to is None:
            continue
        label = f"{step.event.__name__} [{step.when.name}]" if step.when else step.event.__name__
        origins = [_node(stage) for stage in step.origin if stage is not step.to] or ["[*]"]
        lines += [f"    {origin} --> {_node(step.to)}: {label}" for origin in origins]
    lines += [f"    {_node(stage)} --> [*]" for stage in ENDED]
    return "\n".join(lines) + "\n"


def _row(rows: list[Step], case: PermitCase, event: CaseEvent, at: datetime) -> Step:
    here = [step for step in rows if case.stage in step.origin]
    for step in here:
        if step.when is None or step.when.holds(case, event, at):
            return step
    name, pasal = type(event).__name__, f"Pasal {rows[0].pasal}" if rows else "Pasal 11(3)"
    if here and (when := here[0].when) is not None:
        raise _refusal(when, case, event)
    if case.ended:
        raise CaseRefusal(
            f"{name} cannot happen to case {case.id}: the case has ended ({case.stage}). {pasal}",
            code="case-ended",
            clause=pasal,
        )
    stages = dict.fromkeys(stage for step in rows for stage in step.origin)
    raise CaseRefusal(
        f"{name} cannot happen to case {case.id} in stage {case.stage}: it may happen in "
        f"{_stages(tuple(stages)) or 'no open case'}. {pasal}",
        code="step-not-allowed",
        clause=pasal,
    )


def _require(guard: Guard, case: PermitCase, event: CaseEvent, at: datetime) -> None:
    if not guard.holds(case, event, at):
        raise _refusal(guard, case, event)


def _refusal(guard: Guard, case: PermitCase, event: CaseEvent) -> CaseRefusal:
    reason = guard.text.format(case=case, event=event)
    return CaseRefusal(
        f"{type(event).__name__} cannot happen to case {case.id} in stage {case.stage}: {reason}. {guard.pasal}",
        code=guard.code,
        clause=guard.pasal,
    )


def _stages(stages: tuple[Stage, ...]) -> str:
    named = {EVERY_STAGE: "any", LIVE: "any that has not ended", ON_THE_WAY: "any between approved and handed over"}
    return named.get(stages) or ", ".join(stages)


def _node(stage: Stage) -> str:
    return stage.name.lower()
