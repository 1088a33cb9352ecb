"""Being told by the server that another process has made something to deliver.

A connection of its own listens; what it hears is only "look". Nothing depends on it: a notification that is lost, while
the connection is down or the server restarts, leaves a delivery in the store, where the next look of those who deliver
finds it. So a broken connection is made anew when it can be, and every new one begins with a look.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog
from sqlalchemy import Engine

from gateway.store.engine import connect_alone

CHANNEL = "simojo_delivery"
"""Notified by every commit that leaves something to deliver."""

PATIENCE_S = 0.5
"""How long one wait for a word lasts, and so how long an end may take."""

AGAIN_S = 2.0
"""After so long a connection is tried again that could not be made."""

_log = structlog.get_logger("simojo.listening")


class Listening:
    """Calls `wake` when something may be due, from `start` to `stop`."""

    def __init__(self, engine: Engine, wake: Callable[[], None]) -> None:
        self._engine = engine
        self._wake = wake
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="listening", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, within `PATIENCE_S` or what a connection takes to be made."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        import psycopg

        is_heard = True
        while not self._stopping.is_set():
            try:
                with connect_alone(self._engine, "simojo listening", idle_session_timeout="0") as connection:
                    connection.execute(f"LISTEN {CHANNEL}".encode())
                    if not is_heard:
                        _log.info("listening-again")
                    is_heard = True
                    self._wake()  # what was said before may have been said to nobody
                    while not self._stopping.is_set():
                        for _ in connection.notifies(timeout=PATIENCE_S, stop_after=1):
                            self._wake()
            except psycopg.Error as error:
                if is_heard:
                    _log.warning("not-listening", error=type(error).__name__)
                is_heard = False
                self._stopping.wait(AGAIN_S)
