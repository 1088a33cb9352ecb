"""HTTP at the door: bodies that are bounded in size and time, and errors as RFC 9457 problems.

An HTTP status says whose turn it is; the stable `code` in the body says what happened. Stack traces, settings and
files of the hub stay inside.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping

from fastapi import Request, Response

from gateway.domain.errors import (
    AgencyUnavailable,
    CaseRefusal,
    GatewayError,
    HubBusy,
    Malformed,
    MappingFault,
    Misconfigured,
    RateLimited,
    Refused,
    Replayed,
    Retriable,
    SchemaViolation,
    Tampered,
    Unauthenticated,
    Unauthorised,
)
from gateway.domain.titles import Language, title_of
from gateway.edge.languages import preferred_language

PROBLEM_TYPE = "urn:simojo:problem:"
"""A problem's `type` is this and the code: a name, not an address (RFC 9457 section 3.1.1)."""

PROBLEM_MEDIA_TYPE = "application/problem+json"

BUSY_AFTER_S = 2
"""Retry-After of a HubBusy that does not say when: commits are batched, so a full queue is soon empty."""

_NOT_THERE = (
    "agency",
    "interaction",
    "case",
    "exchange",
    "delivery",
    "document",
    "leaf",
    "version",
    "batch",
    "tile",
    "checkpoint",
    "reconciliation",
    "erasure",
    "dossier",
)
_BY_CODE = {
    "body-too-slow": 408,
    "head-too-slow": 408,
    "body-too-large": 413,
    "target-too-long": 414,
    "content-type-wrong": 415,
    "content-encoding-refused": 415,
    "head-too-large": 431,
    "not-found": 404,
    "method-not-allowed": 405,
    "erased": 410,
    "batch-state": 409,
    "upload-offset": 409,
    "range-beyond": 416,
    **{f"{each}-unknown": 404 for each in _NOT_THERE},
}
_BY_KIND: tuple[tuple[type[GatewayError], int], ...] = (
    (Unauthenticated, 401),
    (Unauthorised, 403),
    (SchemaViolation, 422),
    (Replayed, 409),
    (CaseRefusal, 409),
    (Refused, 400),
    (HubBusy, 503),
    (RateLimited, 429),
    (AgencyUnavailable, 503),
    (MappingFault, 500),
    (Retriable, 503),
)


async def read_body(request: Request, max_bytes: int, *, within_s: float | None = 30.0) -> bytes:
    """Read the whole body: at most `max_bytes`, complete within `within_s` seconds (None: no bound here).

    Raises Malformed `body-too-large` (413), `body-too-slow` (408) or `body-cut-off` (400, which nobody reads).
    """
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > max_bytes:
        raise _too_large(max_bytes)
    if within_s is None:
        return await _read(request, max_bytes)
    try:
        async with asyncio.timeout(within_s):
            return await _read(request, max_bytes)
    except TimeoutError as fault:
        raise Malformed(
            f"the body was not complete after {within_s:g} s; send it without pauses", code="body-too-slow"
        ) from fault


async def _read(request: Request, max_bytes: int) -> bytes:
    pieces: list[bytes] = []
    size, more = 0, True
    while more:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise Malformed("the connection ended before the body was complete; send it again", code="body-cut-off")
        piece = message.get("body", b"")
        more = message.get("more_body", False)
        size += len(piece)
        if size > max_bytes:
            raise _too_large(max_bytes)
        pieces.append(piece)
    return b"".join(pieces)


def joined_headers(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """The headers by lower-case name; lines of one name are one value, joined by commas (RFC 9110 section 5.3).

    So a second signature, token or content type hides from nobody: what a proxy, a log and the hub see is the same.
    """
    joined: dict[str, str] = {}
    for raw_name, raw_value in headers:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        joined[name] = f"{joined[name]}, {value}" if name in joined else value
    return joined


def status_of(error: GatewayError) -> int:
    """The HTTP status of an error; 500 for what is the hub's own fault (MappingFault, Misconfigured, Tampered)."""
    if isinstance(error, Refused) and error.code in _BY_CODE:
        return _BY_CODE[error.code]
    return next((status for kind, status in _BY_KIND if isinstance(error, kind)), 500)


def language_of(headers: Mapping[str, str]) -> Language:
    """The language that the client asks for, from headers with lower-case names."""
    return preferred_language(headers.get("accept-language"))


def public_text(error: GatewayError) -> str:
    """What the other side may read of an error. Names of files, keys and settings stay inside."""
    if isinstance(error, (Misconfigured, Tampered)):
        return "The hub cannot do this now for a reason on its own side; its staff can see why. Send it again later."
    return error.text


def problem_body(
    error: GatewayError, *, exchange: str | None, language: Language, instance: str | None = None
) -> bytes:
    """The problem as UTF-8 JSON. `exchange` and `instance` (the path that was called) stand there when known."""
    members: dict[str, object] = {
        "type": f"{PROBLEM_TYPE}{error.code}",
        "title": title_of(error).in_language(language),
        "status": status_of(error),
        "detail": public_text(error),
        "code": error.code,
        "clause": error.clause,
        "violations": [{"path": each.path, "rule": each.rule, "text": each.text} for each in error.violations],
    }
    members |= {name: value for name, value in (("exchange", exchange), ("instance", instance)) if value is not None}
    # A quoted lone surrogate has no UTF-8; it becomes a question mark rather than a second error.
    return json.dumps(members, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")


def problem(
    error: GatewayError, *, exchange: str | None = None, instance: str | None = None, language: Language
) -> Response:
    """The whole response: status, problem, and the headers that belong to the status."""
    status = status_of(error)
    headers = {"Content-Language": language.value, "Cache-Control": "no-store"}
    if status == 401:
        # RFC 9110 section 15.5.2 wants a challenge; this one makes no browser ask for a password.
        headers["WWW-Authenticate"] = 'Signature realm="simojo"'
    if status == 408:
        headers["Connection"] = "close"  # the rest of the body may still come (RFC 9110 section 15.5.9)
    after_s = error.after_s if isinstance(error, Retriable) else None
    if after_s is None and isinstance(error, HubBusy):
        after_s = BUSY_AFTER_S
    if after_s is not None:
        headers["Retry-After"] = str(after_s)
    body = problem_body(error, exchange=exchange, language=language, instance=instance)
    return Response(body, status_code=status, headers=headers, media_type=PROBLEM_MEDIA_TYPE)


def _too_large(max_bytes: int) -> Malformed:
    return Malformed(f"the body is larger than the {max_bytes} bytes that are read here", code="body-too-large")
