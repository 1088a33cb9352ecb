"""What happened to cases: facts, openings and numbers, each once."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

from tests.crash.finding import Finding
from tests.crash.rows import Rows

ONCE = frozenset(
    {
        "ApplicationRegistered",
        "ApplicationCompleted",
        "ResidentVerified",
        "AdministrationVerified",
        "AdministrationValidated",
        "RecommendationGiven",
        "ApplicationApproved",
        "ChargeIssued",
        "PaymentReceived",
        "NumberReserved",
        "DocumentPrepared",
        "DocumentSigned",
        "NumberActivated",
    }
)
"""Facts that happen once to a case that is played to its permit."""

NUMBERED = {
    "ApplicationCompleted": ("tt/", "acknowledgement_number"),
    "ChargeIssued": ("skrd/", "number"),
    "NumberReserved": ("", "number"),
}
"""Facts that take a number: how its counter's name begins ("": like none of the others), and the member it is."""


def cases(rows: Rows) -> Iterator[Finding]:
    """Every fact that happens once has, no fact is missing, and every application opened one case."""
    facts: dict[str, Counter[str]] = defaultdict(Counter)
    sequences: dict[str, list[int]] = defaultdict(list)
    for event in rows.events:
        facts[event["case_id"]][event["kind"]] += 1
        sequences[event["case_id"]].append(event["seq"])
    for case in rows.cases:
        for kind, times in facts[case["id"]].items():
            if kind in ONCE and times > 1:
                yield Finding(kind="doubled", text=f"case {case['id']}: {kind} happened {times} times")
        if sorted(sequences[case["id"]]) != list(range(1, case["version"] + 1)):
            yield Finding(kind="lost", text=f"case {case['id']} is at version {case['version']} and lacks facts")
    opened = Counter(row["case_id"] for row in rows.openings)
    for case_id, times in opened.items():
        if times > 1:
            yield Finding(kind="doubled", text=f"case {case_id} was opened {times} times")
    applications = [
        row for row in rows.exchanges if row["interaction"] == "receiveNIB" and row["verdict"] == "accepted"
    ]
    if len(applications) != len(rows.cases):
        kind = "doubled" if len(rows.cases) > len(applications) else "lost"
        yield Finding(kind=kind, text=f"{len(applications)} applications were taken and {len(rows.cases)} cases opened")


def numbers(rows: Rows) -> Iterator[Finding]:
    """Every number once, and none skipped: a counter stands where the last number that was given out says."""
    special = tuple(prefix for prefix, _ in NUMBERED.values() if prefix)
    for kind, (prefix, member) in NUMBERED.items():
        given = [_member(json.loads(row["body"]), member) for row in rows.events if row["kind"] == kind]
        for number, times in Counter(given).items():
            if times > 1:
                yield Finding(kind="doubled", text=f"{kind}: the number {number} was given out {times} times")
        counted = sum(
            value
            for name, value in rows.counters.items()
            if (name.startswith(prefix) if prefix else _is_permit_counter(name, special))
        )
        if counted != len(given):
            yield Finding(kind="doubled", text=f"{kind}: {len(given)} numbers were given out, {counted} were counted")


def _is_permit_counter(name: str, special: tuple[str, ...]) -> bool:
    return "/" in name and not name.startswith(special)


def _member(body: Any, member: str) -> str:
    """A member of a fact, at whatever depth it stands."""
    if isinstance(body, dict):
        if member in body and isinstance(body[member], str):
            return str(body[member])
        return next((found for each in body.values() if (found := _member(each, member))), "")
    return ""
