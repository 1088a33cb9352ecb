"""The `simojo` command without any command in it."""

from __future__ import annotations

from typing import Annotated

import typer

import gateway


def simojo() -> typer.Typer:
    """A command of that name, for commands to be added to."""
    app = typer.Typer(
        name="simojo",
        help="SIMOJO Gateway: data exchange between a licensing office and its agencies.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
    )
    app.callback()(_root)
    return app


def _version(wanted: bool) -> None:
    if wanted:
        print(gateway.__version__)
        raise typer.Exit


def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    """Say what the command is for."""
