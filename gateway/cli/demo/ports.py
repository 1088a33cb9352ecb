"""Ports that nobody else gets while a demo runs: each is bound here, and listened at by a process of the demo.

A socket that is bound and does not listen keeps the system from giving its port away, and lets another socket listen
there as long as both say SO_REUSEADDR. It is closed with this process, however that ends.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from typing import Self

from gateway.domain.errors import Misconfigured

LOOPBACK = "127.0.0.1"


class HeldPorts:
    """The ports of the last time where they are free, others else: hub and agencies remember each other's."""

    def __init__(self, names: Iterable[str], kept: Mapping[str, int]) -> None:
        self._sockets = ExitStack()
        self.numbers: Mapping[str, int] = {name: self._hold(kept.get(name, 0)) for name in names}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._sockets.close()

    def _hold(self, wanted: int) -> int:
        """Bind the wanted port, or any. Raises Misconfigured `port-taken` when there is none."""
        for port in dict.fromkeys((wanted, 0)):
            held = socket.socket()
            try:
                if port:  # a port of the last time may still have connections that are ending
                    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                held.bind((LOOPBACK, port))
                held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            except OSError:
                held.close()
                continue
            self._sockets.enter_context(held)
            return int(held.getsockname()[1])
        raise Misconfigured(f"no port of {LOOPBACK} is free: end some programs", code="port-taken")
