"""`simojo demo`: one permit from application to signed document, and one that is refused, over real SOAP and REST.

stage.py      the data folder: keys, staff, agreements, agencies' folders; made once, found again
processes.py  the hub and the simulated agencies, each a process of its own
office.py     what the officers do, through the hub's own API
journey.py    the steps of a case, each decided by how the case stands: a demo that was ended goes on from there
screen.py     what is printed
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def demo(
    leave: Annotated[bool, typer.Option("--exit", help="End afterwards; else the console stays open.")] = False,
    home: Annotated[Path, typer.Option(help="Where the demo keeps its data; delete it to begin anew.")] = Path(".demo"),
) -> None:
    """Play a permit: a hub on SQLite, simulated agencies, real signatures, and the ledger verified at the end."""
    from gateway.cli.demo.play import play

    play(home.resolve(), leave=leave)
