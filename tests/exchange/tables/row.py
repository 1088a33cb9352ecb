"""One row of a table, and how it is written for people."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.exchange.stage import Stage


class Does(StrEnum):
    """What the hub does about a fault."""

    TAKE = "take"
    RETRY = "retry"
    REFUSE = "refuse"
    ASK = "ask a person"


@dataclass(frozen=True, kw_only=True)
class Row:
    """A fault by its name, what is seen of it on the wire, and what the hub does.

    `play` lets it happen on a stage where the agency is connected, on a case of its own, and holds the hub to what
    the row says. It may move the clock on, never back.
    """

    name: str
    wire: str
    does: Does
    hub: str
    play: Callable[[Stage], None]

    @property
    def line(self) -> str:
        """The row in Markdown."""
        return f"| {self.name} | {self.wire} | **{self.does}**: {self.hub} |"


def markdown(rows: Iterable[Row]) -> str:
    """The whole table."""
    head = ("| what happens | on the wire | what the hub does |", "|---|---|---|")
    return "\n".join((*head, *(row.line for row in rows))) + "\n"
