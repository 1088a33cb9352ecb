"""`simojo serve`: the hub."""

from __future__ import annotations

import logging
import sys

import structlog
import uvicorn

from gateway.app import Gateway
from gateway.settings import load_settings


def serve() -> None:
    """Run the hub: web application, delivery threads, ledger integrator, timers. Ends on SIGTERM or Ctrl-C.

    What is under way is finished first. Settings come from SIMOJO_* (see README).
    """
    settings = load_settings()
    logging.basicConfig(level=settings.log_level, stream=sys.stderr, format="%(message)s")
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[settings.log_level]),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
    )
    gateway = Gateway(settings)
    gateway.start()
    try:
        uvicorn.run(
            gateway.api,
            host=settings.host,
            port=settings.port,
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=20,
        )
    finally:
        gateway.stop()
