"""What a row of the table of allowed steps is made of; the table itself is `gateway.domain.steps`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.domain.events import CaseEvent
from gateway.domain.guard import Guard
from gateway.domain.stages import Stage


@dataclass(frozen=True, kw_only=True)
class Step:
    """One row. `to` None: the stage stays. No `origin`: the row opens the case. `pasal` is where the step comes from.

    `exact` guards are checked in any stage; `when` chooses between rows of one fact and stage; `waits` marks the
    steps that a missing survey stops (17(4)).
    """

    event: type[CaseEvent]
    origin: tuple[Stage, ...]
    to: Stage | None
    pasal: str
    text: str
    exact: tuple[Guard, ...] = ()
    when: Guard | None = None
    guards: tuple[Guard, ...] = ()
    waits: bool = False


def rows(
    event: type[CaseEvent],
    pasal: str,
    text: str,
    *routes: tuple[Sequence[Stage], Stage | None] | tuple[Sequence[Stage], Stage | None, Guard],
    exact: tuple[Guard, ...] = (),
    guards: tuple[Guard, ...] = (),
    waits: bool = False,
) -> tuple[Step, ...]:
    """Make the rows of one fact: one for each route, (from any of these stages, to that one, chosen by this guard)."""
    return tuple(
        Step(
            event=event,
            origin=tuple(route[0]),
            to=route[1],
            pasal=pasal,
            text=text,
            exact=exact,
            when=route[2] if len(route) == 3 else None,
            guards=guards,
            waits=waits,
        )
        for route in routes
    )
