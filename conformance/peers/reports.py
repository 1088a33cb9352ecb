"""How a simulated agency reports on what it took: in time, or, on request, late, twice, never, in another order.

`POST /_control/reports` gives an order for what comes next:
    {"outcomes": ["DELIVRD"], "delay_ms": 60000}                    late
    {"outcomes": ["DELIVRD", "DELIVRD"]}                            twice
    {"outcomes": []}                                                never
    {"outcomes": ["DELIVRD", "UNDELIV"]}                            contradictory
    {"outcomes": ["DELIVRD"], "times": 3, "newest_first": true}     out of order
The outcomes are the agency's own words. What was ordered stands in the journal with what was taken, so that a restart
goes on with it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any, TypeAlias

from pydantic import BaseModel, Field

from conformance.peers.journal import Entry
from conformance.peers.peer import Peer
from gateway.domain.errors import Refused

ACKNOWLEDGED = "report-acknowledged"
"""The kind of the journal entry by which a report, named by its `reference`, is known to have arrived."""

Say: TypeAlias = Callable[[Entry, str, int], bool]
"""Makes one attempt to report an outcome of what was taken, the n-th; True when the hub has acknowledged it.

It writes an ACKNOWLEDGED entry then, and handles its own failures.
"""


class ReportOrder(BaseModel):
    """How the next `times` messages are reported on: each of `outcomes` in turn, the first one after `delay_ms`.

    `newest_first`: nothing is reported before all of them came, and then of the last one first.
    """

    outcomes: list[str] = Field(max_length=10)
    times: int = Field(default=1, ge=1)
    delay_ms: int = Field(default=0, ge=0)
    newest_first: bool = False


class Reporting:
    """The reports of one peer. `outcomes` are those that it knows, the ordinary one first."""

    def __init__(self, peer: Peer, outcomes: tuple[str, ...], say: Say) -> None:
        self._peer, self._outcomes, self._say = peer, outcomes, say
        self._order: ReportOrder | None = None
        self._held: list[Entry] = []

        @peer.app.post("/_control/reports")
        def reports(order: ReportOrder) -> dict[str, Any]:
            with peer.taking:
                return self.order(order)

    def order(self, order: ReportOrder) -> dict[str, Any]:
        """Take an order for what comes next. Raises Refused for an outcome that the agency does not know."""
        unknown = [each for each in order.outcomes if each not in self._outcomes]
        if unknown:
            text = f"{unknown[0]!r} is no outcome of {self._peer.agency}: use {', '.join(self._outcomes)}"
            raise Refused(text, code="outcome-unknown")
        self._order = order
        return order.model_dump()

    def plan(self) -> dict[str, Any]:
        """Say how the message that is being taken will be reported on: its journal entry's `report`."""
        order = self._order or ReportOrder(outcomes=[self._outcomes[0]])
        left = order.times - 1 if self._order else 0
        self._order = order.model_copy(update={"times": left}) if left else None
        return {
            "outcomes": order.outcomes,
            "delay_ms": order.delay_ms,
            "newest_first": order.newest_first,
            "left": left,
        }

    def begin(self, entry: Entry) -> None:
        """Report on what was just taken, as its entry says."""
        plan = entry["report"]
        due = [entry]
        if plan["newest_first"]:
            self._held.append(entry)
            if plan["left"]:
                return
            due, self._held = self._held[::-1], []
        for each in due:
            self._send(each, 0)

    def resume(self, kind: str) -> None:
        """Go on with every entry of that kind after a restart."""
        arrived = Counter(each["reference"] for each in self._peer.journal.entries(ACKNOWLEDGED))
        for each in self._peer.journal.entries(kind):
            self._send(each, arrived[each["reference"]])

    def _send(self, entry: Entry, number: int) -> None:
        # entries of older journals have no plan: the ordinary outcome was theirs
        plan = entry.get("report", {"outcomes": [self._outcomes[0]], "delay_ms": 0})
        if number >= len(plan["outcomes"]):
            return

        def attempt() -> bool:
            arrived = self._say(entry, plan["outcomes"][number], number)
            if arrived:
                self._send(entry, number + 1)
            return arrived

        self._peer.courier.send(attempt, after_s=plan["delay_ms"] / 1000 if number == 0 else 0.0)
