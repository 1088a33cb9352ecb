"""Accepting connections: whose there is no place for is closed before anything is read or any handshake is made.

uvicorn lets asyncio accept without a bound, gives a TLS handshake a minute, and counts only what came through one.
Here a connection has its place from the moment it is accepted.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import sys
from collections.abc import Callable, Sequence
from typing import Any, cast

import structlog
import uvicorn
from uvicorn.config import STARTUP_FAILURE, Config

from gateway.edge.server.connections import Connections, Place
from gateway.edge.server.protocol import HubProtocol

HANDSHAKE_TIMEOUT_S = 10.0
SHUTDOWN_TIMEOUT_S = 2.0
"""How long a client's own farewell is awaited at the end of TLS."""
OUT_OF_FILES_S = 0.1

_log = structlog.get_logger("simojo.server")


class HubServer(uvicorn.Server):
    """uvicorn's server over listeners of ours."""

    def __init__(self, config: Config, *, connections: Connections, head_timeout_s: float) -> None:
        super().__init__(config)
        self.connections = connections
        self._head_timeout_s = head_timeout_s

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen on `sockets`, which are bound."""
        await self.lifespan.startup()
        if self.lifespan.should_exit:
            sys.exit(STARTUP_FAILURE)
        listeners = [Listener(each, self.connections, self._protocol, self.config.ssl) for each in sockets or ()]
        self.servers = cast("Any", listeners)
        self.started = True

    def _protocol(self, place: Place) -> HubProtocol:
        return HubProtocol(
            config=self.config,
            server_state=self.server_state,
            app_state=self.lifespan.state,
            connections=self.connections,
            place=place,
            head_timeout_s=self._head_timeout_s,
        )


class Listener:
    """Accepts on one socket until it is closed."""

    def __init__(
        self,
        sock: socket.socket,
        connections: Connections,
        protocol: Callable[[Place], HubProtocol],
        tls: ssl.SSLContext | None,
    ) -> None:
        sock.setblocking(False)
        self._socket = sock
        self._connections = connections
        self._protocol = protocol
        self._tls = tls
        self._loop = asyncio.get_running_loop()
        self._greetings: set[asyncio.Task[None]] = set()
        self._task = self._loop.create_task(self._accept())

    def close(self) -> None:
        """Accept no more. Whoever closes the socket may do so at once."""
        # else a client that came at this moment is accepted on a closed socket, for a future that is cancelled
        self._loop.remove_reader(self._socket)
        self._task.cancel()

    async def wait_closed(self) -> None:
        """Wait until nothing of it runs."""
        await asyncio.gather(self._task, *self._greetings, return_exceptions=True)

    async def _accept(self) -> None:
        while True:
            try:
                sock, peer = await self._loop.sock_accept(self._socket)
            except OSError as fault:  # the process has no file descriptor left, or the client is gone already
                _log.warning("accept-failed", error=fault.strerror)
                await asyncio.sleep(OUT_OF_FILES_S)
                continue
            place = self._connections.admit(str(peer[0]) if peer else "")
            if place is None:
                sock.close()
                continue
            greeting = self._loop.create_task(self._greet(sock, place))
            self._greetings.add(greeting)
            greeting.add_done_callback(self._greetings.discard)
            place.end = greeting.cancel  # until the protocol has the connection: a crowd can be sent away at once
            await asyncio.sleep(0)  # sock_accept does not wait while others queue: they are not alone here

    async def _greet(self, sock: socket.socket, place: Place) -> None:
        """Make the connection, with its handshake where there is TLS; from then on the protocol has it."""
        sock.setblocking(False)
        waits = {"ssl_handshake_timeout": HANDSHAKE_TIMEOUT_S, "ssl_shutdown_timeout": SHUTDOWN_TIMEOUT_S}
        try:
            # asyncio does so for sockets that say their protocol, which accepted ones do not. Without it the body of an
            # answer waits until the client has acknowledged its head, some 40 ms.
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await self._loop.connect_accepted_socket(
                lambda: self._protocol(place), sock, ssl=self._tls, **(waits if self._tls else {})
            )
        except (OSError, asyncio.CancelledError) as fault:  # ssl.SSLError and TimeoutError are OSErrors
            _log.info("handshake-failed", error=type(fault).__name__)
            self._connections.leave(place)
            sock.close()


def bound_sockets(host: str, port: int, backlog: int) -> Sequence[socket.socket]:
    """Listening sockets for every address of `host`. Raises OSError."""
    found = dict.fromkeys(
        (family, address)
        for family, _, _, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    )
    made: list[socket.socket] = []
    try:
        for family, address in found:
            made.append(socket.create_server(address[:2], family=family, backlog=backlog))
    except OSError:
        for each in made:
            each.close()
        raise
    return made
