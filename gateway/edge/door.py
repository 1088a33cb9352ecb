"""The doors of agencies: `POST /soap/<agency>/<interaction>` and `POST /rest/<agency>/<path>`, as plain ASGI.

Nearly all requests come here, so they do not go through the router and its middleware, which cost more than parsing
and verifying a message. What a route would do is done by the same functions, and all else goes to the application.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from fastapi import Request
from fastapi.responses import Response
from starlette.types import Receive, Scope, Send

from gateway.contract.message import Transport
from gateway.domain.errors import GatewayError

DOOR = "simojo.door"
"""Where a scope holds what `door_of` gave."""

Receiving: TypeAlias = Callable[[Request, str, str, Transport], Awaitable[Response]]
"""Takes a message to that agency and interaction (or path) over that transport, and gives the answer."""

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
