"""The life of a process that stays: from its start until a signal ends it. For `serve` and `worker`.

How it ends, by exit code:

    0               told to end, and everything under way was finished: requests, deliveries, what waited to be written
    2               it could not start: one sentence on stderr says why
    3               told to end, and something was still under way after SIMOJO_STOP_WITHIN_S: nothing is lost, clients
                    send again, and another process takes a delivery up when its lease has run out
    by the signal   a second signal, or one before it was ready (a shell shows 128 and the signal's number)
"""

from __future__ import annotations

import gc
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Sequence
from typing import Any

import structlog

from gateway.app.process import Process
from gateway.cli.service_manager import tell
from gateway.edge.proxies import Proxies
from gateway.edge.server.ending import Ending
from gateway.edge.server.serving import Serving, make_server
from gateway.settings import Settings

UNFINISHED = 3
_COLLECTS = (5000, 20, 20)
LAST_S = 1.0
"""Whatever took the time before: what is left to close has so long."""

_log = structlog.get_logger("simojo.life")


def collect_seldom() -> None:
    """Leave what the process is made of to itself: the collector looks at what came since, and less often.

    Nearly everything of an exchange goes by itself when the exchange is over; looking for what does not cost more than
    a tenth of the processor. Before the first exchange, once everything is put together.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_COLLECTS)


def log_as_told(settings: Settings) -> None:
    """Log JSON lines to stderr, from the level that the settings name."""
    logging.basicConfig(level=settings.log_level, stream=sys.stderr, format="%(message)s")
    logging.getLogger("alembic").setLevel(logging.WARNING)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[settings.log_level]),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
    )


def die_by(number: int, _frame: object = None) -> None:
    """End at once, as the signal does where nobody minds it."""
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


def end_with_stdin() -> None:
    """From now on also end when standard input does: a pipe ends when its other end is gone, killed or not."""

    def wait() -> None:
        # the descriptor itself: a buffered reader would hold a lock that the interpreter wants at its end
        while os.read(sys.stdin.fileno(), 4096):
            continue
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, name="stdin", daemon=True).start()


def live(
    process: Process, api: Any, serving: Serving, sockets: Sequence[socket.socket], proxies: Proxies | None = None
) -> None:
    """Start, answer on `sockets` until a signal comes, end. Exits as the module says; raises what `start` raises."""
    settings = process.settings
    ending = Ending(
        drain_s=settings.drain_s,
        within_s=settings.stop_within_s,
        ready=lambda: _ready(process),
        begun=lambda: _begun(process),
        at_once=die_by,
    )
    server = make_server(api, serving, proxies or Proxies(), ending)
    collect_seldom()
    try:
        process.start()
    except BaseException:
        process.stop(LAST_S)
        raise
    server.run(sockets=list(sockets))
    told_at = time.monotonic() if server.told_at is None else server.told_at
    left = told_at + settings.drain_s + settings.stop_within_s - time.monotonic()
    if process.stop(max(LAST_S, left)) and server.has_finished:
        _log.info("ended", kind=process.KIND, process=os.getpid())
        return
    _log.warning("ended-unfinished", kind=process.KIND, process=os.getpid(), after_s=settings.stop_within_s)
    sys.stderr.flush()
    os._exit(UNFINISHED)  # a thread that is still calling would be waited for


def _ready(process: Process) -> None:
    _log.info("started", kind=process.KIND, process=os.getpid())
    tell("READY=1")


def _begun(process: Process) -> None:
    tell("STOPPING=1")
    _log.info("ending", kind=process.KIND, process=os.getpid())
    process.begin_to_end()
