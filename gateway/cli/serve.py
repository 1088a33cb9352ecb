"""`simojo serve`: the hub."""

from __future__ import annotations

import signal
from contextlib import ExitStack
from typing import Annotated

import typer

from gateway.app import Gateway
from gateway.cli.lifetime import die_by, end_with_stdin, live, log_as_told
from gateway.edge.server.serving import Serving, listen, tls_context
from gateway.machine import keep_memory_together
from gateway.settings import Settings, load_settings


def serve(
    until_stdin_ends: Annotated[
        bool, typer.Option("--until-stdin-ends", help="Also end when whoever started it is gone.")
    ] = False,
    no_delivery: Annotated[
        bool, typer.Option("--no-delivery", help="Deliver nothing here: workers do (the same as SIMOJO_WORKERS=0).")
    ] = False,
) -> None:
    """Run the hub: web application, delivery threads, ledger integrator, timers. Ends on SIGTERM or Ctrl-C.

    What is under way is finished first: exit code 0; 3 when it was not within SIMOJO_STOP_WITHIN_S. A second signal
    ends at once. Settings come from SIMOJO_* (see README).
    """
    keep_memory_together()
    settings = load_settings()
    if no_delivery:
        settings = settings.model_copy(update={"workers": 0})
    log_as_told(settings)
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, die_by)
    serving = _serving(settings)
    tls_context(serving)  # refused before anything is opened
    with ExitStack() as stack:
        sockets = [stack.enter_context(each) for each in listen(serving)]
        gateway = Gateway(settings)
        if until_stdin_ends:
            end_with_stdin()
        live(gateway, gateway.api, serving, sockets, gateway.proxies)


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
