"""Work that goes on beside the requests, each kind in a thread of its own, woken when there is something to do."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable
from types import TracebackType

import structlog
from sqlalchemy.exc import SQLAlchemyError

from gateway.domain.errors import GatewayError

_log = structlog.get_logger("simojo.threads")


class Loop:
    """Calls `work` again and again: at once while it says True (more), else after `interval_s` or a wake-up.

    A failure is logged and the loop goes on after its interval, whatever it was: the work that was not done is still
    in the store, and a thread that ended would be missed by nobody until it is too late.
    """

    def __init__(self, name: str, work: Callable[[], bool | None], interval_s: float) -> None:
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

    def tell_to_end(self) -> None:
        """Begin nothing more; `stop` waits for what is under way."""
        self._stop.set()
        self._wake.set()

    def stop(self) -> None:
        """Finish what is under way, then end."""
        self.tell_to_end()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while True:
            self._wake.clear()
            if self._stop.is_set():  # asked after the clearing: a word to end that came before it is not lost
                return
            more: bool | None = False
            with _Logged(self._name):
                more = self._work()
            if not more:
                self._wake.wait(self._interval_s)


class _Logged:
    """`with _Logged(...)`: an exception is logged and ends there. An unforeseen one is logged with its stack.

    Of an unforeseen exception the text is left out, since it may quote personal data.
    """

    def __init__(self, loop: str) -> None:
        self._loop = loop

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if not isinstance(error, Exception):
            return False
        if isinstance(error, GatewayError | SQLAlchemyError | OSError):
            code = error.code if isinstance(error, GatewayError) else type(error).__name__
            _log.error("loop-failed", loop=self._loop, code=code, error=str(error)[:500])
        else:
            stack = "".join(traceback.format_tb(trace))
            _log.error("loop-failed", loop=self._loop, code=type(error).__name__, stack=stack)
        return True
