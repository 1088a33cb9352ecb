"""Erasures under `/admin/v1`: proposed by one, approved by another, done; with a scope of its own beside `admin`."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field

from gateway.edge.admin.paging import Limit, cursor_of, page
from gateway.edge.parts import StaffEdge, officer
from gateway.office.staff import Officer
from gateway.operations.erasing.orders import Basis, Order, Orders
from gateway.operations.erasing.views import erasure_details, erasure_view

ERASE = "erase"
"""The scope of a token whose holder may propose, approve and refuse erasures."""


class Proposed(BaseModel):
    """Whose data are to be erased, exactly one of the three, on which ground and why; unknown members are refused."""

    model_config = ConfigDict(extra="forbid")

    basis: Basis = Basis.REQUESTED
    reason: str = Field(max_length=500)
    permit_reason: str | None = Field(None, alias="permitReason", max_length=500)
    nik: str | None = Field(None, max_length=32)
    npwp: str | None = Field(None, max_length=32)
    case: str | None = Field(None, max_length=64)


class Refused(BaseModel):
    """Why an erasure is refused; unknown members are refused."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field(max_length=500)


def erasing_staff(request: Request) -> Officer:
    """Who calls, with the scope `erase`. Raises what `officer` raises."""
    return officer(request.app.state.staff, request, ERASE)


Who = Annotated[Officer, Depends(erasing_staff)]


def add_erasures(router: APIRouter, edge: StaffEdge) -> None:
    """The routes."""

    @router.get("/erasures")
    def all_of_them(limit: Limit = 50, before: str | None = None) -> dict[str, Any]:
        """Erasures, last proposed first. Nobody is named."""
        rows = edge.reader.erasures(limit, cursor_of(before))
        return page([erasure_view(row) for row in rows], limit, [(row.proposed_at, row.id) for row in rows])

    @router.post("/erasures", status_code=201)
    def propose(proposed: Proposed, who: Who) -> dict[str, Any]:
        """Propose one; another member of staff approves it."""
        order = Order(
            basis=proposed.basis,
            reason=proposed.reason,
            permit_reason=proposed.permit_reason,
            nik=proposed.nik,
            npwp=proposed.npwp,
            case_id=proposed.case,
        )
        return erasure_view(orders_of(edge).propose(order, who.id))

    @router.get("/erasures/{erasure}")
    def one(erasure: str) -> dict[str, Any]:
        """One erasure: its cases, what stands in its way, and the leaves that prove it."""
        return erasure_details(edge.reader, orders_of(edge).known(erasure))

    @router.post("/erasures/{erasure}/approve")
    def approve(erasure: str, who: Who) -> dict[str, Any]:
        """Approve what somebody else proposed, and do it: there is no way back."""
        return erasure_view(orders_of(edge).approve(erasure, who.id))

    @router.post("/erasures/{erasure}/refuse")
    def refuse(erasure: str, refused: Refused, who: Who) -> dict[str, Any]:
        """Refuse a proposed one, with a reason."""
        return erasure_view(orders_of(edge).refuse(erasure, refused.reason, who.id))


def orders_of(edge: StaffEdge) -> Orders:
    """What staff do with erasures."""
    return Orders(edge.erasing, edge.casework.new_id)
