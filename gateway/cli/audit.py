"""`simojo audit`: who looked at what is masked for others (Pasal 10, Pasal 22(1))."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from gateway.app import reads_of
from gateway.cli.opening import opened
from gateway.domain.calendar import JAKARTA
from gateway.edge.admin.views import read_view

app = typer.Typer(no_args_is_help=True)


@app.callback()
def audit() -> None:
    """Who looked at unmasked data, and why."""


@app.command()
def reads(
    subject: Annotated[str | None, typer.Option(help="only of this: exchange/<id> or case/<id>")] = None,
    actor: Annotated[str | None, typer.Option(help="only by them, such as staff/agus")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="no more than that")] = 50,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object on standard output")] = False,
) -> None:
    """List who looked at unmasked data and why, the newest first; each against its leaf (exit 1: one differs)."""
    with opened() as store:
        held = reads_of(store)
        found = [(row, held.stands(row)) for row in store.reader.restricted_reads(limit, None, subject, actor)]
    if as_json:
        print(json.dumps({"reads": [read_view(row, stands=stands) for row, stands in found]}))
    else:
        for row, stands in found:
            differs = "" if stands else "  DIFFERS FROM ITS LEAF"
            at = row.at.astimezone(JAKARTA)
            print(f"{at:%Y-%m-%d %H:%M:%S} WIB  {row.actor}  {row.what} {row.subject}  {row.reason}{differs}")
        if not found:
            print("nobody looked at unmasked data")
    if not all(stands for _, stands in found):
        raise typer.Exit(1)
