"""Stored cases: rows to values and back, and a case as it stood at an earlier version."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime

from gateway.domain.calendar import local_date
from gateway.domain.case import PermitCase
from gateway.domain.catalogue import Catalogue
from gateway.domain.errors import Refused, Tampered
from gateway.domain.events import ApplicationRegistered, CaseEvent
from gateway.domain.facts import decode_case, decode_event, encode_case, encode_event
from gateway.primitives.json_writer import JsonWriter
from gateway.store.outgoing import StoredFact
from gateway.store.sealing import ERASED
from gateway.store.tables import CaseEventRow, CaseRow

_writer = JsonWriter()
_sorted = JsonWriter(sort_keys=True)


def case_of(row: CaseRow) -> PermitCase:
    """Read the case that a row holds."""
    return case_of_body(row.body)


def case_of_body(body: str) -> PermitCase:
    """Read a case from what its row holds of it. Raises Refused `erased`."""
    if body == ERASED:
        raise _erased("this case")
    return decode_case(json.loads(body))


def case_body(case: PermitCase) -> str:
    """Write a case for its row."""
    return _writer.write(encode_case(case))


def event_body(event: CaseEvent) -> tuple[str, str]:
    """Give a fact's kind and its stored text."""
    kind, body = encode_event(event)
    return kind, _sorted.write(body)


def fact_record(
    *, kind: str, body: str, occurred_at: datetime, entered_at: datetime, actor: str, exchange: str | None
) -> bytes:
    """Give the bytes that the ledger commits to for a fact: all that is stored of it, not its text alone.

    JSON with its members in order and no blanks; instants in UTC to the microsecond, as the store keeps them. When a
    fact happened and who entered it are evidence as much as what it says (Pasal 22, 26(4)).
    """
    record = {
        "kind": kind,
        "body": body,
        "occurred_at": _instant(occurred_at),
        "entered_at": _instant(entered_at),
        "actor": actor,
        "exchange": exchange,
    }
    return _sorted.write(record).encode()


def case_at(rows: Sequence[CaseEventRow] | Sequence[StoredFact], catalogue: Catalogue, version: int) -> PermitCase:
    """Give the case as it stood after its first `version` facts.

    A delivery is mapped at the version that asked for it, whatever has happened since. Raises Tampered
    `history-broken` when the stored facts do not lead there.
    """
    if len(rows) < version:
        raise Tampered(f"case history has {len(rows)} facts, version {version} was asked for", code="history-broken")
    case: PermitCase | None = None
    for row in rows[:version]:
        if row.body == ERASED:
            raise _erased(f"case {row.case_id}")
        event = decode_event(row.kind, json.loads(row.body))
        if case is None:
            if not isinstance(event, ApplicationRegistered):
                raise Tampered(f"case {row.case_id} begins with {row.kind}", code="history-broken")
            kind = catalogue.find(event.service, local_date(row.occurred_at))
            case = PermitCase.open(row.case_id, event, row.occurred_at, kind)
        else:
            case = case.apply(event, row.occurred_at)
    if case is None:
        raise Tampered("case history is empty", code="history-broken")
    return case


def _erased(what: str) -> Refused:
    return Refused(
        f"{what} was erased: what the office knew of the person is gone, and only the ledger's digests are left",
        code="erased",
        clause="UU 27/2022 Pasal 43",
    )


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")
