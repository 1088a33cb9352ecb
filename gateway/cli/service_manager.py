"""Telling the service manager how a process stands (systemd's `Type=notify`; see sd_notify(3)).

A datagram to the socket that it names in NOTIFY_SOCKET. Where nobody named one, nobody is told.
"""

from __future__ import annotations

import os
import socket
from contextlib import suppress


def tell(state: str) -> None:
    """Say `READY=1` or `STOPPING=1`. A service manager that does not listen is no reason to fail."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        # a name that begins with @ is in the abstract namespace, which begins with a zero byte
        channel.connect("\0" + address[1:] if address.startswith("@") else address)
        channel.sendall(state.encode())
