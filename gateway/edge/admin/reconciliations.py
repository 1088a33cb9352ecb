"""Reconciliations under `/admin/v1`: a list that came by mail is compared, results are read, differences settled."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import Annotated, Any

import anyio.to_thread
from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from gateway.edge.admin.deliveries import Who
from gateway.edge.admin.paging import Limit, cursor_of, page
from gateway.edge.http import read_body
from gateway.edge.parts import StaffEdge
from gateway.operations.reconciling.results import as_csv, as_json, head_of, known, lines_of
from gateway.operations.reconciling.running import Reconciling, Wanted
from gateway.operations.reconciling.settling import Settling
from gateway.store.reading import Reader
from gateway.store.tables import ReconciliationRow

UPLOAD_BYTES = 8 * 2**20
"""The largest list that comes over HTTP, some 70,000 lines; `simojo reconcile run` takes larger ones."""
UPLOAD_S = 120.0

Written = Callable[[Reader, ReconciliationRow, datetime], Iterator[bytes]]


class Settled(BaseModel):
    """Why a difference is settled; unknown members are refused."""

    model_config = ConfigDict(extra="forbid")

    number: int = Field(ge=1, le=2**53)
    reason: str = Field(max_length=1000)


def add_reconciliations(router: APIRouter, edge: StaffEdge) -> None:
    """The routes."""

    @router.get("/reconciliations")
    def all_of_them(limit: Limit = 50, before: str | None = None, agency: str | None = None) -> dict[str, Any]:
        """Reconciliations, newest first."""
        rows = edge.reader.reconciliations(limit, cursor_of(before), agency)
        return page([head_of(edge.reader, row) for row in rows], limit, [(row.made_at, row.id) for row in rows])

    @router.post("/reconciliations", status_code=201)
    async def compare(
        request: Request,
        agency: str,
        who: Who,
        since: Annotated[date | None, Query(alias="from")] = None,
        until: Annotated[date | None, Query(alias="to")] = None,
        batch: str | None = None,
    ) -> dict[str, Any]:
        """Compare a list, the CSV in the body, with an agency's messages of these days of Jakarta.

        With `batch`, the exchange that announced a file, it is compared with the records of that file.
        """
        body = await read_body(request, UPLOAD_BYTES, within_s=UPLOAD_S)
        wanted = Wanted(agency=agency, first=since, last=until, source="staff", actor=who.actor, batch=batch)
        row = await anyio.to_thread.run_sync(lambda: reconciling_of(edge).run(wanted, [body]))
        return head_of(edge.reader, row)

    @router.get("/reconciliations/{reconciliation}")
    def one(reconciliation: str) -> dict[str, Any]:
        """One reconciliation: its counts, and whose record prevails."""
        return head_of(edge.reader, known(edge.reader, reconciliation))

    @router.get("/reconciliations/{reconciliation}/lines")
    def lines(
        reconciliation: str, limit: Limit = 50, after: Annotated[int, Query(ge=0)] = 0, state: str | None = None
    ) -> dict[str, Any]:
        """Lines behind a number, in one state or in all; `differences` are three of them together."""
        found = lines_of(edge.reader, known(edge.reader, reconciliation), after=after, state=state, at=edge.clock())
        items = [line for line, _ in zip(found, range(limit), strict=False)]
        return {"items": items, "after": items[-1]["number"] if len(items) == limit else None}

    @router.get("/reconciliations/{reconciliation}/result.json")
    def whole_json(reconciliation: str) -> StreamingResponse:
        """The whole result as one JSON document."""
        return download(edge, reconciliation, as_json, "json")

    @router.get("/reconciliations/{reconciliation}/result.csv")
    def whole_csv(reconciliation: str) -> StreamingResponse:
        """The whole result as CSV."""
        return download(edge, reconciliation, as_csv, "csv")

    @router.post("/reconciliations/{reconciliation}/settle")
    def settle(reconciliation: str, settled: Settled, who: Who) -> dict[str, Any]:
        """Mark a difference as settled, with a reason."""
        settling_of(edge).settle(reconciliation, settled.number, settled.reason, who.actor)
        return head_of(edge.reader, known(edge.reader, reconciliation))


def download(edge: StaffEdge, reconciliation: str, written: Written, kind: str) -> StreamingResponse:
    """A whole result as a file. Raises Refused `reconciliation-unknown`, `result-gone`."""
    row = known(edge.reader, reconciliation)
    media = {"json": "application/json", "csv": "text/csv; charset=utf-8"}[kind]
    headers = {
        "Content-Disposition": f'attachment; filename="rekonsiliasi-{row.id}.{kind}"',
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return StreamingResponse(written(edge.reader, row, edge.clock()), headers=headers, media_type=media)


def reconciling_of(edge: StaffEdge) -> Reconciling:
    """What compares lists."""
    return Reconciling(
        reader=edge.reader,
        vault=edge.casework.vault,
        unit_of_work=edge.unit_of_work,
        leaves=edge.casework.leaves,
        clock=edge.clock,
        new_id=edge.casework.new_id,
    )


def settling_of(edge: StaffEdge) -> Settling:
    """What settles differences."""
    return Settling(edge.reader, edge.unit_of_work, edge.casework.leaves, edge.clock)
