"""One connection: uvicorn's HTTP/1.1 protocol (h11) with the bounds that it has not.

    head      complete within `head_timeout_s` of its first byte (or of the connection); at most `MAX_HEAD_BYTES`
    body      not in crumbs: a piece costs the event loop the same whether it has one byte or a thousand
    answer    a client that takes none of it for `WRITE_TIMEOUT_S` is left
    end       an answer that leaves before its request was read whole is followed by a short silence in which what
              still comes is dropped: closing at once would reset the connection and take the answer with it
              (RFC 9112 section 9.6)
    TLS       the client's certificate goes into the scope (ASGI TLS Extension)

It stands on these seams of uvicorn, which tests/edge/test_server.py holds: `app`, `conn`, `transport`, `cycle`,
`connection_made`, `data_received`, `connection_lost`, `on_response_complete`, `pause_writing`, `resume_writing`,
`send_400_response`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

import h11
from starlette.types import Receive, Scope, Send
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from gateway.domain.errors import GatewayError, HubBusy, Malformed
from gateway.edge.front import HEALTH, MAX_HEAD_BYTES
from gateway.edge.http import BUSY_AFTER_S, PROBLEM_MEDIA_TYPE, problem_body, status_of
from gateway.edge.proxies import tls_extension
from gateway.edge.server.connections import Connections, Place
from gateway.edge.titles import Language

LINGER_S = 2.0
FLUSH_S = 5.0
WRITE_TIMEOUT_S = 30.0
HELD_BYTES = 64 * 1024
CRUMBS = 2048
"""So many pieces of a body may be as small as they like; beyond them a piece has `CRUMB_BYTES` on average."""
CRUMB_BYTES = 64


class Conversation(h11.Connection):
    """h11's connection that counts the pieces of a body. `fault` says what it refused, in our words."""

    def __init__(self) -> None:
        super().__init__(h11.SERVER, max_incomplete_event_size=MAX_HEAD_BYTES)
        self.fault: Malformed | None = None
        self._pieces = 0
        self._bytes = 0

    def next_event(self) -> Any:
        """h11's next event. Raises h11.RemoteProtocolError."""
        try:
            event = super().next_event()
        except h11.RemoteProtocolError as error:
            if self.fault is None:
                self.fault = _fault(error)
            raise
        if isinstance(event, h11.Request):
            self._pieces = self._bytes = 0
        elif isinstance(event, h11.Data):
            self._pieces += 1
            self._bytes += len(event.data)
            if self._pieces > CRUMBS + self._bytes // CRUMB_BYTES:
                self.fault = Malformed(
                    f"the body comes in {self._pieces} pieces of {self._bytes // self._pieces} bytes; send larger "
                    "chunks",
                    code="body-in-crumbs",
                )
                raise h11.RemoteProtocolError("body in crumbs")
        return event


class HubProtocol(H11Protocol):
    """uvicorn's protocol, bounded. `connections` keeps `place`; `head_timeout_s` is in seconds."""

    def __init__(
        self,
        *,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        connections: Connections,
        place: Place,
        head_timeout_s: float,
    ) -> None:
        super().__init__(config, server_state, app_state)
        self.conn: Conversation = Conversation()
        self._inner = self.app
        self.app = self._with_connection
        self._places = connections
        self._place = place
        self._head_timeout_s = head_timeout_s
        self._head_timer: asyncio.TimerHandle | None = None
        self._write_timer: asyncio.TimerHandle | None = None
        self._tls: dict[str, Any] | None = None

    # --- asyncio's side -------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Begin: the first head is awaited."""
        lingering = Lingering(transport, self.loop, self._is_unread)
        super().connection_made(cast("asyncio.Transport", lingering))
        self._place.end = transport.abort
        tls = transport.get_extra_info("ssl_object")
        if tls is not None:
            shown = tls.getpeercert(binary_form=True)
            self._tls = tls_extension([shown] if shown else [])
        self._watch_head()

    def data_received(self, data: bytes) -> None:
        """Take what came, unless the connection is at its end."""
        if self.transport.is_closing():
            return
        super().data_received(data)
        self._watch_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._places.leave(self._place)
        self._cancel_head()
        self.resume_writing()
        lingering = cast("Any", self.transport)
        super().connection_lost(exc)
        lingering.lost()

    def pause_writing(self) -> None:
        """The client takes nothing: for so long and no longer."""
        super().pause_writing()
        if self._write_timer is None:
            self._write_timer = self.loop.call_later(WRITE_TIMEOUT_S, self.transport.abort)

    def resume_writing(self) -> None:
        """The client takes something again."""
        super().resume_writing()
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None

    # --- uvicorn's side -------------------------------------------------------------------------------------------

    def on_response_complete(self) -> None:
        """An answer has left: the next head may come."""
        self._places.idle(self._place)
        super().on_response_complete()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's sentence says less than ours
        """Refuse what is no HTTP, as a problem."""
        self._refuse(self.conn.fault or Malformed("this is not HTTP/1.1", code="http-malformed"))

    async def _with_connection(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._tls is not None:
            scope.setdefault("extensions", {})["tls"] = self._tls
        if self._place.health_only and scope["path"] not in HEALTH:
            await _busy(send)
            return
        await cast("Any", self._inner)(scope, receive, send)

    # --- bounds ---------------------------------------------------------------------------------------------------

    def _watch_head(self) -> None:
        """While a head is incomplete its time runs; else none does."""
        if self.conn.their_state is not h11.IDLE or self.transport.is_closing():
            self._cancel_head()
            self._places.begun(self._place)
        elif self._head_timer is None:
            self._head_timer = self.loop.call_later(self._head_timeout_s, self._head_too_late)

    def _cancel_head(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _head_too_late(self) -> None:
        self._head_timer = None
        if self.conn.trailing_data[0]:
            self._refuse(
                Malformed(
                    f"the head of the request was not complete after {self._head_timeout_s:g} s",
                    code="head-too-slow",
                )
            )
        else:
            self.transport.close()

    def _refuse(self, error: Malformed) -> None:
        """Answer where no request is, and end."""
        try:
            for event in _answer(error):
                self.transport.write(self.conn.send(event) or b"")
        except h11.LocalProtocolError:
            pass  # an answer is on its way already: it stays the only one
        self.transport.close()

    def _is_unread(self) -> bool:
        return self.conn.their_state in (h11.SEND_BODY, h11.ERROR) or bool(self.conn.trailing_data[0])


class Lingering:
    """A transport whose `close` waits while the other side may still be sending. All else is the transport's own.

    What is written in one turn of the loop leaves as one: the head of an answer and its body.
    """

    def __init__(
        self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop, is_unread: Callable[[], bool]
    ) -> None:
        self._transport = transport
        self._loop = loop
        self._is_unread = is_unread
        self._closing = False
        self._timer: asyncio.TimerHandle | None = None
        self._held: list[bytes] = []
        self._held_bytes = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Write, at the end of this turn of the loop or when there is enough."""
        if not data:
            return
        if not self._held:
            self._loop.call_soon(self._flush)
        self._held.append(data)
        self._held_bytes += len(data)
        if self._held_bytes > HELD_BYTES:
            self._flush()

    def write_eof(self) -> None:
        """Write nothing more."""
        self._flush()
        self._transport.write_eof()

    def is_closing(self) -> bool:
        """Whether `close` was called, or the transport closes by itself."""
        return self._closing or self._transport.is_closing()

    def close(self) -> None:
        """Close: now, or after `LINGER_S` when something is unread."""
        if self._closing:
            return
        self._closing = True
        self._flush()
        if self._transport.is_closing() or not self._is_unread():
            self._end()
            return
        if self._transport.can_write_eof():
            self._transport.write_eof()
        self._transport.resume_reading()
        self._timer = self._loop.call_later(LINGER_S, self._end)

    def lost(self) -> None:
        """The connection is gone."""
        if self._timer is not None:
            self._timer.cancel()

    def _flush(self) -> None:
        held, self._held, self._held_bytes = self._held, [], 0
        if held:
            self._transport.write(b"".join(held))

    def _end(self) -> None:
        self._transport.close()
        # a client that does not take the answer would keep the connection open for ever
        self._timer = self._loop.call_later(FLUSH_S, self._transport.abort)


def _fault(error: h11.RemoteProtocolError) -> Malformed:
    if error.error_status_hint == 431:
        return Malformed(f"the head of the request is larger than {MAX_HEAD_BYTES} bytes", code="head-too-large")
    return Malformed("this is not a request of HTTP/1.1", code="http-malformed")


def _answer(error: GatewayError) -> list[Any]:
    body = problem_body(error, exchange=None, language=Language.INDONESIAN)
    headers = [
        ("content-type", PROBLEM_MEDIA_TYPE),
        ("content-length", str(len(body))),
        ("connection", "close"),
    ]
    return [
        h11.Response(status_code=status_of(error), headers=headers),
        h11.Data(data=body),
        h11.EndOfMessage(),
    ]


async def _busy(send: Send) -> None:
    error = HubBusy("the hub has no connection to spare; send the same again later", after_s=BUSY_AFTER_S)
    body = problem_body(error, exchange=None, language=Language.INDONESIAN)
    headers = {
        b"content-type": PROBLEM_MEDIA_TYPE.encode(),
        b"content-length": str(len(body)).encode(),
        b"retry-after": str(BUSY_AFTER_S).encode(),
        b"connection": b"close",
    }
    await send({"type": "http.response.start", "status": status_of(error), "headers": list(headers.items())})
    await send({"type": "http.response.body", "body": body})
