"""Messages, evidence bundles and restricted reads under `/admin/v1`.

Masked is what everybody with the scope `admin` gets. Unmasked data needs the scope `unmask` beside it and a reason,
which is in the ledger before anything is shown (Pasal 10).
"""

from __future__ import annotations

import tempfile
from base64 import b64encode
from collections.abc import Iterator
from typing import IO, Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from gateway.edge.admin.paging import Limit, cursor_of, page
from gateway.edge.admin.views import read_view, shown_view
from gateway.edge.parts import StaffEdge, officer
from gateway.office.staff import Officer
from gateway.operations.evidence.container import MEDIA_TYPE
from gateway.operations.evidence.desk import Unmasking

UNMASK = "unmask"
"""The scope of a token whose holder may see unmasked data."""

_PIECE = 256 * 2**10

Kind = Literal["exchanges", "cases"]


class Why(BaseModel):
    """Why unmasked data is needed; unknown members are refused."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field(min_length=1, max_length=300)


def unmasking_staff(request: Request) -> Officer:
    """Who calls, with the scope `unmask`. Raises what `officer` raises."""
    return officer(request.app.state.staff, request, UNMASK)


Who = Annotated[Officer, Depends(unmasking_staff)]


def add_evidence(router: APIRouter, edge: StaffEdge) -> None:
    """What was said, and the proof of it."""
    desk = edge.evidence

    @router.get("/exchanges/{exchange}/messages")
    def messages(exchange: str) -> dict[str, Any]:
        """The messages of an exchange, personal values masked."""
        return {"masked": True, "messages": [shown_view(each) for each in desk.shown(exchange)]}

    @router.post("/exchanges/{exchange}/messages")
    def opened(exchange: str, why: Why, who: Who) -> dict[str, Any]:
        """The exact parts of an exchange, unmasked: as text, or as base64 where they are none. The read is recorded."""
        parts = desk.opened(exchange, Unmasking(actor=who.actor, reason=why.reason))
        return {"masked": False, "parts": [_part(name, body) for name, body in parts]}

    @router.get("/{kind}/{name}/evidence", response_class=StreamingResponse)
    def masked(kind: Kind, name: str) -> StreamingResponse:
        """An evidence bundle (ASiC-E) of a case or of an exchange, personal data masked, without exact bytes."""
        return _bundle(edge, kind, name, None)

    @router.post("/{kind}/{name}/evidence", response_class=StreamingResponse)
    def unmasked(kind: Kind, name: str, why: Why, who: Who) -> StreamingResponse:
        """The same with the exact bytes. The read is recorded."""
        return _bundle(edge, kind, name, Unmasking(actor=who.actor, reason=why.reason))

    @router.get("/reads")
    def reads(
        limit: Limit = 50, before: str | None = None, subject: str | None = None, actor: str | None = None
    ) -> dict[str, Any]:
        """Who looked at unmasked data and why, newest first; `subject` is `exchange/<id>` or `case/<id>`."""
        rows = edge.reader.restricted_reads(limit, cursor_of(before), subject, actor)
        views = [read_view(row, stands=desk.reads.stands(row)) for row in rows]
        return page(views, limit, [(row.at, row.id) for row in rows])


def _bundle(edge: StaffEdge, kind: Kind, name: str, unmasking: Unmasking | None) -> StreamingResponse:
    """Write the bundle to a nameless file and give it from there: a refusal comes before the first byte."""
    desk = edge.evidence
    subject = desk.subject(kind.removesuffix("s"), name)
    sink = tempfile.TemporaryFile()  # noqa: SIM115 - it is closed when the last piece has left
    try:
        desk.export(subject, sink, unmasking)
        size = sink.tell()
        sink.seek(0)
    except BaseException:
        sink.close()
        raise
    headers = {
        "Content-Disposition": f'attachment; filename="bukti-{subject.name.replace("/", "-")}.asice"',
        "Content-Length": str(size),
        "Cache-Control": "no-store",
    }
    return StreamingResponse(_pieces(sink), 200, headers, MEDIA_TYPE)


def _pieces(sink: IO[bytes]) -> Iterator[bytes]:
    with sink:
        while piece := sink.read(_PIECE):
            yield piece


def _part(name: str, body: bytes) -> dict[str, str]:
    try:
        return {"name": name, "text": body.decode()}
    except UnicodeDecodeError:
        return {"name": name, "base64": b64encode(body).decode()}
