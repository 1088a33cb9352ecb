"""How a server ends when it is told to: first word, then silence, then nothing in hand.

    1. told     SIGTERM or Ctrl-C: `begun` is called, so that whoever asks learns that this process is not ready
    2. drain    for `drain_s` it answers as before, and each answer closes its connection: a balancer takes it out
    3. close    no connection is accepted any more; idle ones are closed, requests under way are answered
    4. end      when none is left, or after `within_s`

A second signal in the meantime calls `at_once`.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType

import structlog
from uvicorn.config import Config

from gateway.edge.server.connections import Connections
from gateway.edge.server.listening import HubServer

_CLOSE = (b"connection", b"close")

_log = structlog.get_logger("simojo.server")


def _nothing(_signal: int = 0) -> None:
    return


@dataclass(frozen=True, kw_only=True)
class Ending:
    """What is called when, and how long it takes, in seconds; `seconds` is a clock that is never set.

    `ready` and `begun` are called in the event loop and do not wait: when the server listens and minds signals, and
    when it was told to end. `at_once` is called with the number of the second signal.
    """

    drain_s: float = 0.0
    within_s: int = 20
    ready: Callable[[], None] = _nothing
    begun: Callable[[], None] = _nothing
    at_once: Callable[[int], None] = _nothing
    seconds: Callable[[], float] = time.monotonic


class EndingServer(HubServer):
    """A server that ends as the module says.

    `told_at` is when it was told, None before; `has_finished` whether every request was answered at its end.
    """

    def __init__(self, config: Config, *, connections: Connections, head_timeout_s: float, ending: Ending) -> None:
        config.timeout_graceful_shutdown = ending.within_s
        super().__init__(config, connections=connections, head_timeout_s=head_timeout_s)
        self._ending = ending
        self._is_told = False
        self.told_at: float | None = None
        self.has_finished = False

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen, and say so."""
        await super().startup(sockets)
        self._ending.ready()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - as uvicorn has it
        """Note it; what follows from it happens in the event loop, not wherever the signal found us."""
        if self._is_told:
            self._ending.at_once(sig)
        self._is_told = True

    async def on_tick(self, counter: int) -> bool:
        """Look ten times a second whether it was told to end, and whether it has drained."""
        if self._is_told and self.told_at is None:
            self.told_at = self._ending.seconds()
            self._ending.begun()
            self.config.encoded_headers.append(_CLOSE)
            self.server_state.default_headers = [*self.server_state.default_headers, _CLOSE]
        if self.told_at is not None and self._ending.seconds() - self.told_at >= self._ending.drain_s:
            self.should_exit = True
        return await super().on_tick(counter)

    async def _wait_tasks_to_complete(self) -> None:
        try:
            await super()._wait_tasks_to_complete()
        except asyncio.CancelledError:  # after `within_s`; uvicorn then cancels the requests too
            _log.warning("requests-cut-off", requests=len(self.server_state.tasks))
            logging.getLogger("uvicorn.error").disabled = True  # it would have a stack trace for each of them
            raise
        self.has_finished = True
