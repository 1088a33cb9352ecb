"""Step 9 of the check of an agency: how exchanges went of late."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final

from gateway.operations.agency_check.line import Line, fail, ok, warn
from gateway.store.reading import Reader

LATELY: Final = timedelta(days=7)
OLD: Final = timedelta(hours=1)
UNDONE: Final[Mapping[str, str]] = {
    **dict.fromkeys(("queued", "not-sent", "unknown"), "sent within an hour"),
    **dict.fromkeys(("laid-down", "collected"), "collected and acknowledged within an hour"),
}
"""What is expected of a delivery in such a state."""


def lately(reader: Reader, agency: str, at: datetime) -> Iterator[Line]:
    """9. What went each way, and what did not."""
    ways: Mapping[str, tuple[str, ...]] = {"in": ("accepted",), "out": ("answered", "awaiting", "collected")}
    for direction, verdicts in ways.items():
        row = reader.last_exchange(agency, direction, verdicts)
        way = "from the agency" if direction == "in" else "to the agency"
        found = f"{row.interaction} at {row.at.isoformat()}" if row else "none yet"
        yield ok("lately", f"last accepted {way}: {found}")
    for code, count, last in reader.refusals_since(agency, at - LATELY)[:8]:
        found = f"{count} x {code} in {LATELY.days} days, last at {last.isoformat()}"
        yield warn("lately", "no refusals", found, f"see the exchanges of {agency} in the console")
    yield from _failed_proofs(reader, agency, at)
    yield from _deliveries(reader, agency, at)


def _failed_proofs(reader: Reader, agency: str, at: datetime) -> Iterator[Line]:
    for row in reader.failed_proofs(agency):
        if at - row.at <= LATELY:
            found = f"{row.code} at {row.interaction}, last at {row.at.isoformat()}: {row.explanation}"
            advice = f"ask {agency} whether it was theirs: anybody can fail in its name; see docs/diagnosis.md"
            yield warn("lately", "no failed signatures", found, advice)


def _deliveries(reader: Reader, agency: str, at: datetime) -> Iterator[Line]:
    states = reader.delivery_states(agency)
    dead, waiting = states.get("dead"), [each for each in UNDONE if each in states]
    if dead is not None:
        causes = {row.cause or "no cause" for row in reader.newest_deliveries(agency, ("dead",))}
        found = f"{dead[0]} given up, the oldest made at {dead[1].isoformat()}: {'; '.join(sorted(causes))[:300]}"
        yield fail("lately", "no dead letters", found, "mend the cause, then redrive or cancel in the console")
    for state in waiting:
        count, oldest = states[state]
        causes = {row.cause for row in reader.newest_deliveries(agency, (state,)) if row.cause}
        found = f"{count} deliveries {state}, the oldest made at {oldest.isoformat()}"
        found += f": {'; '.join(sorted(causes))[:300]}" if causes else ""
        late = at - oldest > OLD
        yield warn("lately", UNDONE[state], found, "") if late or causes else ok("lately", found)
