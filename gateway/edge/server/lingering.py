"""A transport that ends decently: what was said reaches the other side though it may still be sending."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

LINGER_S = 2.0
FLUSH_S = 5.0
HELD_BYTES = 64 * 1024


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

    def write_at_once(self, data: bytes) -> None:
        """Write what is whole already, behind what is held."""
        self._flush()
        self._transport.write(data)

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
        if self._held:
            held, self._held, self._held_bytes = self._held, [], 0
            self._transport.write(b"".join(held))

    def _end(self) -> None:
        self._transport.close()
        # a client that does not take the answer would keep the connection open for ever
        self._timer = self._loop.call_later(FLUSH_S, self._transport.abort)
