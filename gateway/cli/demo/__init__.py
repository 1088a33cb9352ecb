"""`simojo demo`: one permit from application to signed document, and one that is refused, over real SOAP and REST.

With `--all`: cases that between them need every agency and every interaction model, and an account of them.

stage.py      the data folder: keys, staff, agreements, agencies' folders; made once, found again
processes.py  the hub and the simulated agencies, each a process of its own
office.py     what the officers do, through the hub's own API
plots.py      who applies for what, how agencies judge it, and what goes wrong on the way
journey.py    the steps of a case, each decided by how the case stands: a demo that was ended goes on from there
files.py      the files of records at the end of the day
account.py    what came of it with each agency in each model, from the store
screen.py     what is printed
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def demo(
    leave: Annotated[bool, typer.Option("--exit", help="End afterwards; else the console stays open.")] = False,
    everybody: Annotated[
        bool,
        typer.Option("--all", help="Cases that need every agency and every interaction model; an account at the end."),
    ] = False,
    home: Annotated[Path, typer.Option(help="Where the demo keeps its data; delete it to begin anew.")] = Path(".demo"),
) -> None:
    """Play a permit: a hub on SQLite, simulated agencies, real signatures, and the ledger verified at the end."""
    from gateway.cli.demo.play import play

    play(home.resolve(), leave=leave, everybody=everybody)
