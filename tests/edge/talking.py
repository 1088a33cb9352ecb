"""What is said to the server of `simojo serve` on a socket, and how its answer is read."""

from __future__ import annotations

import json
import socket

from tests.edge.hostile.bed import VALIDITY
from tests.edge.hostile.wire import head

LIVE = head("GET", "/health/live")


def problem(data: bytes) -> tuple[int, str]:
    top, _, body = data.partition(b"\r\n\r\n")
    return int(top.split()[1]), json.loads(body)["code"]


def ended(sock: socket.socket) -> bool:
    """Whether the hub has closed the connection."""
    try:
        return sock.recv(1) == b""
    except ConnectionResetError:
        return True


def post(**headers: str) -> bytes:
    return head("POST", VALIDITY, Content_Type="application/json", **headers)
