"""The console's pages of erasures: propose, approve what another proposed, refuse; they name nobody.

Approving has a page of its own that shows what goes, and takes the end of the proposal's id: one press is not enough
for what has no way back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs

import anyio.to_thread
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, PackageLoader, select_autoescape

from gateway.domain.calendar import JAKARTA
from gateway.domain.errors import GatewayError, HubBusy, Malformed, Unauthenticated, Unauthorised
from gateway.edge.admin.erasures import ERASE, orders_of
from gateway.edge.console.erasure_texts import BASES, TEXTS
from gateway.edge.console.pages import HEADERS, language_asked
from gateway.edge.console.refusals import told
from gateway.edge.http import read_body, status_of
from gateway.edge.parts import StaffEdge, officer
from gateway.office.staff import Officer
from gateway.operations.erasing.carrying import PROPOSED
from gateway.operations.erasing.orders import Basis, Order
from gateway.operations.erasing.views import erasure_details

ROWS = 50
MAX_FORM = 8192
PATH = "/console/erasures"
TYPED = 8
"""Characters, the last of a proposal's id, that whoever approves it types."""

_pages = Environment(
    loader=PackageLoader("gateway.edge.console"), autoescape=select_autoescape(default=True), trim_blocks=True
)


def erasure_pages_router(edge: StaffEdge) -> APIRouter:
    """The routes. Deeds need the scope `erase` beside `admin`."""
    router = APIRouter(include_in_schema=False)

    @router.get(PATH)
    def overview(request: Request) -> Response:
        if _staff(edge, request, "admin") is None:
            return RedirectResponse("/console", status_code=303)
        return _page(edge, request)

    @router.post(PATH)
    async def propose(request: Request) -> Response:
        def deed(said: Mapping[str, str], who: Officer) -> None:
            orders_of(edge).propose(_order(said), who.id)

        return await _done(edge, request, deed)

    @router.post(PATH + "/{erasure}/refuse")
    async def refuse(request: Request, erasure: str) -> Response:
        def deed(said: Mapping[str, str], who: Officer) -> None:
            orders_of(edge).refuse(erasure, said.get("reason", ""), who.id)

        return await _done(edge, request, deed)

    _add_approval(router, edge)
    return router


def _add_approval(router: APIRouter, edge: StaffEdge) -> None:
    @router.get(PATH + "/{erasure}/approve")
    def ask(request: Request, erasure: str) -> Response:
        if _staff(edge, request, "admin") is None:
            return RedirectResponse("/console", status_code=303)
        officer(edge, request, ERASE)
        return _asking(edge, request, erasure)

    @router.post(PATH + "/{erasure}/approve")
    async def approve(request: Request, erasure: str) -> Response:
        def deed(said: Mapping[str, str], who: Officer) -> None:
            if said.get("confirm", "").strip() != erasure[-TYPED:]:
                raise Malformed(
                    f"nothing is erased: type the last {TYPED} characters of the proposal's id as they stand there",
                    code="confirmation-wrong",
                )
            orders_of(edge).approve(erasure, who.id)

        return await _done(edge, request, deed, lambda _, error: _asking(edge, request, erasure, error))


async def _done(
    edge: StaffEdge,
    request: Request,
    deed: Callable[[Mapping[str, str], Officer], None],
    refused: Callable[[Mapping[str, str], GatewayError], Response] | None = None,
) -> Response:
    """Do it, and lead back to the page; a refusal is told above its form, which keeps all but who is meant."""
    body = (await read_body(request, MAX_FORM)).decode("utf-8", "replace")
    said = {name: values[0] for name, values in parse_qs(body).items()}

    def work() -> Response:
        if _staff(edge, request, "admin") is None:
            return RedirectResponse("/console", status_code=303)
        who = officer(edge, request, ERASE)
        try:
            deed(said, who)
        except HubBusy:
            raise
        except GatewayError as error:
            return _page(edge, request, said, error) if refused is None else refused(said, error)
        return RedirectResponse(f"{PATH}?lang={language_asked(request).value}", status_code=303)

    return await anyio.to_thread.run_sync(work)


def _order(said: Mapping[str, str]) -> Order:
    try:
        basis = Basis(said.get("basis", ""))
    except ValueError:
        raise Malformed("name a ground of UU 27/2022 Pasal 43(1)", code="basis-unknown") from None
    named = {name: said.get(name, "").strip() or None for name in ("nik", "npwp", "case", "permit_reason")}
    return Order(
        basis=basis,
        reason=said.get("reason", ""),
        permit_reason=named["permit_reason"],
        nik=named["nik"],
        npwp=named["npwp"],
        case_id=named["case"],
    )


def _page(
    edge: StaffEdge, request: Request, kept: Mapping[str, str] | None = None, error: GatewayError | None = None
) -> HTMLResponse:
    rows = [
        {"row": row, "at": row.proposed_at.astimezone(JAKARTA).strftime("%d-%m-%Y %H:%M:%S")}
        for row in edge.reader.erasures(ROWS)
    ]
    may = _staff(edge, request, ERASE) is not None
    return _rendered("erasures.html", request, error, rows=rows, may=may, kept=kept or {})


def _asking(edge: StaffEdge, request: Request, erasure: str, error: GatewayError | None = None) -> HTMLResponse:
    """The page that asks once more. Raises Refused `erasure-unknown`."""
    row = orders_of(edge).known(erasure)
    facts = erasure_details(edge.reader, row)
    cases = [each["case"] for each in facts["of"]]
    at = row.proposed_at.astimezone(JAKARTA).strftime("%d-%m-%Y %H:%M:%S")
    start, end = row.id[:-TYPED], row.id[-TYPED:]
    return _rendered(
        "erasure.html", request, error, row=row, at=at, cases=cases, start=start, end=end, waits=row.state == PROPOSED
    )


def _rendered(template: str, request: Request, error: GatewayError | None, **facts: Any) -> HTMLResponse:
    language = language_asked(request)
    failure = {} if error is None else told(error, language)
    body = _pages.get_template(template).render(
        t=TEXTS[language], bases=BASES[language], lang=language.value, path=PATH, typed=TYPED, **facts, **failure
    )
    return HTMLResponse(body, status_code=200 if error is None else status_of(error), headers=HEADERS)


def _staff(edge: StaffEdge, request: Request, scope: str) -> Officer | None:
    try:
        return officer(edge, request, scope)
    except (Unauthenticated, Unauthorised):
        return None
