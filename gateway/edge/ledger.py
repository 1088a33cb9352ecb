"""`/ledger/`: the ledger over HTTP in the layout of C2SP tlog-tiles, and co-signatures that witnesses bring.

    GET  /ledger/checkpoint             the newest checkpoint with its co-signatures
    GET  /ledger/checkpoint/witnessed   the newest one that has a co-signature at least
    GET  /ledger/tile/<L>/<N>[.p/<W>]   hashes
    GET  /ledger/tile/entries/<N>[.p/<W>]   leaves, for staff and auditors alone (decision 0094)
    GET  /ledger/consistency?from=&to=  a proof, for clients that have no code for tiles
    GET  /ledger/inclusion?index=&size=
    GET  /ledger/timestamp?covering=    the newest timestamp of RFC 3161, or the earliest over so many leaves
    POST /ledger/cosignature            a checkpoint with a witness's line on it

Anybody may ask, from any web page. Two threads of their own answer, and a queue that is bounded: whoever reads the
ledger as fast as they can takes no thread from exchanges or from staff.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

import anyio
import anyio.to_thread
from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response

from gateway.domain.errors import GatewayError, HubBusy, Malformed
from gateway.edge.admin.views import instant
from gateway.edge.http import language_of, problem, read_body
from gateway.edge.parts import officer
from gateway.ledger.encoding import MAX_INTEGER, encode_base64
from gateway.operations.published import Published, Root, proof_text
from gateway.operations.witnessing import Witnessing

THREADS = 2
MAX_WAITING = 64
MAX_NOTE_BYTES = 8 * 1024
SCOPE = "ledger"

TEXT = "text/plain; charset=utf-8"
OCTETS = "application/octet-stream"
FRESH = "no-cache"
"""May be kept, and is asked for again each time: 304 costs next to nothing."""

FOR_EVER = "public, max-age=31536000, immutable"
A_WHILE = "public, max-age=3600, immutable"
"""A tile that is not full stays true and is soon of no use."""

_CORS = {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "ETag"}
_READ = ["GET", "HEAD"]

_T = TypeVar("_T")
Size = Annotated[int | None, Query(ge=0, le=MAX_INTEGER)]


@dataclass(frozen=True, kw_only=True)
class LedgerEdge:
    """What the routes need."""

    published: Published
    witnessing: Witnessing


def ledger_router(edge: LedgerEdge) -> APIRouter:
    """The routes."""
    router = APIRouter(include_in_schema=False)
    reading = _Reading(edge.published)
    _add_layout(router, reading)
    _add_entries(router, reading)
    _add_proofs(router, reading)
    _add_timestamps(router, reading)

    @router.post("/ledger/cosignature")
    async def cosignature(request: Request) -> Response:
        """Whoever brings it proves itself by the line, and by nothing else."""
        body = await read_body(request, MAX_NOTE_BYTES)
        try:
            note = body.decode()
        except UnicodeDecodeError:
            raise Malformed("a checkpoint is UTF-8 text", code="cosignature-malformed") from None
        line = await reading.run(lambda: edge.witnessing.take(note))
        return JSONResponse({"witness": line.witness, "time": line.time}, headers={"Cache-Control": "no-store"})

    return router


class _Reading:
    """Answers from few threads, with not too many who wait for one. For the event loop alone."""

    def __init__(self, published: Published) -> None:
        self.published = published
        self._limiter = anyio.CapacityLimiter(THREADS)

    async def run(self, work: Callable[[], _T]) -> _T:
        """Do it in one of them. Raises HubBusy when too many wait."""
        if self._limiter.statistics().tasks_waiting >= MAX_WAITING:
            raise HubBusy("many read the ledger at this moment: ask again", after_s=2)
        return await anyio.to_thread.run_sync(work, limiter=self._limiter)

    async def answer(self, request: Request, work: Callable[[], bytes], media_type: str, caching: str) -> Response:
        """What it gives, for any page to read; a refusal too."""
        try:
            return _cors(_answer(request, await self.run(work), media_type, caching))
        except GatewayError as error:
            return _cors(problem(error, instance=request.url.path, language=language_of(request.headers)))


def _add_layout(router: APIRouter, reading: _Reading) -> None:
    published = reading.published

    @router.api_route("/ledger/checkpoint", methods=_READ)
    async def checkpoint(request: Request) -> Response:
        return await reading.answer(request, lambda: published.checkpoint().encode(), TEXT, FRESH)

    @router.api_route("/ledger/checkpoint/witnessed", methods=_READ)
    async def witnessed(request: Request) -> Response:
        return await reading.answer(request, lambda: published.checkpoint(witnessed=True).encode(), TEXT, FRESH)

    @router.api_route("/ledger/tile/{level:int}/{path:path}", methods=_READ)
    async def tile(request: Request, path: str) -> Response:
        # as it was written: `00` is no level
        asked = request.url.path.removeprefix("/ledger/")
        return await reading.answer(request, lambda: published.tile(asked), OCTETS, _caching(path))


def _add_entries(router: APIRouter, reading: _Reading) -> None:
    @router.api_route("/ledger/tile/entries/{path:path}", methods=_READ)
    async def entries(request: Request, path: str) -> Response:
        def work() -> bytes:
            officer(request.app.state.staff, request, SCOPE)
            return reading.published.entries(f"tile/entries/{path}")

        content = await reading.run(work)
        answer = _answer(request, content, OCTETS, _caching(path).replace("public", "private"))
        answer.headers["Vary"] = "Authorization, Cookie"
        return answer


def _add_timestamps(router: APIRouter, reading: _Reading) -> None:
    @router.get("/ledger/timestamp")
    async def timestamp(request: Request, covering: Size = None) -> Response:
        def work() -> bytes:
            found = reading.published.timestamp(covering)
            said = {"size": found.size, "at": instant(found.at), "checkpoint": found.note}
            return _json({**said, "token": encode_base64(found.token)})

        return await reading.answer(request, work, "application/json", FRESH)


def _add_proofs(router: APIRouter, reading: _Reading) -> None:
    published = reading.published

    @router.get("/ledger/consistency")
    async def consistency(
        request: Request, old: Annotated[int, Query(alias="from", ge=0, le=MAX_INTEGER)], to: Size = None
    ) -> Response:
        def work() -> bytes:
            found = published.consistency(old, to)
            return _json({"from": _root(found.old), "to": _root(found.new), "proof": proof_text(found.proof)})

        return await reading.answer(request, work, "application/json", FRESH if to is None else FOR_EVER)

    @router.get("/ledger/inclusion")
    async def inclusion(
        request: Request, index: Annotated[int, Query(ge=0, le=MAX_INTEGER)], size: Size = None
    ) -> Response:
        def work() -> bytes:
            found = published.inclusion(index, size)
            said = {"index": index, "leafHash": encode_base64(found.leaf), "tree": _root(found.tree)}
            return _json({**said, "proof": proof_text(found.proof)})

        return await reading.answer(request, work, "application/json", FRESH if size is None else FOR_EVER)


def _answer(request: Request, content: bytes, media_type: str, caching: str) -> Response:
    """The content, or 304 for who has it already (RFC 9110 section 13.1.2)."""
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": caching}
    held = {each.strip().removeprefix("W/") for each in request.headers.get("if-none-match", "").split(",")}
    if tag in held or "*" in held:
        return Response(status_code=304, headers=headers)
    headers["X-Content-Type-Options"] = "nosniff"
    return Response(content, media_type=media_type, headers=headers)


def _caching(path: str) -> str:
    return A_WHILE if ".p/" in path else FOR_EVER


def _cors(response: Response) -> Response:
    response.headers.update(_CORS)
    return response


def _root(tree: Root) -> dict[str, Any]:
    return {"size": tree.size, "root": encode_base64(tree.root)}


def _json(value: dict[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
