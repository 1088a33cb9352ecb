"""`meta.reconcile`: an agency's list held against the record, or an earlier result (Pasal 22(4)b, 22(5))."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeAlias

from gateway.contract.message import Payload
from gateway.domain.errors import Malformed
from gateway.exchange.meta.inquiry import Asked

LINES = 250
"""Lines of one question, and of one answer."""


@dataclass(frozen=True, kw_only=True)
class ListAsked:
    """A list of this agency for days of Jakarta, both included; `exchange` is the question's own.

    `sha256` is that of the question's exact body, and stands for the list's.
    """

    agency: str
    exchange: str
    first: date
    last: date
    lines: Sequence[Mapping[str, str]]
    sha256: str


@dataclass(frozen=True, kw_only=True)
class ResultAsked:
    """Lines behind a number, of an earlier reconciliation of this agency."""

    agency: str
    reconciliation: str
    after: int
    at: datetime


Reconciles: TypeAlias = Callable[[ListAsked | ResultAsked], tuple[Mapping[str, Any], Sequence[Mapping[str, Any]]]]
"""Gives the head of a reconciliation and at most LINES of its lines. Raises Refused for what is not this agency's."""


def asked_of(asked: Asked, sha256: str) -> ListAsked | ResultAsked:
    """Which of the two is asked. Raises Malformed `period-wrong` when it is neither or both."""
    said: Mapping[str, Any] = asked.payload
    if ("reconciliation" in said) == ("from" in said and "to" in said):
        raise Malformed(
            "name the days of the list as `from` and `to`, or an earlier `reconciliation`", code="period-wrong"
        )
    if "reconciliation" in said:
        after = int(said.get("after", 0))
        return ResultAsked(agency=asked.agency, reconciliation=str(said["reconciliation"]), after=after, at=asked.at)
    return ListAsked(
        agency=asked.agency,
        exchange=asked.exchange,
        first=_day(said["from"]),
        last=_day(said["to"]),
        lines=tuple(said.get("line", ())),
        sha256=sha256,
    )


def reconciled(head: Mapping[str, Any], lines: Sequence[Mapping[str, Any]]) -> Payload:
    """The answer: the head's members, counts that are not 0, and the lines; `next` where there may be more."""
    told: dict[str, Any] = {
        "reconciliation": head["id"],
        **{name: head[name] for name in ("from", "to", "source", "madeAt", "listSha256", "resultSha256")},
        **{name: head[name] for name in ("differences", "unsettled", "prevails", "keptUntil")},
    }
    if head["checkpoint"] is not None:
        told["checkpoint"] = head["checkpoint"]
    told["count"] = [{"state": state, "count": count} for state, count in head["counts"].items() if count]
    told["line"] = [_line(each) for each in lines]
    if len(lines) == LINES:
        told["next"] = lines[-1]["number"]
    return told


def _line(line: Mapping[str, Any]) -> dict[str, Any]:
    names = ("number", "state", "messageId", "direction", "interaction", "exchange", "at", "verdict", "code", "sha256")
    said = {name: line[name] for name in names if line.get(name) is not None}
    said["difference"] = [
        {name: value for name, value in each.items() if value is not None} for each in line.get("difference", ())
    ]
    said["proof"] = list(line.get("proof", ()))
    if "settled" in line:
        said["settled"] = line["settled"]["reason"]
    return said


def _day(text: object) -> date:
    try:
        return text if isinstance(text, date) else date.fromisoformat(str(text))
    except ValueError:
        raise Malformed(f"{str(text)[:20]!r} is no day: YYYY-MM-DD", code="period-wrong") from None
