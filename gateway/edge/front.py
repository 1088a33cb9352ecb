"""The front door: what is settled about a request before any route sees it, as ASGI middleware.

    1. who        the client's address and certificate, told by TLS or by a trusted proxy
    2. form       a head of bounded size, one framing, no Content-Encoding: nothing is ever inflated here
    3. rate       of the client's address; `/health/live` and `/health/ready` are not counted
    4. presence   at the doors of agencies: so many requests of one address at once
    5. body       bounded in bytes, time and shared memory, whoever reads it

A refusal here costs no thread, no commit and no byte of the body.

A small request that is here whole (`gateway.edge.door.Whole`) takes steps 1 to 4 likewise, and has none of the fifth:
its time is over, and a body up to `FREE_BYTES` is not charged.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from typing import Any

import structlog
from fastapi import Request
from fastapi.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.domain.errors import GatewayError, Malformed
from gateway.edge.door import WHOLE, Whole, ending, respond
from gateway.edge.limits import Limits
from gateway.edge.proxies import Proxies, tls_extension

MAX_HEADERS = 100
MAX_HEAD_BYTES = 32 * 1024
MAX_TARGET_BYTES = 8 * 1024
FREE_BYTES = 64 * 1024
"""So much of each body is not charged to the shared memory: large bodies cannot shut out small ones."""
HEALTH = frozenset({"/health/live", "/health/ready"})
AGENCIES = ("/soap/", "/rest/")

_log = structlog.get_logger("simojo.front")


class FrontDoor:
    """The middleware. `refuse` writes an error in the form of the address that was called.

    `whole` is what `app` does with a small request to an agency that is here whole; without it there is nothing special
    about such a request.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        limits: Limits,
        proxies: Proxies,
        refuse: Callable[[Request, GatewayError], Response],
        whole: Callable[[Scope, Whole], Awaitable[None]] | None = None,
    ) -> None:
        self._app = app
        self._whole = whole
        self._small = min(FREE_BYTES, limits.bounds.max_body_bytes)
        self._limits = limits
        self._proxies = proxies
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or answer it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        whole: Whole | None = scope.pop(WHOLE, None)  # taken out, else it and its scope would hold each other
        if whole is not None and self._whole is not None and len(whole.content) <= self._small:
            await self._answer(scope, whole, self._whole)
            return
        body = Body(scope, receive, self._limits)
        try:
            body.owner = self._check(scope)  # 1. to 3.
            at_agencies = scope["path"].startswith(AGENCIES)
            with self._limits.present(body.owner) if at_agencies else nullcontext():  # 4. presence
                await self._app(scope, body.receive, body.closing(send))  # 5. body
        except GatewayError as error:
            await self._turned_away(scope, error)(scope, receive, body.closing(send))
        finally:
            body.release()

    async def _answer(self, scope: Scope, whole: Whole, app: Callable[[Scope, Whole], Awaitable[None]]) -> None:
        try:
            with self._limits.present(self._check(scope)):  # 1. to 4.
                await app(scope, whole)
        except GatewayError as error:
            # as ever: whoever is turned away with a body that was not looked at connects anew
            await respond(whole, self._turned_away(scope, error), last=bool(whole.content))

    def _check(self, scope: Scope) -> str:
        """Steps 1 to 3; gives the address to which the request counts."""
        self._introduce(scope)  # 1. who
        _check_form(scope)  # 2. form
        address: str = scope["client"][0] if scope.get("client") else ""
        if scope["path"] not in HEALTH:
            self._limits.check_address(address)  # 3. rate
        return address

    def _turned_away(self, scope: Scope, error: GatewayError) -> Response:
        _log.info("turned-away", code=error.code, path=scope["path"][:120])
        return self._refuse(Request(scope), error)

    def _introduce(self, scope: Scope) -> None:
        client = scope.get("client")
        if not client:
            return
        chain = self._proxies.client_certificates(client[0], scope["headers"])
        if self._proxies.trusts(client[0]):
            # What the proxy's own connection showed is the proxy's certificate, and not its client's.
            scope.setdefault("extensions", {})["tls"] = tls_extension(chain or ())
        scope["client"] = (self._proxies.client_address(client[0], scope["headers"]), client[1])


def _check_form(scope: Scope) -> None:
    """Raise Malformed `head-too-large`, `target-too-long`, `framing-ambiguous` or `content-encoding-refused`."""
    headers: list[tuple[bytes, bytes]] = scope["headers"]
    size = sum(len(name) + len(value) + 4 for name, value in headers)
    if len(headers) > MAX_HEADERS or size > MAX_HEAD_BYTES:
        raise Malformed(
            f"the head has {len(headers)} headers in {size} bytes; {MAX_HEADERS} in {MAX_HEAD_BYTES} are read",
            code="head-too-large",
        )
    if len(scope.get("raw_path") or b"") + len(scope.get("query_string") or b"") > MAX_TARGET_BYTES:
        raise Malformed(f"the address is longer than {MAX_TARGET_BYTES} bytes", code="target-too-long")
    named = dict(headers)
    if b"transfer-encoding" in named and b"content-length" in named:
        raise Malformed(
            "the request has both Transfer-Encoding and Content-Length, which two readers read as two requests "
            "(RFC 9112 section 6.3): send one of them",
            code="framing-ambiguous",
        )
    for name, value in headers:
        if name == b"content-encoding" and value.strip().lower() not in {b"", b"identity"}:
            raise Malformed(
                f"Content-Encoding {value[:40].decode('latin-1')!r}: send the body as it is; nothing is unpacked here",
                code="content-encoding-refused",
            )


class Body:
    """The body of one request on its way in: counted, timed, and paid for from the shared memory.

    `receive` raises Malformed `body-too-large` and `body-too-slow`, and HubBusy `bodies-busy`.
    """

    def __init__(self, scope: Scope, receive: Receive, limits: Limits) -> None:
        self._receive = receive
        self._limits = limits
        self.owner = ""
        self._size = 0
        self._charged = 0
        self._ends = limits.seconds() + limits.bounds.body_timeout_s
        self._complete = not _has_body(scope)

    async def receive(self) -> Message:
        """The next piece."""
        if self._complete:
            return await self._receive()
        within_s = self._limits.bounds.body_timeout_s
        try:
            async with asyncio.timeout(max(0.0, self._ends - self._limits.seconds())):
                message = await self._receive()
        except TimeoutError:
            raise Malformed(
                f"the body was not complete after {within_s:g} s; send it without pauses", code="body-too-slow"
            ) from None
        if message["type"] == "http.request":
            self._take(len(message.get("body", b"")))
            self._complete = not message.get("more_body", False)
        return message

    def closing(self, send: Send) -> Send:
        """An answer that leaves before the body was read whole ends the connection: the rest is not waited for."""

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start" and not self._complete:
                message = {**message, "headers": ending(message.get("headers", ()))}
            await send(message)

        return sending

    def release(self) -> None:
        """The request is over."""
        self._limits.bodies.give_back(self.owner, self._charged)
        self._charged = 0

    def _take(self, size: int) -> None:
        most = self._limits.bounds.max_body_bytes
        if self._size + size > most:
            raise Malformed(f"the body is larger than the {most} bytes that are read here", code="body-too-large")
        self._size += size
        due = max(0, self._size - FREE_BYTES) - self._charged
        self._limits.bodies.take(self.owner, due)
        self._charged += due


def _has_body(scope: Scope) -> bool:
    named: dict[Any, Any] = dict(scope["headers"])
    return b"transfer-encoding" in named or named.get(b"content-length", b"0").strip() != b"0"
