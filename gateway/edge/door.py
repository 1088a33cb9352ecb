"""The doors of agencies: `POST /soap/<agency>/<interaction>` and `POST /rest/<agency>/<path>`, as plain ASGI.

Nearly all requests come here, so they do not go through the router and its middleware, which cost more than parsing
and verifying a message. What a route would do is done by the same functions, and all else goes to the application.

Of these, nearly all are small and were here whole before anybody looked at them. The server says so (`WHOLE`), and they
are answered without `receive`, `send`, a time for the body, or objects of the web framework.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias

from fastapi import Request
from fastapi.responses import Response
from starlette.types import Receive, Scope, Send

from gateway.contract.message import Transport
from gateway.domain.errors import GatewayError
from gateway.edge.waiting_room import Gone
from gateway.exchange.wire import Sealed

DOOR = "simojo.door"
"""Where a scope holds what `door_of` gave."""

WHOLE = "simojo.whole"
"""Where a scope holds its `Whole`, when the server has read all of the request."""

RawHeaders: TypeAlias = Sequence[tuple[bytes, bytes]]


class Whole(Protocol):
    """A request of which nothing is to come, and its one answer; used instead of `receive` and `send`."""

    @property
    def content(self) -> bytes:
        """The body."""
        ...

    @property
    def disconnected(self) -> bool:
        """Whether the client is gone."""
        ...

    async def answer(self, status: int, headers: RawHeaders, body: bytes) -> None:
        """Give the answer, whole. Raises RuntimeError for what is no answer in HTTP."""
        ...


class Receiving(Protocol):
    """Takes messages to an agency and interaction (or path) over a transport, and gives their answers."""

    async def __call__(self, request: Request, agency: str, name: str, transport: Transport) -> Response:
        """Read the body of a message, and answer it."""
        ...

    async def exchange(
        self, scope: Scope, agency: str, name: str, transport: Transport, body: bytes, gone: Gone
    ) -> Sealed:
        """Answer a message whose body was read. `gone` says whether its client is gone."""
        ...


Refusing: TypeAlias = Callable[[Request, Exception], Response]


def door_of(scope: Scope, elsewhere: frozenset[str]) -> tuple[str, str, Transport] | None:
    """The agency, the interaction (or path) and the transport of a request; None when it is for the application.

    `elsewhere` are paths of agencies that are no interactions.
    """
    if scope["type"] != "http" or scope["method"] != "POST":
        return None
    _, kind, agency, name = (*scope["path"].split("/", 3), "", "", "")[:4]
    if kind == "rest" and agency and scope["path"].count("/") > 2 and name not in elsewhere:
        return agency, name, Transport.REST
    if kind == "soap" and agency and name and "/" not in name:
        return agency, name, Transport.SOAP_12
    return None


class AgencyDoor:
    """The ASGI application behind the doors. `refused` and `unforeseen` write what leaves as an error."""

    def __init__(self, receive: Receiving, *, refused: Refusing, unforeseen: Refusing) -> None:
        self._receive = receive
        self._refused = refused
        self._unforeseen = unforeseen

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, which `door_of` let in. An unforeseen error is answered, and raised for the server."""
        request = Request(scope, receive)
        try:
            response = await self._receive(request, *scope[DOOR])
        except GatewayError as error:
            response = self._refused(request, error)
        except Exception as error:
            await self._unforeseen(request, error)(scope, receive, send)
            raise
        await response(scope, receive, send)

    async def whole(self, scope: Scope, whole: Whole) -> None:
        """The same for a request that is here whole."""
        agency, name, transport = scope[DOOR]

        async def gone() -> bool:
            return whole.disconnected

        try:
            sealed = await self._receive.exchange(scope, agency, name, transport, whole.content, gone)
            headers = raw_headers(sealed)
        except GatewayError as error:
            await respond(whole, self._refused(Request(scope), error))
        except Exception as error:
            await respond(whole, self._unforeseen(Request(scope), error))
            raise
        else:
            await whole.answer(sealed.status, headers, sealed.body)


def raw_headers(sealed: Sealed) -> list[tuple[bytes, bytes]]:
    """The headers of an answer as they leave, with the length of its body."""
    written = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in sealed.headers.items()]
    own = [each for each in written if each[0] != b"content-length"]
    return [*own, (b"content-length", b"%d" % len(sealed.body))]


async def respond(whole: Whole, response: Response, *, last: bool = False) -> None:
    """Give a response of the web framework's, which has its body. `last`: the connection ends behind it."""
    headers = ending(response.raw_headers) if last else response.raw_headers
    await whole.answer(response.status_code, headers, bytes(response.body))


def ending(headers: RawHeaders) -> list[tuple[bytes, bytes]]:
    """The headers of an answer that ends its connection."""
    return [*(each for each in headers if each[0].lower() != b"connection"), (b"connection", b"close")]
