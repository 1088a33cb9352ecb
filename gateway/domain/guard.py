"""What a condition of a step is made of; the conditions are in `gateway.domain.guards` and `gateway.domain.kinds`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from gateway.domain.events import CaseEvent

if TYPE_CHECKING:
    from gateway.domain.case import PermitCase

E = TypeVar("E", bound=CaseEvent)
Holds = Callable[["PermitCase", E, datetime], bool]


@dataclass(frozen=True)
class Guard:
    """One condition: `name` for the table, `code`, `pasal` and `text` for the refusal when `holds` says no."""

    name: str
    code: str
    pasal: str
    text: str
    holds: Callable[[PermitCase, Any, datetime], bool]


def guard(code: str, pasal: str, text: str) -> Callable[[Holds[E]], Guard]:
    """Make a Guard of a yes-or-no function, named after it."""

    def make(holds: Holds[E]) -> Guard:
        return Guard(holds.__name__.replace("_", " "), code, pasal, text, holds)

    return make
