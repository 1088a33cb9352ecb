"""One plain request and its answer: what uvicorn's cycle is to a request that h11 read.

The answer leaves as the application gives it, head and first piece of the body in one write. It has a Content-Length
and is as long as that says, or the connection ends behind it.
"""

from __future__ import annotations

import string
from typing import Any

from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.h11_impl import STATUS_PHRASES, RequestResponseCycle

from gateway.edge.door import RawHeaders
from gateway.edge.server.plain import Head

_OF_NAMES = (string.ascii_letters + string.digits + "!#$%&'*+-.^_`|~").encode()
_NEVER = b"\x00\r\n"


class Turn(RequestResponseCycle):
    """uvicorn's cycle without h11. `owed` bytes of the body are still to come; `taken` came, in so many `pieces`.

    While nothing is owed and nobody has received anything it is also a `gateway.edge.door.Whole`.
    """

    body: Any  # bytes or bytearray
    transport: Any  # a Lingering

    def __init__(self, head: Head, **uvicorns: Any) -> None:
        super().__init__(**uvicorns)
        self.head = head
        self.owed = head.length
        self.pieces = 0
        self.taken = 0
        self.more_body = self.owed > 0
        self._answer = b""
        self._due: int | None = None
        if not self.owed:
            self.message_event.set()

    def take(self, piece: bytes) -> None:
        """Take a piece of the body, not more than is owed."""
        self.pieces += 1
        self.taken += len(piece)
        self.owed -= len(piece)
        self._keep(piece)
        self.more_body = self.owed > 0
        if len(self.body) > HIGH_WATER_LIMIT:
            self.flow.pause_reading()
        self.message_event.set()

    def _keep(self, piece: bytes) -> None:
        if not self.body:
            self.body = piece  # most bodies are one piece, and are not copied
            return
        if not isinstance(self.body, bytearray):
            self.body = bytearray(self.body)
        self.body += piece

    @property
    def content(self) -> bytes:
        """The body."""
        return bytes(self.body)

    async def answer(self, status: int, headers: RawHeaders, body: bytes) -> None:
        """Give the answer, whole. Raises RuntimeError for what is no answer in HTTP."""
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        if self.disconnected:
            return
        if self.response_started:
            raise RuntimeError("there is an answer already")
        self.response_started = True
        self._begin(status, headers)
        self._go_on(body, last=True)

    def give_up(self) -> None:
        """Nobody hears an answer any more: whoever waits for the body learns that the client is gone."""
        self.disconnected = True
        self.message_event.set()

    async def send(self, message: Any) -> None:
        """Take the head of the answer, or a piece of its body. Raises RuntimeError for what is no answer in HTTP."""
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        if self.disconnected:
            return
        if not self.response_started and message["type"] == "http.response.start":
            self.response_started = True
            self._begin(message["status"], message.get("headers", ()))
        elif self.response_started and not self.response_complete and message["type"] == "http.response.body":
            self._go_on(message.get("body", b""), last=not message.get("more_body", False))
        else:
            raise RuntimeError(f"{message['type']} is out of turn")

    def _begin(self, status: int, headers: RawHeaders) -> None:
        said = [*self.default_headers, *headers]
        named = {name.lower(): value for name, value in said}
        fields = b"".join([name + b": " + value + b"\r\n" for name, value in said])
        # all at once: a pattern for each name and value would take a tenth of the loop's time
        is_split = len(fields.translate(None, _NEVER)) != len(fields) - 2 * len(said)
        if is_split or b"" in named or b"".join(named).translate(None, _OF_NAMES):
            raise RuntimeError("a header of the answer would be two, or none")
        if b"content-length" in named:
            self._due = int(named[b"content-length"])
            self.keep_alive = self.keep_alive and named.get(b"connection", b"").lower() != b"close"
        else:
            fields, self.keep_alive = fields + b"Connection: close\r\n", False
        self._answer = b"HTTP/1.1 %d %b\r\n%b\r\n" % (status, STATUS_PHRASES[status], fields)

    def _go_on(self, piece: bytes, *, last: bool) -> None:
        if self._due is not None:
            self._due -= len(piece)
            if self._due < 0 or (last and self._due):
                raise RuntimeError("the body of the answer is not as long as its Content-Length says")
        self.transport.write_at_once(self._answer + piece)
        self._answer = b""
        if last:
            self.response_complete = True
            self.body = b""  # the connection keeps its last turn
            self.message_event.set()
            if not self.keep_alive:
                self.transport.close()
            self.on_response()
