"""`simojo ledger`: verify, export, receipts, the key."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from gateway.app import Store, receipts_of
from gateway.app.catalogue import catalogue_of
from gateway.app.identity import hub_key
from gateway.cli.ledger_file import held_of, verify_file
from gateway.cli.ledger_report import DAMAGED, bar, damage_text
from gateway.cli.opening import opened
from gateway.domain.calendar import JAKARTA
from gateway.domain.errors import GatewayError, LedgerBroken, Refused
from gateway.ledger.finding import Finding, explain
from gateway.ledger.verify import Standing
from gateway.operations.ledger_export import export_lines, leaf_lines, verify_store
from gateway.operations.ledger_keys import known_keys

app = typer.Typer(no_args_is_help=True)


@app.command()
def verify(
    file: Annotated[
        Path | None, typer.Argument(help="an export; without it the office's own store is verified")
    ] = None,
    key: Annotated[
        list[str] | None,
        typer.Option(help="a verifier key that you trust, for an export (repeat it after a roll-over)"),
    ] = None,
    held: Annotated[
        list[Path] | None, typer.Option(help="a checkpoint or receipt of an earlier day: tells a rollback or rewrite")
    ] = None,
    with_bytes: Annotated[
        bool, typer.Option("--bytes/--no-bytes", help="whether stored messages still match what leaves commit to")
    ] = True,
) -> None:
    """Derive every hash anew and compare all stored bytes; name the first damage, what it affects and what to do.

    Ends with 0 when the ledger is whole, 1 when it is damaged, 2 when it could not be judged, 3 when an export is
    whole by the keys that it brings itself, for want of --key.
    """
    if file is not None:
        raise typer.Exit(verify_file(file, " ".join(key or []).split(), held or [], parts=with_bytes))
    if key:
        raise typer.BadParameter("the office's own store is judged by its own key: give --key with an export")
    raise typer.Exit(_verify_store(held or [], parts=with_bytes))


def _verify_store(held: list[Path], *, parts: bool) -> int:
    with opened() as store:
        verifiers = store.verifiers
        catalogue = catalogue_of(store.settings)
        known = held_of(held, verifiers)
        standing = Standing()
        try:
            with bar(store.reader.tree_size()) as progress:
                verdict = verify_store(
                    store.reader,
                    store.vault,
                    verifiers,
                    progress,
                    catalogue,
                    held=known,
                    standing=standing,
                    parts=parts,
                )
        except LedgerBroken as damage:
            print(damage_text(damage, _explained(store, damage, standing)))
            return DAMAGED
        ledger = verdict.ledger
        print(f"ledger is whole: {ledger.size} entries, {verdict.pending} waiting for their place")
        print(f"root {ledger.root.hex()}")
        if ledger.parts_erased:
            print(f"{ledger.parts_erased} stored messages and facts are erased, as the ledger says: no damage")
        for each in known:
            print(f"goes on from {each.source}: {each.size} leaves")
        return 0


def _explained(store: Store, damage: LedgerBroken, standing: Standing) -> Finding | None:
    """What the damage affects; None where the store is too damaged to tell."""
    try:
        size = standing.promised or store.reader.tree_size()
        return explain(leaf_lines(store.reader), damage, proven=standing.proven, size=size)
    except GatewayError:
        return None


def _utc(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _wib(at: datetime | None) -> str:
    return "-" if at is None else f"{at.astimezone(JAKARTA):%Y-%m-%d %H:%M:%S} WIB"


@app.command("key")
def key_(
    as_json: Annotated[
        bool, typer.Option("--json", help="one JSON object, with the times, on standard output")
    ] = False,
) -> None:
    """Print the ledger's verifier keys, which judge receipts, checkpoints and exports; the one that signs now first.

    The keys alone are on standard output, a line each, as --key takes them; when each began and ended, beside it.
    """
    with opened() as store:
        keys = known_keys(store.reader, store.verifiers)
    if as_json:
        said = [
            {"verifier": each.verifier, "beganAt": _utc(each.began_at), "endedAt": _utc(each.ended_at)} for each in keys
        ]
        print(json.dumps({"keys": said}, ensure_ascii=False))
        return
    for each in keys:
        print(each.verifier)
        print(f"  signs from {_wib(each.began_at)} until {_wib(each.ended_at)}", file=sys.stderr)


@app.command()
def export(
    file: Annotated[Path | None, typer.Argument(help="where to; standard output without it")] = None,
    *,
    with_parts: Annotated[
        bool,
        typer.Option(
            "--parts/--no-parts",
            help="digests and salts of stored messages; without them for whoever is not to try guesses against them",
        ),
    ] = True,
) -> None:
    """Write the ledger as lines that can be verified elsewhere, with none of the office's database.

    The file is for its owner to read: with the digest and salt of a short message somebody could guess it.
    """
    with opened() as store:
        lines = export_lines(store.reader, store.vault, store.verifiers, parts=with_parts)
        if file is None:
            for line in lines:
                sys.stdout.write(line)
            return
        _write(file, (line.encode() for line in lines))
        print(f"wrote {file}")


@app.command()
def receipt(
    exchange: Annotated[str, typer.Argument(help="the exchange's id")],
    file: Annotated[Path, typer.Argument(help="where to write the receipt")],
) -> None:
    """Write the receipt of an exchange: its leaves, their proofs, the checkpoint, and the salts of its parts.

    The file is for its owner to read: a salt opens a commitment, also after the message was erased.
    """
    with opened() as store:
        row = store.reader.exchange(exchange)
        if row is None:
            raise Refused(f"no exchange {exchange[:64]!r} is known: check the id", code="exchange-unknown")
        _write(file, [receipts_of(store, hub_key(store.settings)).make(row)])
    print(f"wrote {file}")


def _write(path: Path, content: Iterable[bytes]) -> None:
    """Write a file that only its owner reads, whole or not at all; also in the place of one that others could read."""
    part = path.with_suffix(path.suffix + ".part")
    part.unlink(missing_ok=True)  # of a run that was killed, with whatever mode
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as out:
            for each in content:
                out.write(each)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
