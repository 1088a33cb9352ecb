"""One row of a table, and how it is written for people."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from tests.exchange.stage import Stage

Play: TypeAlias = "Callable[[Stage], None]"
HEAD = ("| what happens | what the peer says | what the hub does | what staff see |", "|---|---|---|---|")


class Does(StrEnum):
    """What the hub does about a fault."""

    TAKE = "take"
    """It knows what is meant."""
    RETRY = "retry"
    REFUSE = "refuse"
    ASK = "ask a person"


@dataclass(frozen=True, kw_only=True)
class Row:
    """A fault by its name, what the peer says, what the hub does about it, and what staff see and do.

    `play` lets it happen on a stage where all agencies are connected (`tests.exchange.tables.ready`), on a case of its
    own, and holds the hub to what the row says. It may move the clock on, never back. `alone`: it changes what others
    rely on, or runs the timers of all cases, and gets a stage of its own.
    """

    name: str
    wire: str
    does: Does
    hub: str
    play: Play
    staff: str = "-"
    alone: bool = False

    @property
    def line(self) -> str:
        """The row in Markdown."""
        return f"| {self.name} | {self.wire} | **{self.does}**: {self.hub} | {self.staff} |"


def row(name: str, wire: str, does: Does, hub: str, play: Play, staff: str = "-", *, alone: bool = False) -> Row:
    """A row whose words come in the order of its columns."""
    return Row(name=name, wire=wire, does=does, hub=hub, play=play, staff=staff, alone=alone)


def markdown(rows: Iterable[Row]) -> str:
    """The whole table."""
    return "\n".join((*HEAD, *(row.line for row in rows)))
