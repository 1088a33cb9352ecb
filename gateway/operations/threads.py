"""Work that goes on beside the requests, each kind in a thread of its own, woken when there is something to do."""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog
from sqlalchemy.exc import SQLAlchemyError

from gateway.domain.errors import GatewayError

_log = structlog.get_logger("simojo.threads")


class Loop:
    """Calls `work` again and again: at once while it says that there is more, else after `interval_s` or a wake-up.

    A failure of ours or of the store is logged and the loop goes on after its interval; the work it did not do is
    still in the store.
    """

    def __init__(self, name: str, work: Callable[[], bool], interval_s: float) -> None:
        self._name = name
        self._work = work
        self._interval_s = interval_s
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def wake(self) -> None:
        """Look at once."""
        self._wake.set()

    def stop(self) -> None:
        """Finish what is under way, then end."""
        self._stop.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            self._wake.clear()
            try:
                more = self._work()
            except (GatewayError, SQLAlchemyError, OSError) as error:
                code = error.code if isinstance(error, GatewayError) else type(error).__name__
                _log.error("loop-failed", loop=self._name, code=code, error=str(error)[:500])
                more = False
            if not more:
                self._wake.wait(self._interval_s)
