"""`simojo reconcile`: lists of agencies held against the record, such as came by mail or on a USB stick."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeRemainingColumn

from gateway.app import Store
from gateway.cli.opening import By, actor_of, opened
from gateway.domain.errors import Malformed
from gateway.machine import new_id, now
from gateway.operations.reconciling.pulse import Step, Told
from gateway.operations.reconciling.results import MEANING, PREVAILS, as_csv, as_json, head_of, known
from gateway.operations.reconciling.running import Reconciling, Wanted
from gateway.operations.reconciling.watching import ReconciliationWatch

app = typer.Typer(no_args_is_help=True)

CHUNK = 64 * 1024

AsJson = Annotated[bool, typer.Option("--json", help="one JSON object on standard output")]


@app.command()
def run(
    agency: Annotated[str, typer.Argument(help="whose list it is")],
    file: Annotated[Path, typer.Argument(help="CSV: message_id,sha256[,answer_sha256][,direction][,at]")],
    by: By,
    since: Annotated[str | None, typer.Option("--from", help="first day in WIB, YYYY-MM-DD")] = None,
    until: Annotated[str | None, typer.Option("--to", help="last day, included")] = None,
    batch: Annotated[
        str | None, typer.Option(help="the id of a file of records, in the place of days: FILE lists its records")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Compare an agency's list with the messages of these days, or with the records of one file.

    SIMOJO's record prevails (Pasal 22(5)). Another officer than --by settles the differences. The list of records has
    the header record,sha256 or key,sha256.
    """
    days = _day(since), _day(until)
    if not file.is_file():
        raise Malformed(f"{file} is no file: give the agency's list", code="list-unreadable")
    with opened() as store, _bar() as told:
        wanted = Wanted(
            agency=agency, first=days[0], last=days[1], source="staff", actor=actor_of(store, by), batch=batch or None
        )
        row = _reconciling(store).run(wanted, _chunks(file), told, file.stat().st_size)
        head = head_of(store.reader, row)
    if as_json:
        print(json.dumps(head, ensure_ascii=False))
        return
    about = f"{head['from']} to {head['to']}" if row.batch is None else f"file of records {row.batch}"
    print(f"reconciliation {row.id} with {row.agency}, {about}")
    for state, meaning in MEANING.items():
        print(f"  {head['counts'][state]:>9}  {state:14} {meaning}")
    print(PREVAILS)
    print(f"simojo reconcile result {row.id} writes every line (--csv for a sheet)")


@app.command("list")
def list_(
    agency: Annotated[str | None, typer.Option(help="only with this agency")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="no more than that")] = 50,
    as_json: AsJson = False,
) -> None:
    """List reconciliations, the newest first."""
    with opened() as store:
        ReconciliationWatch(store.reader, store.unit_of_work, now).run_once()
        heads = [head_of(store.reader, row) for row in store.reader.reconciliations(limit, agency=agency)]
    if as_json:
        print(json.dumps({"reconciliations": heads}, ensure_ascii=False))
        return
    for head in heads:
        print(
            f"{head['id']}  {head['agency']:12} {head['from']} to {head['to']}  {head['state']}"
            f"  {head['differences']} differences, {head['unsettled']} not settled"
        )
        if head["toDo"]:
            print(f"    {head['toDo']}")
    if not heads:
        print("no reconciliation yet")


@app.command()
def result(
    reconciliation: Annotated[str, typer.Argument(help="its id")],
    csv: Annotated[bool, typer.Option("--csv", help="as CSV, not as JSON")] = False,
) -> None:
    """Write the whole result to standard output."""
    with opened() as store:
        row = known(store.reader, reconciliation)
        for piece in (as_csv if csv else as_json)(store.reader, row, now()):
            sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()


def _reconciling(store: Store) -> Reconciling:
    return Reconciling(
        reader=store.reader,
        vault=store.vault,
        unit_of_work=store.unit_of_work,
        leaves=store.leaves,
        clock=now,
        new_id=new_id,
    )


def _chunks(file: Path) -> Iterator[bytes]:
    with file.open("rb") as opened_file:
        while chunk := opened_file.read(CHUNK):
            yield chunk


@contextmanager
def _bar() -> Iterator[Told]:
    """A bar for each step of a run, where a person looks on."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description:10}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        tasks: dict[Step, TaskID] = {}

        def told(step: Step, done: int, total: int) -> None:
            if step not in tasks:
                tasks[step] = progress.add_task(step.value, total=total)
            progress.update(tasks[step], completed=done, total=total)

        yield told


def _day(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Malformed(f"{text[:20]!r} is no day: YYYY-MM-DD", code="period-wrong") from None
