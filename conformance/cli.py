"""`simojo-conformance`: the harness and the simulated agencies on the command line."""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from uuid import uuid4

import typer

from conformance.peers.config import SECRETS
from conformance.peers.peer import Surroundings
from gateway.domain.errors import GatewayError

EXIT_MISCONFIGURED = 2

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Simulated agencies for the SIMOJO gateway.")


@app.callback()
def _commands() -> None:
    """Keep `serve` a command of its own, beside those that will follow."""


@app.command()
def serve(
    agency: Annotated[
        str, typer.Argument(help=f"one of {', '.join(SECRETS)}, or any agency whose adapter is installed")
    ],
    home: Annotated[Path, typer.Option(help="the agency's folder, with config.json in it")],
    host: Annotated[str, typer.Option(help="the address to listen on")] = "127.0.0.1",
    port: Annotated[int | None, typer.Option(help="the port to listen on, in the place of config.json's")] = None,
    *,
    hub: Annotated[
        str | None, typer.Option(help="the hub's URL: makes the folder, key and certificate that are not there")
    ] = None,
    hub_certificate: Annotated[Path | None, typer.Option(help="with --hub: the hub's certificate, PEM")] = None,
    adapter: Annotated[
        str | None, typer.Option(help="module:NAME of the adapter whose agreement is played, if not the installed one")
    ] = None,
    stay: Annotated[bool, typer.Option("--stay", help="go on when stdin ends (for a person in a terminal)")] = False,
) -> None:
    """Run one simulated agency until its parent closes stdin, or until SIGTERM."""
    from conformance.peers.config import make_config
    from conformance.peers.process import serve as serve_peer

    if not host.startswith("127.") and host != "localhost":
        print("warning: a simulated agency signs whatever it is asked to; keep it on loopback", file=sys.stderr)
    surroundings = Surroundings(clock=lambda: datetime.now(UTC), elapsed=time.monotonic, new_id=lambda: str(uuid4()))
    try:
        if hub is not None and hub_certificate is not None:
            make_config(home, agency, hub=hub, hub_certificate=hub_certificate, port=port or 0)
        serve_peer(
            agency,
            home.resolve(),
            surroundings,
            host=host,
            port=port,
            until_stdin_ends=not stay,
            adapter=adapter,
        )
    except GatewayError as fault:
        print(f"simojo-conformance: {fault.text}", file=sys.stderr)
        raise typer.Exit(EXIT_MISCONFIGURED) from fault


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
