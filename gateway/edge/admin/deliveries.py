"""Deliveries, dead letters and endpoints under `/admin/v1`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Depends, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from gateway.domain.errors import Malformed, Refused
from gateway.edge.admin.paging import Limit, cursor_of, page
from gateway.edge.admin.views import (
    attempt_view,
    counts_view,
    delivery_view,
    endpoint_view,
    mailbox_view,
    many_view,
)
from gateway.edge.parts import StaffEdge, admin_staff
from gateway.office.staff import Officer
from gateway.store.reads.outbox import Sought

UNDER_WAY = ("queued", "sending", "not-sent", "unknown")
IN_MAILBOX = ("laid-down", "collected")
STATES = (*UNDER_WAY, *IN_MAILBOX, "awaiting", "answered", "dead", "cancelled")
MOST_AT_ONCE = 1000
"""Deliveries that one request changes at most: each is a commit of its own, and the caller waits."""

_log = structlog.get_logger("simojo.admin")

Who = Annotated[Officer, Depends(admin_staff)]


class Reason(BaseModel):
    """Why a delivery is cancelled; unknown members are refused."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field(min_length=3, max_length=300)


class Letters(BaseModel):
    """Which dead letters; a member that is not given does not matter, and unknown members are refused.

    `dryRun`: count, and change nothing. `limit`: no more than so many, the oldest first.
    """

    model_config = ConfigDict(extra="forbid")

    agency: str | None = Field(None, max_length=40)
    interaction: str | None = Field(None, max_length=64)
    outcome: str | None = Field(None, max_length=40)
    cause: str | None = Field(None, min_length=1, max_length=300)
    madeFrom: AwareDatetime | None = None  # noqa: N815 - a member of the public API
    madeBefore: AwareDatetime | None = None  # noqa: N815 - the same
    dryRun: bool = False  # noqa: N815 - the same
    limit: int = Field(MOST_AT_ONCE, ge=1, le=MOST_AT_ONCE)

    def sought(self) -> Sought:
        """The same as the store is asked."""
        return Sought(
            agency=self.agency,
            interaction=self.interaction,
            outcome=self.outcome,
            cause=self.cause,
            made_from=self.madeFrom,
            made_before=self.madeBefore,
        )


class Cancelled(Letters):
    """Which dead letters are never sent, and why."""

    reason: str = Field(min_length=3, max_length=300)


def add_deliveries(router: APIRouter, edge: StaffEdge) -> None:
    """What is on its way, and what is late."""

    @router.get("/deliveries")
    def deliveries(
        limit: Limit = 50,
        before: str | None = None,
        state: str | None = None,
        agency: str | None = None,
        interaction: str | None = None,
        outcome: str | None = None,
        cause: Annotated[str | None, Query(min_length=1, max_length=300)] = None,
        madeFrom: AwareDatetime | None = None,  # noqa: N803 - a parameter of the public API
        madeBefore: AwareDatetime | None = None,  # noqa: N803 - the same
    ) -> dict[str, Any]:
        """Deliveries, newest first; `state` may name several with commas between."""
        sought = Sought(
            states=_states(state),
            agency=agency,
            interaction=interaction,
            outcome=outcome,
            cause=cause,
            made_from=madeFrom,
            made_before=madeBefore,
        )
        rows = edge.reader.sought(sought, limit, cursor_of(before), newest_first=True)
        return page([delivery_view(row) for row in rows], limit, [(row.made_at, row.id) for row in rows])

    @router.get("/deliveries/waiting")
    def waiting() -> dict[str, Any]:
        """How many deliveries are under way or wait for their time, and what lies in each agency's mailbox.

        What is in a mailbox (to collect, or collected and not acknowledged) waits for its agency, and is not `waiting`.
        """
        counts, now = edge.reader.delivery_counts(), edge.clock()
        return {
            "waiting": sum(counts.get(state, 0) for state in UNDER_WAY),
            "inMailboxes": sum(counts.get(state, 0) for state in IN_MAILBOX),
            "mailboxes": [mailbox_view(load, now) for load in edge.reader.mailbox_loads()],
        }

    @router.get("/deliveries/overdue")
    def overdue(limit: Limit = 50) -> dict[str, Any]:
        """What was not answered, or taken from a mailbox, within the agreed hari kerja; longest over it first."""
        now: datetime = edge.clock()
        items = [delivery_view(row) for row in edge.reader.overdue(now, limit)]
        return {"total": edge.reader.overdue_count(now), "items": items}

    @router.get("/deliveries/{delivery}")
    def one(delivery: str) -> dict[str, Any]:
        """One delivery with its attempts."""
        row = edge.reader.delivery(delivery)
        if row is None:
            raise Refused(f"no delivery {delivery[:64]!r} is known: check the id", code="delivery-unknown")
        return {**delivery_view(row), "tries": [attempt_view(each) for each in edge.reader.attempts(delivery)]}


def add_letters(router: APIRouter, edge: StaffEdge) -> None:
    """What is done about deliveries that were given up."""

    @router.get("/dead-letters")
    def dead(limit: Limit = 50) -> dict[str, Any]:
        """Deliveries that were given up, with their causes."""
        return {"items": [delivery_view(row) for row in edge.reader.deliveries(("dead",), limit)]}

    @router.post("/dead-letters/redrive", status_code=202)
    def redrive_many(which: Letters, who: Who) -> dict[str, Any]:
        """Send all these dead letters again, each by itself; or only count them."""
        if which.dryRun:
            return counts_view(edge.letters.counts(which.sought()))
        return many_view(edge.letters.redrive_many(which.sought(), who.actor, which.limit))

    @router.post("/dead-letters/cancel", status_code=202)
    def cancel_many(which: Cancelled, who: Who) -> dict[str, Any]:
        """Never send these dead letters; or only count them."""
        if which.dryRun:
            return counts_view(edge.letters.counts(which.sought()))
        return many_view(edge.letters.cancel_many(which.sought(), which.reason, who.actor, which.limit))

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


def add_endpoints(router: APIRouter, edge: StaffEdge) -> None:
    """Where agencies listen, and whether they do."""

    @router.get("/endpoints")
    def endpoints() -> dict[str, Any]:
        """Every endpoint with its circuit (closed, open, half-open, probing) and the lanes that lead there."""
        return {"items": [endpoint_view(seen) for seen in edge.endpoints.seen()]}

    @router.post("/endpoints/{agency}/{interaction}/close", status_code=202)
    def close(agency: str, interaction: str, who: Who) -> dict[str, str]:
        """Call an endpoint again, now that it is mended; `interaction` is `*` where one endpoint is set for all."""
        edge.endpoints.close(agency, interaction, who.actor)
        _log.warning("circuit-closed", agency=agency, endpoint=interaction, by="staff")
        return {"circuit": "closed"}


def _states(text: str | None) -> tuple[str, ...] | None:
    if text is None:
        return None
    named = tuple(each.strip() for each in text.split(","))
    if unknown := set(named) - set(STATES):
        raise Malformed(
            f"no state is called {', '.join(sorted(unknown))[:80]!r}; there are {', '.join(STATES)}",
            code="state-malformed",
        )
    return named
