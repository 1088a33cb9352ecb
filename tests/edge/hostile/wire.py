"""HTTP/1.1 by hand over a socket that leaves from a chosen loopback address: nothing keeps an attacker polite."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Iterable
from dataclasses import dataclass

from tests.edge.hostile.bed import code_of

PATIENCE_S = 40.0


@dataclass(frozen=True, kw_only=True)
class Told:
    """What the hub said to an attacker: status 0 when it closed without a word. `took_s` to the last byte."""

    status: int
    code: str
    took_s: float


def connect(port: int, source: str) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S, source_address=(source, 0))


def head(method: str, path: str, **headers: str) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: hub.example"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def post(path: str, body: bytes, content_type: str, **headers: str) -> Iterable[bytes]:
    """A whole request with Content-Length, in pieces."""
    yield head("POST", path, Content_Type=content_type, Content_Length=str(len(body)), **headers)
    for begin in range(0, len(body), 2**18):
        yield body[begin : begin + 2**18]


def talk(port: int, source: str, pieces: Iterable[bytes]) -> Told:
    """Send the pieces until the hub hangs up or they end, then read its answer to the end."""
    begun = time.monotonic()
    try:
        sock = connect(port, source)
    except OSError:
        return Told(status=0, code="", took_s=time.monotonic() - begun)
    with sock:
        with contextlib.suppress(OSError):
            for piece in pieces:
                sock.sendall(piece)
        return told(rest(sock), begun)


def rest(sock: socket.socket) -> bytes:
    """Read one answer: to its Content-Length, or to the end of the connection."""
    data = b""
    with contextlib.suppress(OSError):
        while not _is_whole(data):
            chunk = sock.recv(65536)
            if not chunk:
                break
            data += chunk
    return data


def told(data: bytes, begun: float) -> Told:
    took = time.monotonic() - begun
    top, _, body = data.partition(b"\r\n\r\n")
    if not top.startswith(b"HTTP/1.1 "):
        return Told(status=0, code="", took_s=took)
    headers = {name.strip().lower(): value for name, _, value in (x.partition(b":") for x in top.split(b"\r\n")[1:])}
    kind = headers.get(b"content-type", b"").decode()
    return Told(status=int(top.split(b" ", 2)[1]), code=code_of(body, kind), took_s=took)


def _is_whole(data: bytes) -> bool:
    top, end, body = data.partition(b"\r\n\r\n")
    if not end:
        return False
    for line in top.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return len(body) >= int(line.partition(b":")[2])
    return False
