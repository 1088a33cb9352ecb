"""Console pages of reconciliations: bring a list in, read the result, settle differences, download."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from urllib.parse import parse_qs

import anyio.to_thread
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, PackageLoader, select_autoescape

from gateway.domain.calendar import JAKARTA
from gateway.domain.errors import GatewayError, HubBusy, Malformed, Unauthenticated, Unauthorised
from gateway.edge.admin.reconciliations import (
    UPLOAD_BYTES,
    UPLOAD_S,
    download,
    reconciling_of,
    settling_of,
)
from gateway.edge.console.pages import HEADERS, language_asked
from gateway.edge.console.reconciliation_texts import STATES, TEXTS
from gateway.edge.console.refusals import told
from gateway.edge.http import read_body, status_of
from gateway.edge.parts import StaffEdge, officer
from gateway.office.staff import Officer
from gateway.operations.reconciling.comparing import DIFFERENCES, State
from gateway.operations.reconciling.results import as_csv, as_json, head_of, known, lines_of
from gateway.operations.reconciling.running import Wanted

ROWS = 50
MAX_FORM = 8192
FORM_EXTRA = 16 * 1024
"""Room beside the file for the other fields of its form."""
PATH = "/console/reconciliations"

_pages = Environment(
    loader=PackageLoader("gateway.edge.console"), autoescape=select_autoescape(default=True), trim_blocks=True
)


def reconciliation_pages_router(edge: StaffEdge) -> APIRouter:
    """The routes."""
    router = APIRouter(include_in_schema=False)

    @router.get(PATH)
    def overview(request: Request) -> Response:
        if _staff(edge, request) is None:
            return RedirectResponse("/console", status_code=303)
        return _page("reconciliations.html", request, **_overview(edge))

    @router.post(PATH)
    async def bring(request: Request) -> Response:
        who = await anyio.to_thread.run_sync(_staff, edge, request)
        if who is None:
            return RedirectResponse("/console", status_code=303)
        said: dict[str, bytes] = {}
        try:
            body = await read_body(request, UPLOAD_BYTES + FORM_EXTRA, within_s=UPLOAD_S)
            said = _form(request.headers.get("content-type", ""), body)
            row = await anyio.to_thread.run_sync(_compared, edge, said, who)
        except HubBusy:
            raise
        except GatewayError as error:
            facts = await anyio.to_thread.run_sync(_overview, edge)
            kept = {name: said.get(name, b"").decode("utf-8", "replace") for name in ("agency", "from", "to", "batch")}
            return _page(
                "reconciliations.html",
                request,
                status=status_of(error),
                **facts,
                **told(error, language_asked(request)),
                kept=kept,
            )
        return RedirectResponse(f"{PATH}/{row}?lang={language_asked(request).value}", status_code=303)

    _add_one(router, edge)
    return router


def _add_one(router: APIRouter, edge: StaffEdge) -> None:
    @router.get(PATH + "/{reconciliation}")
    def one(request: Request, reconciliation: str, state: str = "differences", after: str = "0") -> Response:
        if _staff(edge, request) is None:
            return RedirectResponse("/console", status_code=303)
        return _one(edge, request, reconciliation, state, after)

    @router.post(PATH + "/{reconciliation}/settle")
    async def settle(request: Request, reconciliation: str) -> Response:
        who = await anyio.to_thread.run_sync(_staff, edge, request)
        if who is None:
            return RedirectResponse("/console", status_code=303)
        form = parse_qs((await read_body(request, MAX_FORM)).decode("utf-8", "replace"))
        number, reason = form.get("number", ["0"])[0], form.get("reason", [""])[0]
        try:
            await anyio.to_thread.run_sync(
                lambda: settling_of(edge).settle(reconciliation, _number(number), reason, who.actor)
            )
        except HubBusy:
            raise
        except GatewayError as error:
            return await anyio.to_thread.run_sync(_one, edge, request, reconciliation, "differences", "0", error)
        return RedirectResponse(f"{PATH}/{reconciliation}?lang={language_asked(request).value}", status_code=303)

    @router.get(PATH + "/{reconciliation}/result.json")
    def whole_json(request: Request, reconciliation: str) -> Response:
        officer(edge, request, "admin")
        return download(edge, reconciliation, as_json, "json")

    @router.get(PATH + "/{reconciliation}/result.csv")
    def whole_csv(request: Request, reconciliation: str) -> Response:
        officer(edge, request, "admin")
        return download(edge, reconciliation, as_csv, "csv")


def _one(
    edge: StaffEdge, request: Request, name: str, state: str, after: str, error: GatewayError | None = None
) -> Response:
    row = known(edge.reader, name)
    own_state = state if state in {"differences", "all", *State} else "differences"
    lines: list[dict[str, Any]] = []
    is_gone = row.state != "done" or edge.clock() >= row.kept_until
    if not is_gone:
        wanted = None if own_state == "all" else own_state
        found = lines_of(edge.reader, row, after=_number(after), state=wanted, at=edge.clock())
        lines = [_shown(line) for line, _ in zip(found, range(ROWS), strict=False)]
    facts: dict[str, Any] = {
        "head": _head(edge, row.id),
        "lines": lines,
        "state": own_state,
        "next": lines[-1]["number"] if len(lines) == ROWS else None,
        "is_gone": is_gone,
        "states": list(State),
        "differing": set(DIFFERENCES),
    }
    if error is not None:
        return _page(
            "reconciliation.html", request, status=status_of(error), **facts, **told(error, language_asked(request))
        )
    return _page("reconciliation.html", request, **facts)


def _overview(edge: StaffEdge) -> dict[str, Any]:
    return {
        "agencies": [(row.id, row.name) for row in edge.reader.agencies()],
        "rows": [_head(edge, row.id) for row in edge.reader.reconciliations(ROWS)],
        "most": UPLOAD_BYTES // 2**20,
    }


def _compared(edge: StaffEdge, said: dict[str, bytes], who: Officer) -> str:
    wanted = Wanted(
        agency=said.get("agency", b"").decode("utf-8", "replace"),
        first=_day(said.get("from", b"")),
        last=_day(said.get("to", b"")),
        source="staff",
        actor=who.actor,
        batch=said.get("batch", b"").decode("utf-8", "replace").strip() or None,
    )
    return reconciling_of(edge).run(wanted, [said.get("file", b"")]).id


def _head(edge: StaffEdge, name: str) -> dict[str, Any]:
    row = known(edge.reader, name)
    return {
        **head_of(edge.reader, row),
        "made": _local(row.made_at),
        "kept": _local(row.kept_until),
    }


def _shown(line: dict[str, Any]) -> dict[str, Any]:
    return {**line, "local": _local(datetime.fromisoformat(line["at"])) if "at" in line else ""}


def _form(kind: str, body: bytes) -> dict[str, bytes]:
    """The fields of a form with a file (RFC 7578). Raises Malformed `content-type-wrong`."""
    from email.parser import BytesParser  # half a megabyte that few offices need (decision 0078)
    from email.policy import HTTP

    if not kind.startswith("multipart/form-data"):
        raise Malformed("send the form of the page, with its file", code="content-type-wrong")
    message = BytesParser(policy=HTTP).parsebytes(b"Content-Type: " + kind.encode("latin-1") + b"\r\n\r\n" + body)
    fields = {}
    for part in message.iter_parts() if message.is_multipart() else ():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(content, bytes):
            fields[name] = content
    return fields


def _day(text: bytes) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text.decode("ascii"))
    except ValueError:
        raise Malformed("name the first and the last day, YYYY-MM-DD", code="period-wrong") from None


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 16 else 0


def _staff(edge: StaffEdge, request: Request) -> Officer | None:
    try:
        return officer(edge, request, "admin")
    except (Unauthenticated, Unauthorised):
        return None


def _page(template: str, request: Request, *, status: int = 200, **facts: Any) -> HTMLResponse:
    language = language_asked(request)
    body = _pages.get_template(template).render(
        t=TEXTS[language], word=STATES[language], lang=language.value, path=PATH, **facts
    )
    return HTMLResponse(body, status_code=status, headers=HEADERS)


def _local(at: datetime) -> str:
    return at.astimezone(JAKARTA).strftime("%d-%m-%Y %H:%M:%S")
