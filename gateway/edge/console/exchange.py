"""`/console/exchanges/<id>`: what was said, masked; unmasked for a reason that is recorded; and who has looked."""

from __future__ import annotations

import json
from base64 import b64encode
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs

import anyio.to_thread
from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from gateway.domain.calendar import JAKARTA
from gateway.domain.errors import Malformed, Refused, Unauthenticated, Unauthorised
from gateway.edge.admin.evidence import UNMASK
from gateway.edge.console.pages import page_of
from gateway.edge.http import read_body
from gateway.edge.parts import StaffEdge, officer
from gateway.operations.evidence.desk import Unmasking
from gateway.operations.evidence.views import View

MAX_FORM = 4096
LONGEST = 20_000
"""Characters of a message that the page shows; the bundle has all of it."""


def add_exchange(router: APIRouter, edge: StaffEdge) -> None:
    """The page, and its form."""

    @router.get("/console/exchanges/{exchange}")
    def masked(exchange: str, request: Request) -> Response:
        try:
            officer(edge, request, "admin")
        except (Unauthenticated, Unauthorised):
            return RedirectResponse("/console", status_code=303)
        return page_of("exchange.html", request, **_facts(edge, request, exchange), parts=None, failed="")

    @router.post("/console/exchanges/{exchange}")
    async def unmasked(exchange: str, request: Request) -> Response:
        """Record the reason, then show the exact bytes; without one, or without the scope, say so."""
        form = parse_qs((await read_body(request, MAX_FORM)).decode("utf-8", "replace"))
        reason = form.get("reason", [""])[0]
        return await anyio.to_thread.run_sync(_opened, edge, request, exchange, reason)


def _opened(edge: StaffEdge, request: Request, exchange: str, reason: str) -> Response:
    officer(edge, request, "admin")
    who = officer(edge, request, UNMASK)
    parts: list[dict[str, Any]] | None = None
    failed = ""
    try:
        found = edge.evidence.opened(exchange, Unmasking(actor=who.actor, reason=reason))
        parts = [_part(name, body) for name, body in found]
    except Malformed as fault:
        failed = fault.text
    facts = _facts(edge, request, exchange)
    return page_of("exchange.html", request, status=400 if failed else 200, **facts, parts=parts, failed=failed)


def _facts(edge: StaffEdge, request: Request, exchange: str) -> dict[str, Any]:
    row = edge.reader.exchange(exchange)
    if row is None:
        raise Refused(f"no exchange {exchange[:64]!r} is known", code="exchange-unknown")
    return {
        "row": row,
        "at": _local(row.at),
        "messages": [_message(each) for each in edge.evidence.shown(exchange)],
        "may_unmask": _may_unmask(edge, request),
        "reads": [
            {"at": _local(each.at), "actor": each.actor, "what": each.what, "reason": each.reason}
            for each in edge.reader.restricted_reads(25, subject=f"exchange/{exchange}")
        ],
    }


def _may_unmask(edge: StaffEdge, request: Request) -> bool:
    try:
        officer(edge, request, UNMASK)
    except (Unauthenticated, Unauthorised):
        return False
    return True


def _message(view: View) -> dict[str, Any]:
    text = "" if view.payload is None else json.dumps(view.payload, ensure_ascii=False, indent=2)
    return {"name": view.name, "text": text[:LONGEST], "why": view.why, "headers": dict(view.headers)}


def _part(name: str, body: bytes) -> dict[str, Any]:
    try:
        return {"name": name, "text": body.decode()[:LONGEST], "is_text": True}
    except UnicodeDecodeError:
        return {"name": name, "text": b64encode(body).decode()[:LONGEST], "is_text": False}


def _local(at: datetime) -> str:
    return at.astimezone(JAKARTA).strftime("%d-%m-%Y %H:%M:%S")
