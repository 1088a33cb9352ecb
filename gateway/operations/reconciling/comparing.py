"""The comparison of a sorted list with the record; `gateway.operations.reconciling` says what each state means.

1. each exchange of the period, in order of time: lines with its id are judged by the leaf's commitments
2. an exchange that bears no id of the agency's (its id is its content, or it was refused before an id was bound) is
   looked for by its digest
3. one that no line names is told: missing there, not delivered, or at the edge
4. lines of which nothing was found are looked up by id, whatever the time
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from gateway.operations.reconciling.listing import FROM_AGENCY, KEY, RECORD, TO_AGENCY, Line
from gateway.operations.reconciling.record import OwnRecord, Place, Record
from gateway.operations.reconciling.sorted_list import SortedList
from gateway.primitives.json_writer import JsonWriter
from gateway.store.reading import Reader
from gateway.store.reads.reconciliations import ComparedExchange

EDGE = timedelta(minutes=15)
"""So near to an end of the period the other side's clock may have had another day."""

LOOKED_UP = 500
OWN_SERVICES = ("meta.", "mailbox.")
ARRIVED = frozenset({"accepted", "refused", "awaiting", "answered", "collected"})
"""Verdicts of exchanges that the agency has had, or has sent."""


class State(StrEnum):
    """What is told of a line, or of what the list lacks."""

    MATCHED = "matched"
    REPEATED = "repeated"
    DIFFERENT = "different"
    MISSING_HERE = "missing-here"
    REFUSED = "refused"
    WITHHELD = "withheld"
    ERASED = "erased"
    MISSING_THERE = "missing-there"
    NOT_DELIVERED = "not-delivered"
    AT_EDGE = "at-edge"


DIFFERENCES = (State.DIFFERENT, State.MISSING_HERE, State.MISSING_THERE)
RANK = {
    State.MATCHED: 0,
    State.REPEATED: 1,
    State.WITHHELD: 2,
    State.ERASED: 3,
    State.DIFFERENT: 4,
    State.REFUSED: 5,
}
_writer = JsonWriter()


@dataclass(frozen=True, kw_only=True)
class Period:
    """From `since` until before `until`, of one agency."""

    agency: str
    since: datetime
    until: datetime

    def holds(self, at: datetime) -> bool:
        """Whether an instant is in it."""
        return self.since <= at < self.until

    def is_at_edge(self, at: datetime) -> bool:
        """Whether an instant is so near to one of its ends, or beyond, that clocks may differ about the day."""
        return at < self.since + EDGE or at >= self.until - EDGE


class Comparing:
    """One comparison. `told` hears how many exchanges and lines were looked at."""

    def __init__(
        self, reader: Reader, record: Record, listed: SortedList, period: Period, told: Callable[[int], None]
    ) -> None:
        self._reader = reader
        self._record = record
        self._list = listed
        self._period = period
        self._told = told

    def run(self) -> None:
        """Find out about every line and every exchange of the period."""
        period = self._period
        for rows in self._reader.exchanges_of_period(period.agency, period.since, period.until):
            owns = self._record.of(rows)
            self._tell_unlisted([own for own in owns if not (self._judge(own) or self._found_by_digest(own))])  # 1 to 3
            self._told(len(rows))
        last = 0
        while lines := self._list.unfound(last, LOOKED_UP):  # 4
            last = lines[-1].number
            named = sorted({line.message_id for line in lines})
            for own in self._record.of(self._reader.exchanges_named(period.agency, named)):
                self._judge(own)
            self._told(len(lines))

    def _judge(self, own: OwnRecord) -> bool:
        """Judge all lines with this exchange's message id; False when there is none."""
        if own.row.message_id is None:
            return False
        way = direction_of(own.row)
        lines = [each for each in self._list.named(own.row.message_id) if each.direction in ("", way)]
        judged = [(line, *self._compared(own, line)) for line in lines]
        any_matched = any(state is State.MATCHED for _, state, _ in judged)
        for line, state, body in judged:
            repeated = any_matched and state is State.DIFFERENT
            if repeated:
                state, body = State.REPEATED, _about(own)  # noqa: PLW2901 - another sending of what matched
            self._put(line, state, body)
        return bool(lines)

    def _compared(self, own: OwnRecord, line: Line) -> tuple[State, dict[str, Any]]:
        if own.is_erased:
            return State.ERASED, _about(own)
        proof: list[Place] = []
        differing: list[dict[str, Any]] = []
        withheld = False
        for what, digest in (("message", line.sha256), ("answer", line.answer_sha256)):
            if not digest:
                continue
            place = own.opened_by(what, digest)
            if place is not None:
                proof.append(place)
                continue
            ours = self._record.own_digest(own, what)
            if ours is not None and ours.is_withheld:
                withheld = True
                proof.append(ours.place)
                continue
            differing.append(
                {
                    "part": what if ours is None else ours.place.part,
                    "theirs": digest,
                    "ours": None if ours is None else ours.sha256,
                    "leaf": None if ours is None else ours.place.leaf,
                }
            )
            proof += [] if ours is None else [ours.place]
        body = _about(own, proof)
        if differing:
            return State.DIFFERENT, {**body, "difference": differing, "prevails": "simojo"}
        return (State.WITHHELD if withheld else State.MATCHED), body

    def _found_by_digest(self, own: OwnRecord) -> bool:
        message_id = own.row.message_id
        if own.row.direction != "in" or (message_id is not None and not message_id.startswith("content:")):
            return False
        ours = self._record.own_digest(own, "message")
        lines = [] if ours is None or ours.sha256 is None else self._list.with_digest(ours.sha256)
        for line in lines:
            if line.direction in ("", FROM_AGENCY) and ours is not None:
                refused = message_id is None and own.row.verdict == "refused"
                self._put(line, State.REFUSED if refused else State.MATCHED, _about(own, [ours.place]))
        return bool(lines) or message_id is None  # what bound no id cannot be named, so no list lacks it

    def _tell_unlisted(self, owns: list[OwnRecord]) -> None:
        owns = [own for own in owns if not own.row.interaction.startswith(OWN_SERVICES)]
        ends = self._reader.last_ends([own.row.id for own in owns if own.row.direction == "out"])
        for own in owns:
            moments = [own.row.at, *([ends[own.row.id]] if own.row.id in ends else [])]
            if own.is_erased:
                state = State.ERASED
            elif own.row.verdict not in ARRIVED:
                state = State.NOT_DELIVERED
            elif any(self._period.is_at_edge(each) for each in moments):
                state = State.AT_EDGE
            else:
                state = State.MISSING_THERE
            ours = self._record.own_digest(own, "message") if state is State.MISSING_THERE else None
            body = _about(own, [] if ours is None else [ours.place])
            if state is State.MISSING_THERE:
                body["prevails"] = "simojo"
                body["sha256"] = None if ours is None else ours.sha256
            self._list.put_unlisted(_writer.write({"state": state.value, "messageId": own.row.message_id, **body}))

    def _put(self, line: Line, state: State, body: dict[str, Any]) -> None:
        outside = {} if self._period.holds(datetime.fromisoformat(body["at"])) else {"outsidePeriod": True}
        self._list.put(line.number, RANK[state], _writer.write({"state": state.value, **body, **outside}))


def direction_of(row: ComparedExchange) -> str:
    """The direction of an exchange as its agency sees it."""
    return FROM_AGENCY if row.direction == "in" else TO_AGENCY


def told_lines(listed: SortedList) -> Iterator[dict[str, Any]]:
    """Every line of the result, numbered from 1: those of the list in its order, then what it lacks by time."""
    for number, (line, body) in enumerate(listed.results(), 1):
        yield _told(number, line, body)


def _told(number: int, line: Line | None, body: str | None) -> dict[str, Any]:
    found = json.loads(body) if body is not None else {"state": State.MISSING_HERE.value, "prevails": "simojo"}
    state = found.pop("state")
    said: dict[str, Any] = {"number": number, "state": state}
    if line is not None and line.direction in (RECORD, KEY):
        said |= {"line": line.number} | ({"record": int(line.message_id)} if line.direction == RECORD else {})
        said |= {"sha256": line.sha256} | ({"saidAt": line.at} if line.at else {})
    elif line is not None:
        said |= {"line": line.number, "messageId": line.message_id, "sha256": line.sha256}
        said |= {"answerSha256": line.answer_sha256} if line.answer_sha256 else {}
        said |= {"saidAt": line.at} if line.at else {}
        if body is None and line.direction:
            said["direction"] = line.direction
    return said | found


def _about(own: OwnRecord, proof: Iterable[Place] = ()) -> dict[str, Any]:
    """Which exchange it is, and the leaves that prove it; all of its leaves where no part is at issue."""
    row = own.row
    proven = {(each.leaf, each.tree_index) for each in proof} or {(each.leaf, each.tree_index) for each in own.places}
    said: dict[str, Any] = {
        "direction": direction_of(row),
        "interaction": row.interaction,
        "exchange": row.id,
        "at": row.at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "verdict": row.verdict,
    }
    if row.code is not None:
        said["code"] = row.code
    ordered = sorted(proven, key=lambda each: (each[1] is None, each[1] or 0, each[0]))
    said["proof"] = [{"leaf": leaf, **({} if index is None else {"index": index})} for leaf, index in ordered]
    return said
