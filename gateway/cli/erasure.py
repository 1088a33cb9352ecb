"""`simojo erasure`: a person's data erased (UU 27/2022): one member of staff proposes, another approves."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from gateway.app import Store
from gateway.cli.opening import By, opened
from gateway.domain.calendar import JAKARTA
from gateway.machine import new_id
from gateway.operations.erasing.journal import Journal
from gateway.operations.erasing.knowing import Told
from gateway.operations.erasing.orders import Basis, Order, Orders
from gateway.operations.erasing.views import erasure_details, erasure_view
from gateway.settings import load_settings
from gateway.store.tables import ErasureRow

app = typer.Typer(no_args_is_help=True)

Erasure = Annotated[str, typer.Argument(help="the erasure's id")]
Reason = Annotated[str, typer.Option(help="why, for the record; it may not name the person")]
AsJson = Annotated[bool, typer.Option("--json", help="one JSON object on standard output")]


@app.command()
def propose(
    by: By,
    reason: Reason,
    basis: Annotated[Basis, typer.Option(help="the ground of UU 27/2022 Pasal 43(1)")] = Basis.REQUESTED,
    nik: Annotated[
        str | None, typer.Option(help="whose data, by NIK; - reads it from standard input, where no history keeps it")
    ] = None,
    npwp: Annotated[str | None, typer.Option(help="a firm's, by NPWP; - reads it from standard input")] = None,
    case: Annotated[str | None, typer.Option(help="or by one of their cases")] = None,
    permit_reason: Annotated[
        str | None, typer.Option(help="why a permit that stands is erased too; needed where there is one")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Propose to erase all that is kept of a person; another member of staff approves it.

    Refused while one of their cases has not ended, or something is still to be sent for one.
    """
    order = Order(
        basis=basis, reason=reason, permit_reason=permit_reason, nik=_given(nik), npwp=_given(npwp), case_id=case
    )
    with opened() as store:
        row = _orders(store).propose(order, by)
    if as_json:
        print(json.dumps(erasure_view(row), ensure_ascii=False))
        return
    print(f"erasure {row.id} of {row.cases} cases is proposed by {by}")
    print(f"another member of staff approves it: simojo erasure approve {row.id} --by <staff>")


@app.command()
def approve(erasure: Erasure, by: By, as_json: AsJson = False) -> None:
    """Approve an erasure that somebody else proposed, and do it: there is no way back."""
    with opened() as store, _busy("looking through files of records") as told:
        row = _orders(store).approve(erasure, by, told)
    if as_json:
        print(json.dumps(erasure_view(row), ensure_ascii=False))
    else:
        _tell(row)


@app.command()
def refuse(erasure: Erasure, by: By, reason: Reason, as_json: AsJson = False) -> None:
    """Refuse a proposed erasure, or take back one's own."""
    with opened() as store:
        row = _orders(store).refuse(erasure, reason, by)
    if as_json:
        print(json.dumps(erasure_view(row), ensure_ascii=False))
    else:
        _tell(row)


@app.command("list")
def list_(
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="no more than that")] = 50,
    as_json: AsJson = False,
) -> None:
    """List erasures, the newest first. Nobody is named."""
    with opened() as store:
        rows = store.reader.erasures(limit)
    if as_json:
        print(json.dumps({"erasures": [erasure_view(row) for row in rows]}, ensure_ascii=False))
        return
    for row in rows:
        print(f"{_moment(row.proposed_at)}  {row.id}  {row.state:10} {row.cases:>4} cases  {row.basis}  {row.reason}")
    if not rows:
        print("no erasure was ever proposed")


@app.command()
def show(erasure: Erasure, as_json: AsJson = False) -> None:
    """Show an erasure: its cases, what stands in its way, and the leaves that prove it."""
    with opened() as store:
        details = erasure_details(store.reader, row := _orders(store).known(erasure))
    if as_json:
        print(json.dumps(details, ensure_ascii=False))
        return
    _tell(row)
    for each in details["of"]:
        _tell_case(each)
    for each in details["obstacles"]:
        print(f"  in the way [{each['code']}]: {each['text']}")


@app.command()
def journal(
    accept_loss: Annotated[
        bool, typer.Option("--accept-loss", help="go on without the lines that cannot be read; the ledger tells it")
    ] = False,
    by: Annotated[str | None, typer.Option(help="the id of the member of staff who accepts it")] = None,
    as_json: AsJson = False,
) -> None:
    """Say what the journal of erasures holds, and which lines cannot be read: no hub starts over those.

    Restore the file from its copy first. With --accept-loss what such a line ordered erased stays in a database that
    was restored from before. Exit code 1 while there are such lines.
    """
    if accept_loss and by is None:
        raise typer.BadParameter("say who accepts it: --by <staff>")
    if accept_loss:
        with opened(accept_loss_by=by):
            pass
    file = Journal(load_settings().erasure_journal_file)
    left = file.unreadable()
    if as_json:
        lines = [{"line": each.number, "bytes": len(each.raw), "torn": each.is_torn} for each in left]
        print(json.dumps({"journal": str(file.path), "erasures": len(file.ids()), "unreadable": lines}))
    else:
        print(f"{file.path}: {len(file.ids())} erasures, {len(left)} lines that cannot be read")
        for each in left:
            print(f"  line {each.number}, {len(each.raw)} bytes{', torn' if each.is_torn else ''}: {each.raw[:100]!r}")
    raise typer.Exit(1 if left else 0)


@app.command()
def compact() -> None:
    """Sweep the storage of erasures that are not done since the file is large: it is written anew, and exchanges wait.

    For a quiet hour. The file needs as much free room again while it is written.
    """
    with opened() as store, _busy("sweeping the storage"):
        left = [store.erasing.finish(row.id, even_large=True) for row in store.reader.erasures_under_way()]
    unfinished = sum(state != "done" for state in left)
    print(f"{len(left) - unfinished} erasures are done now; {unfinished} still wait: something else is writing")
    raise typer.Exit(1 if unfinished else 0)


def _orders(store: Store) -> Orders:
    return Orders(store.erasing, new_id)


def _given(number: str | None) -> str | None:
    return sys.stdin.readline().strip() if number == "-" else number


@contextmanager
def _busy(said: str) -> Iterator[Told]:
    """A bar where a person looks on; it only moves where whoever works tells how far it is."""
    console = Console(stderr=True)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(said, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


def _tell(row: ErasureRow) -> None:
    print(f"erasure {row.id}: {row.state}, {row.cases} cases, {row.basis}")
    print(f"  reason    {row.reason}")
    if row.permit_reason:
        print(f"  permit    {row.permit_reason}")
    print(f"  proposed  {_moment(row.proposed_at)} by {row.proposed_by}")
    if row.decided_at is not None:
        why = f": {row.refused_because}" if row.refused_because else ""
        print(f"  decided   {_moment(row.decided_at)} by {row.decided_by}{why}")
    if row.state == "destroyed":
        print("  The keys are gone, and nobody can read the data. The storage is swept by the hub, or now by:")
        print("  simojo erasure compact")


def _tell_case(each: dict[str, Any]) -> None:
    proof = each["erased"]
    place = "" if proof is None else f"  erased, leaf {proof['index'] if proof['index'] is not None else 'waits'}"
    print(f"  case {each['case']}  {each['stage'] or 'no case yet'}{place}")


def _moment(at: datetime) -> str:
    return f"{at.astimezone(JAKARTA):%Y-%m-%d %H:%M:%S} WIB"
