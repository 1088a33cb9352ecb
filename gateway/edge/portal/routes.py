"""`/periksa/<permit number>`: the stored facts of a permit, with nothing about the person (Pasal 22(4)c, 22(5))."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, select_autoescape

from gateway.domain.calendar import local_date
from gateway.domain.events import Reference
from gateway.domain.stages import Stage
from gateway.domain.titles import Language
from gateway.edge.http import language_of
from gateway.edge.parts import StaffEdge

AGENCY = ""
"""No agency asks: a permit number is a reference of the office's own."""

_pages = Environment(
    loader=PackageLoader("gateway.edge.portal"), autoescape=select_autoescape(default=True), trim_blocks=True
)

TEXTS = {
    Language.INDONESIAN: {
        "title": "Periksa izin",
        "number": "Nomor izin",
        "valid": "Izin ini berlaku.",
        "revoked": "Izin ini telah dicabut.",
        "unknown": "Nomor ini tidak dikenal. Bandingkan dengan dokumen, atau hubungi DPM-PTSP Kota Mojokerto.",
        "service": "Jenis izin",
        "since": "Berlaku sejak",
        "prevails": "Bila isi cetakan berbeda dengan halaman ini, data SIMOJO yang berlaku (Pasal 22 ayat 5).",
    },
    Language.ENGLISH: {
        "title": "Check a permit",
        "number": "Permit number",
        "valid": "This permit is valid.",
        "revoked": "This permit was revoked.",
        "unknown": "This number is not known. Compare it with the document, or ask DPM-PTSP Kota Mojokerto.",
        "service": "Kind of permit",
        "since": "In force since",
        "prevails": "Where the paper differs from this page, SIMOJO's record prevails (Pasal 22(5)).",
    },
}


def portal_router(edge: StaffEdge) -> APIRouter:
    """The routes."""
    router = APIRouter(include_in_schema=False)

    @router.get("/periksa/{number:path}")
    def check(request: Request, number: str) -> HTMLResponse:
        asked = request.query_params.get("lang")
        language = Language(asked) if asked in ("id", "en") else language_of(request.headers)
        facts = _facts(edge, number)
        page = _pages.get_template("check.html").render(t=TEXTS[language], lang=language.value, number=number, **facts)
        policy = "default-src 'none'; style-src 'self'"
        headers = {"Content-Security-Policy": policy, "X-Frame-Options": "DENY", "Cache-Control": "no-store"}
        return HTMLResponse(page, status_code=404 if facts["state"] == "unknown" else 200, headers=headers)

    return router


def _facts(edge: StaffEdge, number: str) -> dict[str, Any]:
    reference = Reference(kind="permit-number", value=number)
    cases = edge.casework.find((reference,), AGENCY)[reference]
    case = cases[0] if len(cases) == 1 else None
    if case is None or case.in_force_since is None:
        return {"state": "unknown"}
    return {
        "state": "revoked" if case.stage is Stage.REVOKED else "valid",
        "service": case.service_name,
        "since": f"{local_date(case.in_force_since):%d-%m-%Y}",
    }
