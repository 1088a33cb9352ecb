"""`simojo batch`: files of records, of agencies and of the office: how far they are, and what became of each record."""

from __future__ import annotations

import json
import sys
import time
from datetime import date, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from gateway.app import Store, reads_of
from gateway.cli.evidence import Look, Looker, Reason, Unmasked
from gateway.cli.opening import ACTOR, opened
from gateway.domain.calendar import JAKARTA
from gateway.domain.errors import Malformed
from gateway.edge.admin.views import batch_view
from gateway.exchange.batch.aside import PutAside
from gateway.exchange.batch.cancelling import Cancelling, unknown_batch
from gateway.exchange.batch.documents import ENDED, OUT, RESULTS, BatchState
from gateway.exchange.batch.lines import masked_result, telling_lines
from gateway.exchange.batch.office.beginning import Beginning, Order, Wanted
from gateway.exchange.batch.pieces import chunks
from gateway.exchange.directory import Directory
from gateway.exchange.plugins import load_adapters
from gateway.machine import new_id, now
from gateway.operations.evidence.reads import RESULT as WHOLE_RESULT
from gateway.store.tables import BatchRow
from gateway.validation.library import SchemaLibrary, default_roots

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
        held, left_out = store.reader.held_records(batch), store.reader.left_out(batch)
        unnamed = store.reader.unnamed(batch)
    if as_json:
        aside = [{"number": each.number, "tries": each.tries, "cause": each.cause} for each in held]
        cases = [{"case": each.case_id, "cause": each.cause} for each in left_out]
        print(json.dumps({**batch_view(row), "putAside": aside, "casesLeftOut": cases, "casesNotNamed": unnamed}))
        return
    print(_line(row))
    print(f"  {row.format}, {row.received} of {row.size} bytes, under {row.agreement} {row.agreement_version}")
    if row.direction == OUT:
        print(f"  the office's own: {row.records} records in it, {row.left_out} cases left out")
    print(f"  {row.accepted} accepted, {row.declined} declined, {row.invalid} invalid, {row.failed} failed")
    for each in held:
        print(f"  record {each.number} is tried again {_at(each.due_at)}, {each.tries} tries so far: {each.cause}")
    for case in left_out:
        print(f"  case {case.case_id} is not in it: {case.cause}")
    for case_id in unnamed:
        print(f"  case {case_id} should have been in it: see its attention (`simojo case show`)")


@app.command()
def result(batch: Batch, *, unmasked: Unmasked = False, reason: Reason = None, by: Looker = None) -> None:
    """Write what became of each record that is done, by its number; personal data is masked unless a reason is given.

    Unmasked it is, byte for byte, what the file's agency reads.
    """
    adapters = load_adapters()
    library = SchemaLibrary(default_roots(adapters.values()))
    with opened() as store:
        row = _known(store, batch)
        why = Look(unmasked, reason, by).unmasking(store)
        if why is None:
            pieces = masked_result(row, store.reader, Directory(store.reader, store.vault, adapters), library)
        else:
            subject = f"exchange/{row.id}"
            reads_of(store).record(actor=why.actor, what=WHOLE_RESULT, subject=subject, reason=why.reason)
            pieces = chunks(store.reader, row.id, RESULTS, row.result_size)
        for piece in pieces:
            sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()


@app.command()
def lines(
    batch: Batch,
    skip: Annotated[int, typer.Option(min=0, help="pass over so many of them")] = 0,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="no more than that")] = 50,
    as_json: AsJson = False,
) -> None:
    """Show the lines of a result of which staff should know: what was declined, is invalid, or differs."""
    adapters = load_adapters()
    library = SchemaLibrary(default_roots(adapters.values()))
    with opened() as store:
        row = _known(store, batch)
        directory = Directory(store.reader, store.vault, adapters)
        found = telling_lines(row, store.reader, directory, library, skip=skip, limit=limit)
    if as_json:
        print(json.dumps({"lines": found}))
        return
    for each in found:
        print("  ".join(str(value) for value in each.values()))
    if not found:
        print("no such line")


@app.command()
def send(
    agency: Annotated[str, typer.Argument(help="to whom")],
    interaction: Annotated[str, typer.Argument(help="the interaction whose file it is")],
    since: Annotated[str | None, typer.Option("--from", help="cases registered from this day on, YYYY-MM-DD")] = None,
    until: Annotated[str | None, typer.Option(help="and until this day, included")] = None,
    service: Annotated[list[str] | None, typer.Option(help="only cases of this service; may be said again")] = None,
    form: Annotated[str | None, typer.Option("--format", help="csv, jsonl or xml; the first that is agreed")] = None,
    name: Annotated[str | None, typer.Option(help="our own id of the file; the batch's, where none is given")] = None,
) -> None:
    """Have a file of the office made and sent: hub or worker do it; `simojo batch show --follow` watches."""
    wanted = Wanted(services=tuple(service or ()), since=_day(since), until=_day(until))
    order = Order(agency=agency, interaction=interaction, wanted=wanted, form=form, name=name)
    with opened() as store:
        batch = _beginning(store).begin(order, ACTOR)
    print(f"batch {batch} is being made")


@app.command()
def resume(batch: Batch) -> None:
    """Let a file of the office that was stopped go on, now that its cause is mended."""
    with opened() as store:
        _beginning(store).resume(batch, ACTOR)
    print(f"batch {batch} goes on")


@app.command()
def cancel(batch: Batch, reason: Annotated[str, typer.Option(help="why; in the report of an agency's file")]) -> None:
    """End a batch: what was done stands, what is put aside is given up, and the rest stays unread."""
    with opened() as store:
        Cancelling(store.reader, store.unit_of_work, store.leaves, store.vault, now).cancel(batch, reason, ACTOR)
    print(f"batch {batch} is being closed")


@app.command()
def redrive(batch: Batch) -> None:
    """Try all records that are put aside again now: after the adapter that could not take them was mended."""
    with opened() as store:
        count = PutAside(store.reader, store.unit_of_work, store.leaves, store.vault, now).redrive(batch, ACTOR)
    print(f"{count} records of batch {batch} are tried again")


@app.command("give-up")
def give_up(batch: Batch, reason: Annotated[str, typer.Option(help="why; the agency is told")]) -> None:
    """Let all records that are put aside fail; the batch can end then."""
    with opened() as store:
        count = PutAside(store.reader, store.unit_of_work, store.leaves, store.vault, now).give_up(batch, reason, ACTOR)
    print(f"{count} records of batch {batch} are given up")


# --- within -----------------------------------------------------------------------------------------------------------


def _beginning(store: Store) -> Beginning:
    return Beginning(
        directory=Directory(store.reader, store.vault, load_adapters()),
        reader=store.reader,
        unit_of_work=store.unit_of_work,
        leaves=store.leaves,
        vault=store.vault,
        clock=now,
        new_id=new_id,
    )


def _day(text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        raise Malformed(f"{text[:20] if text else ''!r} is no day: YYYY-MM-DD", code="period-wrong") from None


def _known(store: Store, batch: str) -> BatchRow:
    row = store.reader.batch(batch)
    if row is None:
        raise unknown_batch(batch)
    return row


def _followed(store: Store, row: BatchRow) -> BatchRow:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(row.state, total=1)
        while row.state not in (*ENDED, BatchState.STOPPED):
            is_coming = row.state in ("uploading", "sending")
            done, total = (row.received, row.size) if is_coming else (row.read, max(row.records, row.read))
            progress.update(task, description=row.state, completed=done, total=total)
            time.sleep(LOOK_S)
            row = _known(store, row.id)
    return row


def _line(row: BatchRow) -> str:
    cause = f"  {row.cause}" if row.cause else ""
    return (
        f"{row.id}  {row.state:9} {'to ' if row.direction == OUT else ''}{row.agency}/{row.interaction} {row.name}"
        f"  made {_at(row.made_at)}"
        f"  {row.read} of {row.records} records{cause}"
    )


def _at(at: datetime) -> str:
    return f"{at.astimezone(JAKARTA):%Y-%m-%d %H:%M:%S} WIB"
