"""What staff see of an erasure. Nobody is named: not before it, for whoever sees the list, and not after it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from gateway.operations.erased import erased_scope
from gateway.operations.erasing.carrying import CASE
from gateway.operations.erasing.obstacles import obstacles
from gateway.store.reading import Reader
from gateway.store.tables import ErasureRow


def erasure_view(row: ErasureRow) -> dict[str, Any]:
    """An erasure as it stands."""
    return {
        "id": row.id,
        "state": row.state,
        "basis": row.basis,
        "reason": row.reason,
        "permitReason": row.permit_reason,
        "cases": row.cases,
        "proposedBy": row.proposed_by,
        "proposedAt": _instant(row.proposed_at),
        "decidedBy": row.decided_by,
        "decidedAt": _instant(row.decided_at),
        "refusedBecause": row.refused_because,
        "destroyedAt": _instant(row.destroyed_at),
        "doneAt": _instant(row.done_at),
    }


def erasure_details(reader: Reader, row: ErasureRow) -> dict[str, Any]:
    """The same with its cases, the leaves that prove it, and what stands in its way while it is proposed."""
    return {**erasure_view(row), "of": list(_cases(reader, row)), "obstacles": list(_obstacles(reader, row))}


def _cases(reader: Reader, row: ErasureRow) -> Iterator[dict[str, Any]]:
    for scope in reader.keys_under(row.dossier):
        case = reader.case(scope.removeprefix(CASE))
        leaf = erased_scope(reader, scope)
        proof = None if leaf is None else {"leaf": leaf.hash.hex(), "index": leaf.tree_index}
        stage = None if case is None else case.stage
        yield {"case": scope.removeprefix(CASE), "stage": stage, "erased": proof}


def _obstacles(reader: Reader, row: ErasureRow) -> Iterator[dict[str, str]]:
    if row.state != "proposed":
        return
    cases = [each.removeprefix(CASE) for each in reader.keys_under(row.dossier)]
    for found in obstacles(reader, cases, permit_is_answered=row.permit_reason is not None):
        yield {"code": found.obstacle.value, "case": found.case_id, "text": found.text}


def _instant(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat(timespec="seconds").replace("+00:00", "Z")
