"""Routes under `/admin/v1`, by token with the scope `admin`."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from gateway.domain.errors import Refused
from gateway.domain.events import Reference
from gateway.edge.admin.batches import add_batches
from gateway.edge.admin.deliveries import add_deliveries, add_endpoints, add_letters
from gateway.edge.admin.erasures import add_erasures
from gateway.edge.admin.evidence import add_evidence
from gateway.edge.admin.paging import Limit, cursor_of, page
from gateway.edge.admin.reconciliations import add_reconciliations
from gateway.edge.admin.views import attempt_view, case_view, delivery_view, exchange_view
from gateway.edge.parts import StaffEdge, admin_staff
from gateway.operations.health import look


def admin_router(edge: StaffEdge) -> APIRouter:
    """The routes."""
    router = APIRouter(prefix="/admin/v1", tags=["admin"], dependencies=[Depends(admin_staff)])
    _add_cases(router, edge)
    _add_exchanges(router, edge)
    add_batches(router, edge)
    add_deliveries(router, edge)
    add_letters(router, edge)
    add_endpoints(router, edge)
    add_evidence(router, edge)
    add_reconciliations(router, edge)
    add_erasures(router, edge)
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
        rows = edge.reader.cases(limit, cursor_of(before))
        return page([case_view(row) for row in rows], limit, [(row.opened_at, row.id) for row in rows])

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
        rows = edge.reader.exchanges(limit, cursor_of(before), case_id=case, agency=agency)
        leaves: dict[str, list[Any]] = {row.id: [] for row in rows}
        for leaf in edge.reader.leaves_of_exchanges(list(leaves)):
            leaves[leaf.exchange or ""].append(leaf)
        views = [exchange_view(row, leaves[row.id]) for row in rows]
        return page(views, limit, [(row.at, row.id) for row in rows])

    @router.get("/exchanges/{exchange}")
    def one(exchange: str) -> dict[str, Any]:
        """One exchange with its parts (names and sizes) and attempts."""
        row = edge.reader.exchange(exchange)
        if row is None:
            raise Refused(f"no exchange {exchange[:64]!r} is known", code="exchange-unknown")
        parts = [{"name": name, "bytes": size} for name, size in edge.reader.part_sizes(exchange)]
        attempts = [attempt_view(each) for each in edge.reader.attempts(exchange)]
        view = exchange_view(row, edge.reader.leaves_of_exchange(exchange))
        return {**view, "parts": parts, "attempts": attempts}

    @router.get("/exchanges/{exchange}/receipt")
    def receipt(exchange: str) -> Response:
        """The receipt of an exchange, as its agency gets it from `meta.receipt` (docs/receipts.md)."""
        row = edge.reader.exchange(exchange)
        if row is None:
            raise Refused(f"no exchange {exchange[:64]!r} is known", code="exchange-unknown")
        kept = {"Content-Disposition": f'attachment; filename="receipt-{row.id}.json"', "Cache-Control": "no-store"}
        return Response(edge.receipts.make(row), media_type="application/json", headers=kept)


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
        """How the hub is, with what to look at; `leader` is the process that integrates the ledger and keeps time.

        `paperChecks` counts what was checked on the public page since this process started (Pasal 22(4)c).
        """
        found = look(edge.reader, edge.unit_of_work, edge.clock(), edge.standing)
        checks = edge.checks.tally.counts()
        return {
            "ready": found.ready,
            "leader": found.leader,
            "warnings": list(found.warnings),
            "paperChecks": checks,
        }
