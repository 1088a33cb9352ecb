"""Agencies that misbehave, on loopback sockets in threads of their own."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from gateway.domain.errors import AgencyUnavailable
from gateway.transport.errors import NotSent, Stage, Unknown
from gateway.transport.http import HttpClient, OutboundCall

OK = b"HTTP/1.1 200 OK\r\nContent-Type: Application/JSON; charset=utf-8\r\nContent-Length: 2\r\n\r\n{}"
SHORT_S = 0.2
PATIENCE_S = 3.0  # far more than a call of SHORT_S needs on a busy machine, far less than an endless one takes


def received(conn: socket.socket) -> bytes:
    """One request, read to its end."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = conn.recv(65536)
        if not more:
            return data
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(
        (int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-l")), 0
    )
    while len(body) < length:
        body += conn.recv(65536)
    return head + b"\r\n\r\n" + body


class Agency:
    """A server that gives every connection to `behave`, and counts them. `over` is set when the test ends."""

    def __init__(self, behave: Callable[[Agency, socket.socket], None], tls: ssl.SSLContext | None = None) -> None:
        self.behave = behave
        self.tls = tls
        self.connections = 0
        self.requests: list[bytes] = []
        self.over = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.open: list[socket.socket] = []
        self.threads = [threading.Thread(target=self._accept)]
        self.threads[0].start()

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}/receive"

    def _accept(self) -> None:
        while True:
            try:
                conn, _ = self.listener.accept()
            except OSError:
                return
            if self.over.is_set():
                conn.close()
                return
            self.connections += 1
            self.open.append(conn)
            thread = threading.Thread(target=self._serve, args=(conn,))
            self.threads.append(thread)
            thread.start()

    def _serve(self, conn: socket.socket) -> None:
        conn.settimeout(5)
        with conn, contextlib.suppress(OSError):
            if self.tls:
                with self.tls.wrap_socket(conn, server_side=True) as secure:
                    self.open.append(secure)
                    self.behave(self, secure)
            else:
                self.behave(self, conn)

    def close(self) -> None:
        self.over.set()
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            pass
        self.listener.close()
        for conn in self.open:
            with contextlib.suppress(OSError):
                conn.shutdown(socket.SHUT_RDWR)
        for thread in self.threads:
            thread.join(5)


def call(
    url: str, *, body: bytes = b"{}", timeout_s: float = 5.0, most: int = 1000, headers: dict[str, str] | None = None
) -> OutboundCall:
    return OutboundCall(
        method="POST", url=url, headers=headers or {}, body=body, timeout_s=timeout_s, max_reply_bytes=most
    )


def failure(client: HttpClient, sent: OutboundCall) -> AgencyUnavailable:
    begun = time.monotonic()
    with pytest.raises(AgencyUnavailable) as raised:
        client.send(sent)
    assert time.monotonic() - begun < PATIENCE_S
    return raised.value


def told(error: AgencyUnavailable) -> tuple[type, str, Stage]:
    assert isinstance(error, (NotSent, Unknown))
    return type(error), error.code, error.stage


def until_over(server: Any, conn: socket.socket) -> None:
    server.requests.append(received(conn))
    server.over.wait(PATIENCE_S)
