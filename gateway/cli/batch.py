"""`simojo batch`: files of records that agencies sent, how far they are, and what became of their records."""

from __future__ import annotations

import json
import time
from datetime import datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from gateway.app import Store
from gateway.cli.opening import ACTOR, opened
from gateway.domain.calendar import JAKARTA
from gateway.edge.admin.views import batch_view
from gateway.exchange.batch.aside import PutAside
from gateway.exchange.batch.cancelling import Cancelling, unknown_batch
from gateway.exchange.batch.documents import ENDED
from gateway.machine import now
from gateway.store.tables import BatchRow

app = typer.Typer(no_args_is_help=True)

LOOK_S = 0.5

AsJson = Annotated[bool, typer.Option("--json", help="one JSON object on standard output")]
Batch = Annotated[str, typer.Argument(help="its id")]


@app.command("list")
def list_(
    agency: Annotated[str | None, typer.Option(help="only of this agency")] = None,
    interaction: Annotated[str | None, typer.Option(help="only of this interaction")] = None,
    state: Annotated[str | None, typer.Option(help="only in this state, such as reading or completed")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="no more than that")] = 50,
    as_json: AsJson = False,
) -> None:
    """List batches, the newest first."""
    with opened() as store:
        rows = store.reader.batches(limit, agency=agency, state=state, interaction=interaction)
    if as_json:
        print(json.dumps({"batches": [batch_view(each) for each in rows]}))
        return
    for row in rows:
        print(_line(row))
    if not rows:
        print("no such batch")


@app.command()
def show(
    batch: Batch,
    follow: Annotated[bool, typer.Option("--follow", help="stay, with a bar, until it has ended")] = False,
    as_json: AsJson = False,
) -> None:
    """Show one batch: how far it is, the account of its records, and those that are tried again."""
    with opened() as store:
        row = _known(store, batch)
        if follow:
            row = _followed(store, row)
        held = store.reader.held_records(batch)
    if as_json:
        aside = [{"number": each.number, "tries": each.tries, "cause": each.cause} for each in held]
        print(json.dumps({**batch_view(row), "putAside": aside}))
        return
    print(_line(row))
    print(f"  {row.format}, {row.received} of {row.size} bytes, under {row.agreement} {row.agreement_version}")
    print(f"  {row.accepted} accepted, {row.declined} declined, {row.invalid} invalid, {row.failed} failed")
    for each in held:
        print(f"  record {each.number} is tried again {_at(each.due_at)}, {each.tries} tries so far: {each.cause}")


@app.command()
def cancel(batch: Batch, reason: Annotated[str, typer.Option(help="why; the agency is told")]) -> None:
    """End a batch: what was done stands, what is put aside is given up, and the rest stays unread."""
    with opened() as store:
        Cancelling(store.reader, store.unit_of_work, store.leaves, now).cancel(batch, reason, ACTOR)
    print(f"batch {batch} is being closed")


@app.command()
def redrive(batch: Batch) -> None:
    """Try all records that are put aside again now: after the adapter that could not take them was mended."""
    with opened() as store:
        count = PutAside(store.reader, store.unit_of_work, store.leaves, now).redrive(batch, ACTOR)
    print(f"{count} records of batch {batch} are tried again")


@app.command("give-up")
def give_up(batch: Batch, reason: Annotated[str, typer.Option(help="why; the agency is told")]) -> None:
    """Let all records that are put aside fail; the batch can end then."""
    with opened() as store:
        count = PutAside(store.reader, store.unit_of_work, store.leaves, now).give_up(batch, reason, ACTOR)
    print(f"{count} records of batch {batch} are given up")


# --- within -----------------------------------------------------------------------------------------------------------


def _known(store: Store, batch: str) -> BatchRow:
    row = store.reader.batch(batch)
    if row is None:
        raise unknown_batch(batch)
    return row


def _followed(store: Store, row: BatchRow) -> BatchRow:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(row.state, total=1)
        while row.state not in ENDED:
            is_coming = row.state == "uploading"
            done, total = (row.received, row.size) if is_coming else (row.read, max(row.records, row.read))
            progress.update(task, description=row.state, completed=done, total=total)
            time.sleep(LOOK_S)
            row = _known(store, row.id)
    return row


def _line(row: BatchRow) -> str:
    cause = f"  {row.cause}" if row.cause else ""
    return (
        f"{row.id}  {row.state:9} {row.agency}/{row.interaction} {row.name}  made {_at(row.made_at)}"
        f"  {row.read} of {row.records} records{cause}"
    )


def _at(at: datetime) -> str:
    return f"{at.astimezone(JAKARTA):%Y-%m-%d %H:%M:%S} WIB"
