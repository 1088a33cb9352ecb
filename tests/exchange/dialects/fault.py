"""What a row of a table says, and how it is written for people."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeAlias

from tests.exchange.town import Answer, raw, says

if TYPE_CHECKING:
    from tests.exchange.stage import Stage
    from tests.exchange.voices import Said


class Does(StrEnum):
    """What the hub does about a fault."""

    TAKE = "take"
    """It knows what is meant."""
    RETRY = "retry"
    REFUSE = "refuse"
    ASK = "ask a person"


SCHEDULE = (2.5, 5.0)
"""Seconds until a second attempt by the schedule of the sample agreements."""

HOUR = (3600.0, 3600.0)
HTML = b"<!doctype html><title>Pemeliharaan</title>"


@dataclass(frozen=True, kw_only=True)
class Reply:
    """A fault in what an agency answers to the hub.

    `body` is JSON, or the bytes of something else. `fact` is the kind of the fact that the case then has, `attention`
    a part of what the officer reads; empty for none. `wait` are the least and the most seconds to the next attempt.
    """

    name: str
    body: Any
    does: Does
    state: str
    status: int = 200
    wait: tuple[float, float] | None = None
    attempts: int = 1
    fact: str = ""
    attention: str = ""
    staff: str = "-"

    @property
    def answer(self) -> Answer:
        """The agency that answers so."""
        return raw(self.body, self.status) if isinstance(self.body, bytes) else says(self.body, self.status)

    @property
    def wire(self) -> str:
        """How it looks."""
        if isinstance(self.body, bytes):
            return f"HTTP {self.status}, {'an HTML page' if self.body else 'no body'}"
        return f"HTTP {self.status} `{json.dumps(self.body, ensure_ascii=False)}`"

    @property
    def hub(self) -> str:
        """What the hub does, for people."""
        return f"{self.does}: {'; '.join(self._parts())} (`{self.state}`)"

    def _parts(self) -> list[str]:
        found = []
        if self.wait is not None:
            when = "after an hour" if self.wait == HOUR else f"after {self.wait[0]:.0f} s"
            found.append("again by the agreed schedule" if self.wait == SCHEDULE else f"again {when}")
        if not self.attempts:
            found.append("uses up no attempt")
        if self.fact:
            found.append(f"records `{self.fact}`")
        if self.attention:
            found.append(f"the case says “{self.attention}”")
        return found or ["nothing else"]


Play: TypeAlias = "Callable[[Stage], Said]"
"""Brings a message to the hub's door in a way of its own; gives the hub's answer to the last of them."""


@dataclass(frozen=True, kw_only=True)
class Heard:
    """A fault in what an agency says to the hub, and the answer that it gets: HTTP status and, in it, `verdict`.

    `cases` are how many there are afterwards; `kept` how many exchanges of it are on record.
    """

    name: str
    wire: str
    play: Play
    does: Does
    status: int
    verdict: str
    hub_does: str
    cases: int
    kept: int
    staff: str = "-"

    @property
    def hub(self) -> str:
        """What the hub does, for people."""
        return f"{self.does}: {self.hub_does} (HTTP {self.status}, status {self.verdict})"
