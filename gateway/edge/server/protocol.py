"""One connection: uvicorn's HTTP/1.1 protocol (h11) with the bounds that it has not.

    head      complete within `head_timeout_s` of its first byte (or of the connection); at most `MAX_HEAD_BYTES`
    body      not in crumbs: a piece costs the event loop the same whether it has one byte or a thousand
    answer    a client that takes none of it for `WRITE_TIMEOUT_S` is left
    end       an answer that leaves before its request was read whole is followed by a short silence in which what
              still comes is dropped: closing at once would reset the connection and take the answer with it
              (RFC 9112 section 9.6)
    TLS       the client's certificate goes into the scope (ASGI TLS Extension)

Requests of the form that agencies' clients send are read past h11 (`gateway.edge.server.plain`), by a narrower rule
that h11 would read alike; all others are h11's. While one is plain, h11 has seen nothing of it, and is idle.

It stands on these seams of uvicorn, which tests/edge/test_server.py holds: `app`, `conn`, `transport`, `cycle`,
`connection_made`, `data_received`, `connection_lost`, `on_response_complete`, `pause_writing`, `resume_writing`,
`send_400_response`.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any, cast
from urllib.parse import unquote

import h11
from starlette.types import Receive, Scope, Send
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from gateway.domain.errors import GatewayError, HubBusy, Malformed
from gateway.domain.titles import Language
from gateway.edge.door import WHOLE
from gateway.edge.front import HEALTH
from gateway.edge.http import BUSY_AFTER_S, PROBLEM_MEDIA_TYPE, problem_body, status_of
from gateway.edge.proxies import tls_extension
from gateway.edge.server.connections import Connections, Place
from gateway.edge.server.conversation import Conversation, in_crumbs, is_in_crumbs
from gateway.edge.server.lingering import Lingering
from gateway.edge.server.plain import plain_head
from gateway.edge.server.turn import Turn

WRITE_TIMEOUT_S = 30.0


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
        self._turn: Turn | None = None
        self._later = b""
        self._rest_timer: asyncio.TimerHandle | None = None
        self._rests_since = 0.0

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
        if self._turn is not None:
            self._go_on(self._turn, data)
        elif self._is_at_rest() and (turn := self._begin(data)) is not None:
            self._turn = turn
            self._go_on(turn, data[turn.head.size :])
            if not turn.owed:
                cast("Any", turn.scope)[WHOLE] = turn
            self._run(turn)
        else:
            super().data_received(data)
        self._watch_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._places.leave(self._place)
        self._cancel_head()
        if self._rest_timer is not None:
            self._rest_timer.cancel()
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
        self._rests_since = self.loop.time()
        if self._turn is None:
            super().on_response_complete()
            return
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self._turn, later, self._later = None, self._later, b""
        if self._rest_timer is None:
            self._rest_timer = self.loop.call_later(self.timeout_keep_alive, self._rested)
        self.flow.resume_reading()
        if later:
            self.data_received(later)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's sentence says less than ours
        """Refuse what is no HTTP, as a problem."""
        self._refuse(self.conn.fault or Malformed("this is not HTTP/1.1", code="http-malformed"))

    async def _with_connection(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._tls is not None:
            scope.setdefault("extensions", {})["tls"] = self._tls
        if self._place.health_only and scope["path"] not in HEALTH:
            cast("Any", scope).pop(WHOLE, None)  # else it and its scope would hold each other
            await _busy(send)
            return
        await cast("Any", self._inner)(scope, receive, send)

    # --- plain requests -------------------------------------------------------------------------------------------

    def _is_at_rest(self) -> bool:
        """Whether a request may begin, and h11 holds nothing of one."""
        return self.conn.their_state is h11.IDLE and self.conn.our_state is h11.IDLE and not self.conn.trailing_data[0]

    def _begin(self, data: bytes) -> Turn | None:
        head = plain_head(data)
        if head is None:
            return None
        self._unset_keepalive_if_required()
        raw_path, _, query = head.target.partition(b"?")
        path = unquote(raw_path.decode("ascii"))
        scope = {
            "type": "http",
            "asgi": {"version": self.asgi_version, "spec_version": "2.3"},
            "http_version": "1.1",
            "server": self.server,
            "client": self.client,
            "scheme": self.scheme,
            "method": "POST",
            "root_path": self.root_path,
            "path": self.root_path + path,
            "raw_path": self.root_path.encode("ascii") + raw_path,
            "query_string": query,
            "headers": head.headers,
            "state": self.app_state.copy(),
        }
        return Turn(
            head,
            scope=cast("Any", scope),
            conn=self.conn,
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=False,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            on_response=self.on_response_complete,
        )

    def _run(self, turn: Turn) -> None:
        self.cycle = turn
        task = self.loop.create_task(turn.run_asgi(cast("Any", self.app)))
        task.add_done_callback(self.tasks.discard)
        self.tasks.add(task)

    def _go_on(self, turn: Turn, data: bytes) -> None:
        """Take what follows the head: the body, and then what is for later."""
        piece, rest = data[: turn.owed], data[turn.owed :]
        if piece:
            turn.take(piece)
            if is_in_crumbs(turn.pieces, turn.taken):
                turn.give_up()
                self._refuse(in_crumbs(turn.pieces, turn.taken))
                return
        if rest:
            self._later += rest
            self.flow.pause_reading()

    # --- bounds ---------------------------------------------------------------------------------------------------

    def _watch_head(self) -> None:
        """While a head is incomplete its time runs; else none does."""
        if self._turn is not None or self.conn.their_state is not h11.IDLE or self.transport.is_closing():
            self._cancel_head()
            self._places.begun(self._place)
        elif self._head_timer is None:
            self._head_timer = self.loop.call_later(self._head_timeout_s, self._head_too_late)

    def _rested(self) -> None:
        """Close if nothing came for the keep-alive time, else look again: a timer for each request would cost more."""
        self._rest_timer = None
        if self._turn is not None or not self._is_at_rest() or self._head_timer is not None:
            return  # the answer of what began begins a time of its own
        left = self._rests_since + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self._rest_timer = self.loop.call_later(left, self._rested)
        else:
            self.timeout_keep_alive_handler()

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
        """Answer where no request is, and end. An answer that is on its way already stays the only one."""
        if self._turn is None or not self._turn.response_started:
            with suppress(h11.LocalProtocolError):
                for event in _answer(error):
                    self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def _is_unread(self) -> bool:
        if self._turn is not None:
            return self._turn.owed > 0 or bool(self._later)
        return self.conn.their_state in (h11.SEND_BODY, h11.ERROR) or bool(self.conn.trailing_data[0])


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
