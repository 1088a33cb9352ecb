"""Files of records under `/admin/v1`: how far they are. What is in them is not shown."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from gateway.edge.admin.deliveries import Reason, Who
from gateway.edge.admin.paging import Limit, cursor_of, page
from gateway.edge.admin.views import batch_view
from gateway.edge.parts import StaffEdge
from gateway.exchange.batch.aside import PutAside
from gateway.exchange.batch.cancelling import unknown_batch


def add_batches(router: APIRouter, edge: StaffEdge) -> None:
    """The routes."""

    @router.get("/batches")
    def batches(
        limit: Limit = 50,
        before: str | None = None,
        agency: str | None = None,
        interaction: str | None = None,
        state: str | None = None,
    ) -> dict[str, Any]:
        """Batches, newest first."""
        rows = edge.reader.batches(limit, cursor_of(before), agency=agency, state=state, interaction=interaction)
        return page([batch_view(row) for row in rows], limit, [(row.made_at, row.id) for row in rows])

    @router.get("/batches/{batch}")
    def one(batch: str) -> dict[str, Any]:
        """One batch, with the records that are tried again: their numbers and why, not what they say."""
        row = edge.reader.batch(batch)
        if row is None:
            raise unknown_batch(batch)
        aside = [
            {"number": each.number, "tries": each.tries, "cause": each.cause}
            for each in edge.reader.held_records(batch, 100)
        ]
        return {**batch_view(row), "putAside": aside}

    put_aside = PutAside(edge.reader, edge.unit_of_work, edge.casework.leaves, edge.clock)

    @router.post("/batches/{batch}/redrive", status_code=202)
    def redrive(batch: str, who: Who) -> dict[str, int]:
        """Try all records that are put aside again now."""
        return {"redriven": put_aside.redrive(batch, who.actor)}

    @router.post("/batches/{batch}/give-up", status_code=202)
    def give_up(batch: str, why: Reason, who: Who) -> dict[str, int]:
        """Let all records that are put aside fail; the agency is told why."""
        return {"givenUp": put_aside.give_up(batch, why.reason, who.actor)}
