"""An agency that comes to its mailbox again and again, in a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable

import httpx2

from gateway.domain.errors import GatewayError

WAIT_S = 10
"""How long a collection waits at the hub for something to lie there: shorter than the time that a call may take."""

PAUSE_S = 2.0
"""After a collection that failed, or that nothing came of at once: the hub had no room to wait in."""


class Collector:
    """Collects until `stopping` is set. `collect` gives how many items there were; `elapsed` is a clock in seconds."""

    def __init__(self, collect: Callable[[], int], *, elapsed: Callable[[], float], stopping: threading.Event) -> None:
        self._collect = collect
        self._elapsed = elapsed
        self._stopping = stopping
        self._thread = threading.Thread(target=self._run, name="collector", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Wait a moment for the end; a collection that waits at the hub ends with its connection."""
        if self._thread.is_alive():
            self._thread.join(PAUSE_S)

    def _run(self) -> None:
        while not self._stopping.is_set():
            began = self._elapsed()
            try:
                if self._collect() == 0 and self._elapsed() - began < PAUSE_S:
                    self._stopping.wait(PAUSE_S)
            except (httpx2.HTTPError, GatewayError, RuntimeError):  # a closed client ends in a RuntimeError
                self._stopping.wait(PAUSE_S)
