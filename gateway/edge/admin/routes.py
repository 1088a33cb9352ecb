"""Routes under `/admin/v1`, by token with the scope `admin`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from gateway.domain.calendar import require_aware
from gateway.domain.errors import CaseRefusal, Malformed, Refused
from gateway.domain.events import Reference
from gateway.edge.admin.views import attempt_view, case_view, delivery_view, exchange_view
from gateway.edge.parts import StaffEdge, admin_staff
from gateway.office.staff import Officer
from gateway.operations.health import look

UNDER_WAY = ("queued", "sending", "not-sent", "unknown")
Limit = Annotated[int, Query(ge=1, le=200)]


class Reason(BaseModel):
    """Why a delivery is cancelled; unknown members are refused."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field(min_length=3, max_length=300)


Who = Annotated[Officer, Depends(admin_staff)]


def admin_router(edge: StaffEdge) -> APIRouter:
    """The routes."""
    router = APIRouter(prefix="/admin/v1", tags=["admin"], dependencies=[Depends(admin_staff)])
    _add_cases(router, edge)
    _add_exchanges(router, edge)
    _add_deliveries(router, edge)
    _add_ledger(router, edge)
    return router


def _add_cases(router: APIRouter, edge: StaffEdge) -> None:
    @router.get("/cases")
    def cases(limit: Limit = 50, before: str | None = None, reference: str | None = None) -> dict[str, Any]:
        """Cases, newest first. `next` of an answer is `before` of the next page.

        `reference` (`kind:value`, such as `id-izin:I-202603-000001`) finds the cases of that name alone.
        """
        if reference is not None:
            kind, _, value = reference.partition(":")
            digest = edge.casework.references.digest(Reference(kind=kind, value=value))
            found = edge.reader.cases_by_reference([digest]).get(digest, [])
            return {"items": [case_view(row) for row in found], "next": None}
        rows = edge.reader.cases(limit, _cursor(before))
        return _page([case_view(row) for row in rows], limit, [(row.opened_at, row.id) for row in rows])

    @router.get("/cases/{case_id}")
    def case(case_id: str) -> dict[str, Any]:
        """One case with its facts (kinds and times, no personal data) and its deliveries."""
        row = edge.reader.case(case_id)
        if row is None:
            raise Refused(f"no case {case_id[:64]!r} is known", code="case-unknown")
        facts = [
            {"seq": each.seq, "kind": each.kind, "occurredAt": each.occurred_at, "enteredAt": each.entered_at}
            for each in edge.reader.case_events(case_id)
        ]
        deliveries = [delivery_view(each) for each in edge.reader.deliveries(case_id=case_id)]
        return {**case_view(row), "facts": facts, "deliveries": deliveries}


def _add_exchanges(router: APIRouter, edge: StaffEdge) -> None:
    @router.get("/exchanges")
    def exchanges(
        limit: Limit = 50, before: str | None = None, case: str | None = None, agency: str | None = None
    ) -> dict[str, Any]:
        """Exchanges of both directions, newest first."""
        rows = edge.reader.exchanges(limit, _cursor(before), case_id=case, agency=agency)
        leaves: dict[str, list[Any]] = {row.id: [] for row in rows}
        for leaf in edge.reader.leaves_of_exchanges(list(leaves)):
            leaves[leaf.exchange or ""].append(leaf)
        views = [exchange_view(row, leaves[row.id]) for row in rows]
        return _page(views, limit, [(row.at, row.id) for row in rows])

    @router.get("/exchanges/{exchange}")
    def one(exchange: str) -> dict[str, Any]:
        """One exchange with its parts (names and sizes) and attempts."""
        row = edge.reader.exchange(exchange)
        if row is None:
            raise Refused(f"no exchange {exchange[:64]!r} is known", code="exchange-unknown")
        parts = [{"name": part.name, "bytes": len(part.body)} for part in edge.reader.parts(exchange)]
        attempts = [attempt_view(each) for each in edge.reader.attempts(exchange)]
        view = exchange_view(row, edge.reader.leaves_of_exchange(exchange))
        return {**view, "parts": parts, "attempts": attempts}


def _add_deliveries(router: APIRouter, edge: StaffEdge) -> None:
    @router.get("/deliveries/waiting")
    def waiting() -> dict[str, int]:
        """How many deliveries are under way or wait for their time."""
        counts = edge.reader.delivery_counts()
        return {"waiting": sum(counts.get(state, 0) for state in UNDER_WAY)}

    @router.get("/dead-letters")
    def dead(limit: Limit = 50) -> dict[str, Any]:
        """Deliveries that were given up, with their causes."""
        return {"items": [delivery_view(row) for row in edge.reader.deliveries(("dead",), limit)]}

    @router.post("/deliveries/{delivery}/redrive", status_code=202)
    def redrive(delivery: str, who: Who) -> dict[str, str]:
        """Send a dead letter again."""
        edge.letters.redrive(delivery, who.actor)
        return {"state": "queued"}

    @router.post("/deliveries/{delivery}/cancel", status_code=202)
    def cancel(delivery: str, why: Reason, who: Who) -> dict[str, str]:
        """Never send it; the next of its queue may go."""
        edge.letters.cancel(delivery, why.reason, who.actor)
        return {"state": "cancelled"}


def _add_ledger(router: APIRouter, edge: StaffEdge) -> None:
    @router.get("/ledger/head")
    def head() -> dict[str, Any]:
        """The last signed checkpoint, and how many leaves wait for the next."""
        checkpoint = edge.reader.last_checkpoint()
        return {
            "size": edge.reader.tree_size(),
            "pending": edge.reader.pending_count(),
            "checkpoint": checkpoint.note if checkpoint else None,
        }

    @router.get("/agencies")
    def agencies() -> dict[str, Any]:
        """Agencies with the reason of a suspension, if there is one."""
        rows = edge.reader.agencies()
        return {"items": [{"id": row.id, "name": row.name, "suspended": row.suspended} for row in rows]}

    @router.get("/health")
    def health() -> dict[str, Any]:
        """How the hub is, with what to look at; `leader` is the process that integrates the ledger and keeps time."""
        found = look(edge.reader, edge.unit_of_work, edge.clock(), edge.standing)
        return {"ready": found.ready, "leader": found.leader, "warnings": list(found.warnings)}


def _cursor(text: str | None) -> tuple[datetime, str] | None:
    if text is None:
        return None
    at, _, last = text.partition("~")
    try:
        return require_aware(datetime.fromisoformat(at), "the cursor").astimezone(UTC), last
    except (ValueError, OverflowError, CaseRefusal):
        raise Malformed("`before` is the `next` of an earlier answer, unchanged", code="cursor-malformed") from None


def _page(items: list[dict[str, Any]], limit: int, places: list[tuple[datetime, str]]) -> dict[str, Any]:
    # a `+` would be a space to whoever does not escape it
    last = f"{places[-1][0].isoformat().replace('+00:00', 'Z')}~{places[-1][1]}" if len(places) == limit else None
    return {"items": items, "next": last}
