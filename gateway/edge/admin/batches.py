"""Files of records under `/admin/v1`: how far they are; one of the office is begun.

What is in them is not shown. Of an agency's result the lines are of which staff should know, personal values masked.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from gateway.edge.admin.deliveries import Reason, Who
from gateway.edge.admin.paging import Limit, cursor_of, page
from gateway.edge.admin.views import batch_view
from gateway.edge.parts import StaffEdge
from gateway.exchange.batch.aside import PutAside
from gateway.exchange.batch.cancelling import Cancelling, unknown_batch
from gateway.exchange.batch.lines import telling_lines
from gateway.exchange.batch.office.beginning import Beginning, Order, Wanted


class Sent(BaseModel):
    """The file that the office is to send; unknown members are refused.

    `from` and `until` are days of Jakarta, both included, in which its cases were registered: both, or none for all.
    `services` and `format` are of those agreed; `name` is our own id of the file: one file is made under it, so who did
    not hear the answer may send the same again, and is told `batch-name-used`.
    """

    model_config = ConfigDict(extra="forbid")

    agency: str = Field(max_length=40)
    interaction: str = Field(max_length=63)
    services: list[str] = Field(default_factory=list, max_length=200)
    since: date | None = Field(None, alias="from")
    until: date | None = None
    format: str | None = Field(None, max_length=10)
    name: str = Field(min_length=1, max_length=100)

    def order(self) -> Order:
        """The same for the exchange."""
        wanted = Wanted(services=tuple(self.services), since=self.since, until=self.until)
        return Order(agency=self.agency, interaction=self.interaction, wanted=wanted, form=self.format, name=self.name)


def add_batches(router: APIRouter, edge: StaffEdge) -> None:
    """The routes."""
    _add_reads(router, edge)

    @router.post("/batches", status_code=202)
    def send(sent: Sent, who: Who) -> dict[str, str]:
        """Have a file of the office made and sent to its agency."""
        batch = _beginning(edge).begin(sent.order(), who.actor)
        return {"id": batch, "state": "making"}

    @router.post("/batches/{batch}/resume", status_code=202)
    def resume(batch: str, who: Who) -> dict[str, str]:
        """Let a file that was stopped go on."""
        _beginning(edge).resume(batch, who.actor)
        return {"id": batch}

    cancelling = Cancelling(edge.reader, edge.unit_of_work, edge.casework.leaves, edge.casework.vault, edge.clock)

    @router.post("/batches/{batch}/cancel", status_code=202)
    def cancel(batch: str, why: Reason, who: Who) -> dict[str, str]:
        """End a batch early: what was done stands, the rest is unread. The report of an agency's file says why."""
        cancelling.cancel(batch, why.reason, who.actor)
        return {"id": batch}

    put_aside = PutAside(edge.reader, edge.unit_of_work, edge.casework.leaves, edge.casework.vault, edge.clock)

    @router.post("/batches/{batch}/redrive", status_code=202)
    def redrive(batch: str, who: Who) -> dict[str, int]:
        """Try all records that are put aside again now."""
        return {"redriven": put_aside.redrive(batch, who.actor)}

    @router.post("/batches/{batch}/give-up", status_code=202)
    def give_up(batch: str, why: Reason, who: Who) -> dict[str, int]:
        """Let all records that are put aside fail; the agency is told why."""
        return {"givenUp": put_aside.give_up(batch, why.reason, who.actor)}


def _add_reads(router: APIRouter, edge: StaffEdge) -> None:
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
        """One batch, with the records that are tried again: their numbers and why, not what they say.

        Of a file of the office also the cases that were left out; of an agency's those that it should have named, and
        that no file has until now.
        """
        row = edge.reader.batch(batch)
        if row is None:
            raise unknown_batch(batch)
        aside = [
            {"number": each.number, "tries": each.tries, "cause": each.cause}
            for each in edge.reader.held_records(batch, 100)
        ]
        left_out = [{"case": each.case_id, "cause": each.cause} for each in edge.reader.left_out(batch, 100)]
        unnamed = edge.reader.unnamed(batch, 100)
        return {**batch_view(row), "putAside": aside, "casesLeftOut": left_out, "casesNotNamed": unnamed}

    @router.get("/batches/{batch}/lines")
    def lines(batch: str, limit: Limit = 50, skip: Annotated[int, Query(ge=0, le=10_000_000)] = 0) -> dict[str, Any]:
        """Lines of a result that were declined, are invalid or differ: number, keys, outcome, why; none accepted."""
        row = edge.reader.batch(batch)
        if row is None:
            raise unknown_batch(batch)
        found = telling_lines(row, edge.reader, edge.directory, edge.library, skip=skip, limit=limit)
        return {"items": [dict(each) for each in found]}


def _beginning(edge: StaffEdge) -> Beginning:
    return Beginning(
        directory=edge.directory,
        reader=edge.reader,
        unit_of_work=edge.unit_of_work,
        leaves=edge.casework.leaves,
        vault=edge.casework.vault,
        clock=edge.clock,
        new_id=edge.casework.new_id,
    )
