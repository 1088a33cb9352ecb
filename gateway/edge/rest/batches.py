"""Where a file's bytes come and its result goes: below the address that its manifest was acknowledged with.

    HEAD   <address>          how many bytes are there (Upload-Offset, Upload-Complete)
    PATCH  <address>          the next piece (application/partial-upload)
    GET    <address>          where the batch stands; at its end the signed report
    GET    <address>/result   what became of each record; with Range the rest of it, under the ETag that is its digest

In the manner of draft-ietf-httpbis-resumable-upload. Each needs `Authorization: Bearer <token>`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from fastapi import APIRouter, Request
from fastapi.responses import Response, StreamingResponse

from gateway.contract.message import Message, Transport
from gateway.dialect.jws import HEADER
from gateway.domain.errors import Malformed, Unauthenticated
from gateway.edge.http import language_of, problem, read_body
from gateway.edge.ranges import RangeBeyond, Span, asked_span
from gateway.edge.receiving import AgencyEdge, message_of
from gateway.exchange.batch.documents import PIECE_BYTES
from gateway.exchange.batch.uploads import Report, ResultFile, Uploaded, WrongOffset
from gateway.exchange.client_certificates import check_shown
from gateway.store.pending import Going
from gateway.store.tables import BatchRow

T = TypeVar("T")

ADDRESS = "/rest/{agency}/{interaction}/batches/{batch}"
PARTIAL = "application/partial-upload"


def batch_router(edge: AgencyEdge) -> APIRouter:
    """The routes."""
    router = APIRouter(include_in_schema=False)

    @router.head(ADDRESS)
    async def offset(request: Request, agency: str, interaction: str, batch: str) -> Response:
        uploaded = await _run(edge, request, (agency, interaction, batch), _offset)
        return Response(status_code=204, headers=_stands(uploaded))

    @router.patch(ADDRESS)
    async def append(request: Request, agency: str, interaction: str, batch: str) -> Response:
        begins, last = _announced(request.headers)
        body = await read_body(request, min(PIECE_BYTES, edge.max_body_bytes), within_s=None)
        try:
            uploaded = await _run(edge, request, (agency, interaction, batch), _append, begins, body, last)
        except WrongOffset as wrong:
            refused = problem(wrong, instance=request.url.path, language=language_of(request.headers))
            refused.headers["Upload-Offset"] = str(wrong.offset)
            return refused
        return Response(status_code=204, headers=_stands(uploaded))

    @router.get(ADDRESS)
    async def report(request: Request, agency: str, interaction: str, batch: str) -> Response:
        said = await _run(edge, request, (agency, interaction, batch), _report)
        signed = {} if said.signature is None else {HEADER: said.signature}
        return Response(said.body, media_type="application/json", headers={"Cache-Control": "no-store", **signed})

    @router.get(f"{ADDRESS}/result")
    async def result(request: Request, agency: str, interaction: str, batch: str) -> Response:
        found = await _run(edge, request, (agency, interaction, batch), _result)
        etag = f'"{found.sha256}"'
        headers = {"ETag": etag, "Accept-Ranges": "bytes", "Cache-Control": "no-store"}
        try:
            span = asked_span(request.headers, etag, found.size)
        except RangeBeyond as beyond:
            refused = problem(beyond, instance=request.url.path, language=language_of(request.headers))
            refused.headers.update(headers | {"Content-Range": f"bytes */{beyond.size}"})
            return refused
        whole = span is None
        span = span or Span(0, found.size, found.size)
        headers |= {"Content-Length": str(span.end - span.begin)}
        headers |= {} if whole else {"Content-Range": span.content_range}
        pieces = found.read(span.begin, span.end)
        return StreamingResponse(pieces, 200 if whole else 206, headers, found.media_type)

    return router


def _stands(uploaded: Uploaded) -> dict[str, str]:
    return {
        "Upload-Offset": str(uploaded.offset),
        "Upload-Complete": "?1" if uploaded.complete else "?0",
        "Upload-Limit": f"max-size={uploaded.size}, max-append-size={PIECE_BYTES}",
        "Cache-Control": "no-store",
    }


def _announced(headers: Mapping[str, str]) -> tuple[int, bool]:
    """Where a piece begins, and whether it says to be the last. Raises Malformed."""
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != PARTIAL:
        raise Malformed(f"content type {kind[:60] or 'missing'!r}: send {PARTIAL}", code="content-type-wrong")
    begins = headers.get("upload-offset", "")
    if not (begins.isascii() and begins.isdecimal() and len(begins) < 17):
        raise Malformed("send the byte at which the piece begins as Upload-Offset", code="upload-offset-missing")
    return int(begins), headers.get("upload-complete", "?0").strip() == "?1"


async def _run(
    edge: AgencyEdge, request: Request, address: tuple[str, str, str], step: Callable[..., Going[T]], *more: object
) -> T:
    """Do a step in a thread, once it is known whose upload it is; a wrong token is counted as any unknown sender."""
    agency, interaction, batch = address
    message = message_of(request.scope, agency, interaction, Transport.REST, b"", edge.clock())
    size = sum(len(each) for each in more if isinstance(each, bytes))
    try:
        return await edge.limits.run(_known, edge, message, batch, step, *more, size=size)
    except Unauthenticated as stranger:
        await edge.limits.run(edge.inbound.begin_refusal, message, stranger.code, None)
        raise


def _known(
    edge: AgencyEdge, message: Message, batch: str, step: Callable[..., Going[Any]], *more: object
) -> Going[Any]:
    scheme, _, token = message.headers.get("authorization", "").partition(" ")
    row = edge.uploads.known(
        message.agency, message.interaction, batch, token.strip() if scheme.lower() == "bearer" else ""
    )
    party = edge.directory.party(message.agency)
    check_shown(edge.client_certificates, message.client_certificate, party, message.received_at)
    return step(edge, row, *more)


def _offset(edge: AgencyEdge, row: BatchRow) -> Uploaded:
    return edge.uploads.offset(row)


def _append(edge: AgencyEdge, row: BatchRow, begins: int, body: bytes, last: bool) -> Going[Uploaded]:
    return edge.uploads.append(row, begins, body, last=last)


def _report(edge: AgencyEdge, row: BatchRow) -> Report:
    return edge.uploads.report(row)


def _result(edge: AgencyEdge, row: BatchRow) -> ResultFile:
    return edge.uploads.result(row)
