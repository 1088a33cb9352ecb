"""`/periksa`: what is stored of a permit, and whether a paper or a file says the same (Pasal 22(4)c, 22(5)).

    GET  /periksa                    a form for the number
    GET  /periksa/<number>?s=...     the stored facts; `s` is the signed statement of the QR code
    POST /periksa/<number>?s=...     a form: fields of the paper to compare, or (multipart) a PDF to check
    GET  /periksa/kunci              the public key of the statements

Nothing about the person is shown but, to who has the QR code, initials. What is sent here is not kept.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlencode

import anyio.to_thread
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from gateway.domain.errors import HubBusy, Malformed, RateLimited
from gateway.edge.http import read_body
from gateway.edge.parts import StaffEdge
from gateway.edge.portal.pages import Asked, Notice, Pages
from gateway.edge.portal.tries import Tries
from gateway.edge.portal.upload import form_parts
from gateway.office.checking.checks import Code, Look
from gateway.office.checking.comparing import PERSONAL, Field
from gateway.office.checking.files import MAX_FILE
from gateway.office.checking.stored import StoredPermit

MAX_FORM = 16 * 1024
MAX_UPLOAD = MAX_FILE + 4096
"""The file, and the form around it."""
_MAX_NUMBER = 120


def portal_router(edge: StaffEdge) -> APIRouter:
    """The routes."""
    router = APIRouter(include_in_schema=False)
    pages, answers = Pages(edge.clock), Answers(edge, Tries(edge.seconds), Pages(edge.clock))

    @router.get("/periksa")
    def ask(request: Request) -> Response:
        number = request.query_params.get("nomor", "").strip()[:_MAX_NUMBER]
        if not number:
            return pages.ask(Asked.of(request, ""), empty="nomor" in request.query_params)
        lang = urlencode({"lang": Asked.of(request, "").language.value})
        return RedirectResponse(f"/periksa/{quote(number)}?{lang}", status_code=303)

    @router.get("/periksa/static/portal.css")
    def style() -> Response:
        body = (Path(__file__).parent / "static" / "portal.css").read_bytes()
        return Response(body, media_type="text/css", headers={"Cache-Control": "max-age=3600"})

    @router.get("/periksa/kunci")
    def keys() -> Response:
        lines = "".join(f"{each.encode()}\n" for each in edge.checks.verifiers)
        return Response(lines, media_type="text/plain; charset=utf-8")

    @router.get("/periksa/{number:path}")
    def check(request: Request, number: str) -> Response:
        asked = Asked.of(request, number)
        return pages.check(asked, edge.checks.look(asked.number, asked.statement))

    @router.post("/periksa/{number:path}")
    async def compare(request: Request, number: str) -> Response:
        asked = Asked.of(request, number)
        address = request.client.host if request.client else ""
        is_file = request.headers.get("content-type", "").lower().startswith("multipart/form-data")
        try:
            body = await read_body(request, MAX_UPLOAD if is_file else MAX_FORM)
            if is_file:
                content = form_parts(request.headers["content-type"], body).get("berkas", b"")
                return await anyio.to_thread.run_sync(answers.file, asked, address, content)
            said = parse_qs(body.decode("utf-8", "replace"), max_num_fields=20)
        except (Malformed, ValueError) as fault:
            code = "too-large" if isinstance(fault, Malformed) and fault.code == "body-too-large" else "bad-form"
            return await anyio.to_thread.run_sync(answers.refused, asked, code)
        fields = {each: said.get(each.value, [""])[0] for each in Field}
        return await anyio.to_thread.run_sync(answers.compared, asked, address, fields)

    return router


class Answers:
    """What a form gets: the page of its number, with what came of the form above it."""

    def __init__(self, edge: StaffEdge, tries: Tries, pages: Pages) -> None:
        self._checks = edge.checks
        self._tries = tries
        self._pages = pages

    def compared(self, asked: Asked, address: str, said: dict[Field, str]) -> Response:
        """Compare fields of a paper."""

        def compare(look: Look, permit: StoredPermit) -> Notice:
            filled = {each for each, value in said.items() if value.strip()}
            if not filled:
                return self._pages.fault(asked, "nothing-filled", status=422)
            holding = look.code is Code.GENUINE
            self._tries.compare(address, permit.number, personal=bool(filled & PERSONAL), holding=holding)
            return self._pages.comparison(asked, self._checks.compare(permit, said))

        return self._answer(asked, compare, {each.value: value for each, value in said.items()})

    def file(self, asked: Asked, address: str, content: bytes) -> Response:
        """Judge a file, and forget it."""

        def judge(_look: Look, permit: StoredPermit) -> Notice:
            if not content:
                return self._pages.fault(asked, "no-file", status=422)
            if len(content) > MAX_FILE:
                return self._pages.fault(asked, "too-large", status=413)
            with self._tries.reading(address):
                return self._pages.file(asked, self._checks.judge(permit, content))

        return self._answer(asked, judge)

    def refused(self, asked: Asked, code: str) -> Response:
        """A form that cannot be read."""
        status = 413 if code == "too-large" else 400
        return self._answer(asked, lambda _look, _permit: self._pages.fault(asked, code, status=status))

    def _answer(
        self, asked: Asked, deed: Callable[[Look, StoredPermit], Notice], said: dict[str, Any] | None = None
    ) -> HTMLResponse:
        look = self._checks.look(asked.number, asked.statement)
        if look.permit is None:
            return self._pages.check(asked, look)
        try:
            notice = deed(look, look.permit)
        except RateLimited as limited:
            notice = self._pages.wait(asked, limited.after_s or 60)
        except HubBusy as busy:
            notice = self._pages.fault(asked, "busy", status=503, after_s=busy.after_s)
        return self._pages.check(asked, look, notice, said)
