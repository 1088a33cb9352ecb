"""`simojo ledger`: verify, export, receipts, the key."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from gateway.app import receipts_of
from gateway.app.catalogue import catalogue_of
from gateway.app.identity import hub_key
from gateway.cli.opening import opened
from gateway.domain.errors import LedgerBroken, Refused
from gateway.operations.ledger_export import export_lines, verify_store

app = typer.Typer(no_args_is_help=True)


@app.command()
def verify() -> None:
    """Derive every hash anew and compare all stored bytes; exit 1 and name the first damage when one is found."""
    with opened() as store:
        catalogue = catalogue_of(store.settings)
        size = store.reader.tree_size()
        columns = (TextColumn("verifying"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
            task = progress.add_task("leaves", total=size)
            try:
                verdict = verify_store(
                    store.reader,
                    store.vault,
                    store.note_key.verifier,
                    lambda done: progress.update(task, completed=done),
                    catalogue,
                )
            except LedgerBroken as damage:
                progress.stop()
                print(f"ledger is damaged: {damage.text} [{damage.code}]")
                raise typer.Exit(1) from None
        ledger = verdict.ledger
        print(f"ledger is whole: {ledger.size} entries, {verdict.pending} waiting for their place")
        print(f"root {ledger.root.hex()}")


@app.command()
def export(
    file: Annotated[Path | None, typer.Argument(help="where to; standard output without it")] = None,
) -> None:
    """Write the ledger as lines that can be verified elsewhere, with none of the office's database."""
    with opened() as store:
        lines = export_lines(store.reader, store.vault, (store.note_key.verifier,))
        if file is None:
            for line in lines:
                sys.stdout.write(line)
            return
        part = file.with_suffix(file.suffix + ".part")
        with part.open("w", encoding="utf-8") as out:
            for line in lines:
                out.write(line)
        part.replace(file)
        print(f"wrote {file}")


@app.command()
def receipt(
    exchange: Annotated[str, typer.Argument(help="the exchange's id")],
    file: Annotated[Path, typer.Argument(help="where to write the receipt")],
) -> None:
    """Write the receipt of an exchange: its leaves, their proofs, the checkpoint, and the salts of its parts."""
    with opened() as store:
        row = store.reader.exchange(exchange)
        if row is None:
            raise Refused(f"no exchange {exchange[:64]!r} is known: check the id", code="exchange-unknown")
        file.write_bytes(receipts_of(store, hub_key(store.settings)).make(row))
    print(f"wrote {file}")


@app.command()
def key() -> None:
    """Print the verifier key that judges checkpoints and receipts, for agencies' agreements and witnesses."""
    with opened() as store:
        print(store.note_key.verifier.encode())
