"""`simojo witness`: who co-signs the ledger's checkpoints."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from gateway.app import Store
from gateway.cli.opening import By, opened
from gateway.domain.calendar import JAKARTA
from gateway.machine import now
from gateway.operations.witnesses import INTERVAL_S, Proposal, WitnessDeeds, witness_warnings
from gateway.store.reads.witnesses import ACTIVE
from gateway.store.tables import WitnessRow

app = typer.Typer(no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="the witness's name, as in its verifier key")]


@app.command("list")
def list_() -> None:
    """List the witnesses: state, largest checkpoint that they co-signed, when they were last heard of, key."""
    with opened() as store:
        rows = store.reader.witnesses()
        for row in rows:
            where = row.url or "comes by itself"
            print(f"{row.name:40} {row.state:9} {row.size:>10} {_moment(row.seen_at)}  {where}  {row.verifier}")
    if not rows:
        print("no witness is registered")


@app.command()
def add(
    verifier: Annotated[str, typer.Argument(help="its verifier key: name+key id+base64, as its program prints it")],
    by: By,
    url: Annotated[str | None, typer.Option(help="where it takes checkpoints; unset: it comes to fetch them")] = None,
    agency: Annotated[str | None, typer.Option(help="whose witness it is, if an agency's")] = None,
    interval: Annotated[
        int, typer.Option(help="seconds within which it is to be heard of, as agreed with who runs it")
    ] = INTERVAL_S,
) -> None:
    """Propose a witness; another member of staff approves it."""
    with opened() as store:
        proposal = Proposal(verifier=verifier, url=url, agency=agency, interval_s=interval)
        name = _deeds(store).propose(proposal, by)
    print(f"witness {name} is proposed by {by}; another approves it: simojo witness approve {name} --by <staff>")


@app.command()
def approve(name: Name, by: By) -> None:
    """Take a witness that somebody else proposed: from now on it is asked, and missed when it is silent."""
    with opened() as store:
        _deeds(store).approve(name, by)
    print(f"witness {name} is active")


@app.command()
def remove(name: Name, by: By) -> None:
    """Ask a witness no more. Its name is not used again: a new key gets a new one."""
    with opened() as store:
        _deeds(store).remove(name, by)
    print(f"witness {name} is removed; what it has co-signed stays true")


@app.command()
def status() -> None:
    """Say how the active witnesses stand; exit 1 when one refuses or is silent for longer than agreed."""
    with opened() as store:
        size = store.reader.tree_size()
        active = [row for row in store.reader.witnesses() if row.state == ACTIVE]
        warnings = witness_warnings(store.reader, now())
    print(f"the ledger has {size} leaves; {len(active)} witnesses are active")
    for row in active:
        print(_standing(row))
    for each in warnings:
        print(f"warning: {each}")
    if warnings:
        raise typer.Exit(1)


def _standing(row: WitnessRow) -> str:
    trouble = f"; the last call: {row.trouble}" if row.trouble else ""
    return f"{row.name}: co-signed {row.size} leaves, last heard of {_moment(row.seen_at)}{trouble}"


def _moment(at: datetime | None) -> str:
    return "never               " if at is None else f"{at.astimezone(JAKARTA):%Y-%m-%d %H:%M:%S} WIB"


def _deeds(store: Store) -> WitnessDeeds:
    return WitnessDeeds(
        reader=store.reader,
        unit_of_work=store.unit_of_work,
        leaves=store.leaves,
        clock=now,
        production=store.settings.is_production,
    )
