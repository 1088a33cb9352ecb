"""`simojo-conformance`: the harness and the simulated agencies on the command line."""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from uuid import uuid4

import typer

from conformance.peers.peer import Surroundings
from gateway.domain.errors import GatewayError

EXIT_MISCONFIGURED = 2

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Simulated agencies for the SIMOJO gateway.")


@app.callback()
def _commands() -> None:
    """Keep `serve` a command of its own, beside those that will follow."""


@app.command()
def serve(
    agency: Annotated[str, typer.Argument(help="dukcapil, dpupr, bank, oss, sms or satpolpp")],
    home: Annotated[Path, typer.Option(help="the agency's folder, with config.json in it")],
    host: Annotated[str, typer.Option(help="the address to listen on")] = "127.0.0.1",
    port: Annotated[int | None, typer.Option(help="the port to listen on, in the place of config.json's")] = None,
    *,
    stay: Annotated[bool, typer.Option("--stay", help="go on when stdin ends (for a person in a terminal)")] = False,
) -> None:
    """Run one simulated agency until its parent closes stdin, or until SIGTERM."""
    from conformance.peers.process import serve as serve_peer

    if not host.startswith("127.") and host != "localhost":
        print("warning: a simulated agency signs whatever it is asked to; keep it on loopback", file=sys.stderr)
    surroundings = Surroundings(clock=lambda: datetime.now(UTC), elapsed=time.monotonic, new_id=lambda: str(uuid4()))
    try:
        serve_peer(agency, home.resolve(), surroundings, host=host, port=port, until_stdin_ends=not stay)
    except GatewayError as fault:
        print(f"simojo-conformance: {fault.text}", file=sys.stderr)
        raise typer.Exit(EXIT_MISCONFIGURED) from fault


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
