"""`/ledger/periksa`: the page that verifies a receipt; with `?simpan=1` as a file to keep (Pasal 22(4))."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from gateway.edge.receipt_page.document import receipt_page

FILE_NAME = "periksa-tanda-bukti.html"


def receipt_page_router() -> APIRouter:
    """The route. The page is for everybody, and the same for everybody."""
    router = APIRouter(include_in_schema=False)

    @router.get("/ledger/periksa")
    def page(request: Request) -> Response:
        made = receipt_page()
        headers = {
            "Content-Security-Policy": f"{made.policy}; frame-ancestors 'none'",
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "no-cache",
        }
        if "simpan" in request.query_params:
            headers["Content-Disposition"] = f'attachment; filename="{FILE_NAME}"'
        return Response(made.html, media_type="text/html; charset=utf-8", headers=headers)

    return router
