"""`simojo serve`: the hub."""

from __future__ import annotations

import ctypes
import logging
import os
import signal
import sys
import threading
from types import FrameType
from typing import Annotated

import structlog
import typer

from gateway.app import Gateway
from gateway.edge.server.serving import Serving, make_server, serve_until_told
from gateway.settings import Settings, load_settings

_M_ARENA_MAX = -8
_ARENAS = 2


def serve(
    until_stdin_ends: Annotated[
        bool, typer.Option("--until-stdin-ends", help="Also end when whoever started it is gone.")
    ] = False,
) -> None:
    """Run the hub: web application, delivery threads, ledger integrator, timers. Ends on SIGTERM or Ctrl-C.

    What is under way is finished first. Settings come from SIMOJO_* (see README).
    """
    _keep_memory_together()
    settings = load_settings()
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
    # uvicorn raises the signal again when it has shut down; the default would end us before the rest is finished
    signal.signal(signal.SIGTERM, _asked_to_end)
    serving = _serving(settings)
    gateway = Gateway(settings)
    server = make_server(gateway.api, serving, gateway.proxies)
    gateway.start()
    if until_stdin_ends:
        threading.Thread(target=_end_with_stdin, name="stdin", daemon=True).start()
    try:
        serve_until_told(server, serving)
    finally:
        gateway.stop()


def _serving(settings: Settings) -> Serving:
    return Serving(
        host=settings.host,
        port=settings.port,
        certificate=settings.tls_certificate_file,
        key=settings.tls_key_file,
        client_ca=settings.tls_client_ca_file,
        max_connections=settings.max_connections,
        max_connections_per_address=settings.max_connections_per_address,
        head_timeout_s=settings.head_timeout_s,
    )


def _keep_memory_together() -> None:
    """Let threads share their memory: the C library gives each an arena of its own, whose free parts others cannot use.

    mallopt(3) of glibc; other C libraries have no arenas to bound.
    """
    if sys.platform == "linux" and (mallopt := getattr(ctypes.CDLL(None), "mallopt", None)) is not None:
        mallopt(_M_ARENA_MAX, _ARENAS)


def _end_with_stdin() -> None:
    """A pipe ends when its other end is gone, killed or not."""
    # the descriptor itself: a buffered reader would hold a lock that the interpreter wants at its end
    while os.read(sys.stdin.fileno(), 4096):
        continue
    os.kill(os.getpid(), signal.SIGTERM)


def _asked_to_end(_signal: int, _frame: FrameType | None) -> None:
    return
