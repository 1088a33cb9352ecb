"""Console pages under `/console`: sign in with a token, then cases and exchanges as they happen."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import anyio.to_thread
from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from gateway.domain.calendar import JAKARTA
from gateway.domain.errors import Unauthenticated, Unauthorised
from gateway.edge.console.exchange import add_exchange
from gateway.edge.console.pages import page_of as _page
from gateway.edge.http import read_body
from gateway.edge.parts import SECURE_COOKIE, StaffEdge, cookie_of, officer, officer_of_token
from gateway.operations.endpoints import circuit_warnings
from gateway.operations.expiry import certificate_warnings
from gateway.operations.mailboxes import NOT_EMPTIED

ROWS = 25
COOKIE_S = 8 * 3600
MAX_FORM = 4096
MINUTES_OF_TWO_HOURS = 120
HOURS_OF_TWO_DAYS = 48


def console_router(edge: StaffEdge) -> APIRouter:
    """The routes."""
    router = APIRouter(include_in_schema=False)

    @router.get("/")
    def root() -> Response:
        return RedirectResponse("/console", status_code=303)

    @router.get("/console")
    def overview(request: Request) -> Response:
        try:
            officer(edge, request, "admin")
        except (Unauthenticated, Unauthorised):
            return _page("sign_in.html", request, failed=cookie_of(edge, request) in request.cookies)
        return _page("overview.html", request, **_facts(edge))

    @router.get("/console/live")
    def live(request: Request) -> Response:
        """The changing part of the overview, for the page to fetch again."""
        officer(edge, request, "admin")
        return _page("live.html", request, **_facts(edge))

    @router.post("/console/sign-in")
    async def sign_in(request: Request) -> Response:
        form = parse_qs((await read_body(request, MAX_FORM)).decode("utf-8", "replace"))
        token = form.get("token", [""])[0].strip()
        try:
            await anyio.to_thread.run_sync(officer_of_token, edge, token, "admin")
        except (Unauthenticated, Unauthorised):
            return _page("sign_in.html", request, status=401, failed=True)
        response = RedirectResponse("/console", status_code=303)
        name = cookie_of(edge, request)
        is_secure = name == SECURE_COOKIE
        response.set_cookie(name, token, max_age=COOKIE_S, httponly=True, samesite="strict", secure=is_secure)
        return response

    add_exchange(router, edge)

    @router.post("/console/sign-out")
    def sign_out(request: Request) -> Response:
        response = RedirectResponse("/console", status_code=303)
        name = cookie_of(edge, request)
        response.delete_cookie(name, httponly=True, samesite="strict", secure=name == SECURE_COOKIE)
        return response

    @router.get("/console/static/{name}")
    def static(name: str) -> Response:
        types = {"console.css": "text/css", "console.js": "text/javascript"}
        if name not in types:
            return Response(status_code=404)
        path = Path(__file__).parent / "static" / name
        return Response(path.read_bytes(), media_type=types[name], headers={"Cache-Control": "max-age=3600"})

    return router


def _facts(edge: StaffEdge) -> dict[str, Any]:
    reader, now = edge.reader, edge.clock()
    exchanges = reader.exchanges(ROWS)
    indexes: dict[str, list[int]] = {row.id: [] for row in exchanges}
    for leaf in reader.leaves_of_exchanges(list(indexes)):
        if leaf.exchange is not None and leaf.tree_index is not None:
            indexes[leaf.exchange].append(leaf.tree_index)
    counts = reader.delivery_counts()
    return {
        "cases": list(_cases(edge)),
        "exchanges": [
            {
                "id": row.id,
                "at": _local(row.at),
                "direction": row.direction,
                "name": f"{row.agency}/{row.interaction}",
                "verdict": row.verdict,
                "code": row.code or "",
                "case": row.case_id or "",
                "leaves": ", ".join(str(each) for each in sorted(indexes[row.id])),
            }
            for row in exchanges
        ],
        "size": reader.tree_size(),
        "pending": reader.pending_count(),
        "dead": counts.get("dead", 0),
        "waiting": sum(counts.get(state, 0) for state in ("queued", "not-sent", "unknown", "sending")),
        "suspended": [row.id for row in reader.agencies() if row.suspended],
        "certificates": certificate_warnings(reader, now),
        "circuits": circuit_warnings(reader, now),
        "overdue": reader.overdue_count(now),
        "mailboxes": [
            {
                "agency": load.agency,
                "lying": load.lying,
                "collected": load.collected,
                "oldest": _local(load.oldest_at),
                "age": _age(now - load.oldest_at),
                "is_old": now - load.oldest_at > NOT_EMPTIED,
                "most": load.most_collections,
                "last": "" if load.last_at is None else _local(load.last_at),
                "by": load.last_by or "",
            }
            for load in reader.mailbox_loads()
        ],
        "letters": [
            {
                "id": row.id,
                "at": _local(row.made_at),
                "name": f"{row.agency}/{row.interaction}",
                "case": row.case_id,
                "outcome": row.outcome or "",
                "cause": row.cause or "",
            }
            for row in reader.deliveries(("dead",), ROWS)
        ],
    }


def _age(passed: timedelta) -> tuple[str, int]:
    """A time that passed, as a unit's name and how many whole ones of it."""
    minutes = max(0, int(passed.total_seconds())) // 60
    if minutes < MINUTES_OF_TWO_HOURS:
        return "minutes", minutes
    hours = minutes // 60
    return ("hours", hours) if hours < HOURS_OF_TWO_DAYS else ("days", hours // 24)


def _local(at: datetime) -> str:
    return at.astimezone(JAKARTA).strftime("%d-%m-%Y %H:%M:%S")


def _cases(edge: StaffEdge) -> Iterator[dict[str, Any]]:
    for row in edge.reader.cases(ROWS):
        yield {
            "id": row.id,
            "service": row.service,
            "stage": row.stage,
            "changed": _local(row.changed_at),
            "number": json.loads(row.body or "{}").get("reserved_number") or "",  # an erased case has no body
        }
