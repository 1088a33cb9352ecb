"""What agencies heard, against what the store says was sent."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from tests.crash.agencies import Heard, key_of
from tests.crash.finding import Finding
from tests.crash.rows import Rows, aware

NEVER_AGAIN = frozenset({"send-pin"})
"""Interactions of which the agreement says `repeat = never`."""

SENT_WELL = frozenset({"answered", "awaiting"})


def outward(rows: Rows, calls: list[Heard]) -> Iterator[Finding]:
    """What was to be said was heard, as often as the store tells, and never again once its answer was on record."""
    heard: dict[tuple[str, str], list[Heard]] = defaultdict(list)
    for each in calls:
        heard[each.agency, each.key].append(each)
    attempts: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows.attempts:
        attempts[row["delivery"]].append(row)
    asked = Counter((row["case_id"], row["ask_kind"], row["ask_body"]) for row in rows.deliveries)
    for (case_id, ask, _), times in asked.items():
        if times > 1:
            yield Finding(kind="doubled", text=f"case {case_id}: {ask} became {times} deliveries")
    claimed: set[tuple[str, str]] = set()
    for row in rows.deliveries:
        name = (str(row["agency"]), _key(row, rows.parts[row["id"]]))
        claimed.add(name)
        yield from _delivery(row, sorted(attempts[row["id"]], key=lambda each: each["number"]), heard[name])
    for name in set(heard) - claimed:
        if heard[name]:
            yield Finding(kind="doubled", text=f"{name[0]} heard {name[1][:80]!r}, of which no delivery speaks")


def _delivery(row: Mapping[str, Any], attempts: list[dict[str, Any]], heard: list[Heard]) -> Iterator[Finding]:
    what = f"{row['agency']}/{row['interaction']} of case {row['case_id']}"
    if row["state"] in SENT_WELL and not heard:
        yield Finding(kind="lost", text=f"{what} is {row['state']}, and the agency never heard it")
    if row["state"] not in SENT_WELL and row["interaction"] not in NEVER_AGAIN:
        yield Finding(kind="lost", text=f"{what} ended as {row['state']}: {row['cause']}")
    if len(heard) > len(attempts):
        yield Finding(kind="doubled", text=f"{what} was heard {len(heard)} times in {len(attempts)} attempts")
    if len(heard) > 1 and row["interaction"] in NEVER_AGAIN:
        yield Finding(kind="doubled", text=f"{what} was heard {len(heard)} times, and may not be repeated")
    answered = [aware(each["ended_at"]) for each in attempts if each["outcome"] == "answered"]
    for earlier, later in pairwise(attempts):
        # a worker that lost its lease in the middle of its call keeps what it heard: that decides nothing any more
        if earlier["outcome"] == "answered" and aware(earlier["ended_at"]) < aware(later["started_at"]):
            yield Finding(kind="doubled", text=f"{what} was attempted again after attempt {earlier['number']} answered")
    for each in heard:
        if answered and each.at > min(answered):
            late = (each.at - min(answered)).total_seconds()
            yield Finding(kind="doubled", text=f"{what} was sent again {late:.3f} s after its answer was on record")


def _key(row: Mapping[str, Any], parts: Mapping[str, bytes]) -> str:
    """The name by which the agency knows a delivery; the id alone when nothing was ever sent."""
    if row["agency"] in ("dpupr", "satpolpp"):
        return str(row["message_id"])
    sent = next((body for name, body in sorted(parts.items()) if name.startswith("sent-") and "-head" not in name), b"")
    if not sent:
        return str(row["message_id"])
    return key_of(row["agency"], json.loads(sent))
