"""`simojo case`: the rules of Pasal 11(3) to 18 as a diagram or a table."""

from __future__ import annotations

import typer

from gateway.domain.lifecycle import diagram as draw
from gateway.domain.lifecycle import table as write

app = typer.Typer(no_args_is_help=True)


@app.command()
def diagram() -> None:
    """Draw the life of a case as a Mermaid state diagram."""
    print(draw(), end="")


@app.command()
def table() -> None:
    """Print every allowed step with its conditions and its Pasal, as Markdown."""
    print(write(), end="")
