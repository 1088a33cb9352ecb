"""`simojo agreement`: agreement files into the store, into force beside each other, and out of it again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from gateway.app import Store
from gateway.cli.opening import ACTOR, opened
from gateway.contract.adapter import Adapter
from gateway.contract.agreement import Agreement, from_canonical
from gateway.contract.comparing import changes
from gateway.domain.calendar import local_date
from gateway.domain.errors import Misconfigured, Refused
from gateway.exchange.checking import check_agreement
from gateway.exchange.directory import Directory
from gateway.exchange.entry import ACTIVE, Entry
from gateway.exchange.plugins import load_adapters
from gateway.machine import now
from gateway.operations.registry import require_known
from gateway.store.tables import AgreementRow
from gateway.validation.agreement_file import agreement_of, read_agreement
from gateway.validation.library import SchemaLibrary, default_roots

app = typer.Typer(no_args_is_help=True)

Id = Annotated[str, typer.Argument(help="its id, such as dpupr-2026")]
Version = Annotated[str, typer.Argument(help="its version, such as 1.1")]
LeaveGap = Annotated[bool, typer.Option("--leave-gap", help="days without any version in force are meant")]


@app.command("list")
def list_() -> None:
    """List the kept agreements with their states, hashes and days; marks the versions that are in force today."""
    today = local_date(now())
    with opened() as store:
        directory = Directory(store.reader, store.vault, load_adapters())
        for row in store.reader.agreements():
            days = _days(row, directory.current(row.agency), today)
            print(f"{row.id:20} {row.version:8} {row.agency:12} {row.state:10} {row.hash}  {days}")


@app.command()
def show(agreement: Id, version: Version) -> None:
    """Show one version: its state and days, and each interaction with its terms."""
    with opened() as store:
        row, said = _kept(store, agreement, version)
        directory = Directory(store.reader, store.vault, load_adapters())
        print(f"{said.id} {said.version} with {said.agency}, number {said.number}: {row.state}")
        print(f"days: {_days(row, directory.current(row.agency), local_date(now()))}")
        print(f"hash: {row.hash}")
        for each in said.interactions:
            print(f"{each.name}: {each.model} over {each.transport} with {each.security}; {', '.join(each.services)}")
            documents = (each.request, each.reply, each.answer, each.result)
            print(f"    {', '.join(document for document in documents if document)}")


@app.command()
def compare(
    agreement: Id,
    version: Version,
    other: Annotated[str, typer.Argument(help="the version that it is compared with, such as 1.1")],
) -> None:
    """Say in sentences what the other version changes."""
    with opened() as store:
        (_, before), (_, after) = (_kept(store, agreement, each) for each in (version, other))
    for sentence in changes(before, after) or ("they say the same",):
        print(sentence)


@app.command("import")
def import_(
    file: Annotated[
        Path | None, typer.Argument(help="agreements/<id>.toml", exists=True, dir_okay=False, show_default=False)
    ] = None,
    agency: Annotated[str | None, typer.Option(help="in place of a file: the one that came with its adapter")] = None,
) -> None:
    """Keep an agreement file as a draft; exit 1 when it and the adapter differ."""
    if (file is None) is (agency is None):
        raise Refused("name a file, or an agency with --agency, and not both", code="agreement-not-named")
    adapters = load_adapters()
    try:
        agreement = read_agreement(file.read_text(encoding="utf-8") if file else _shipped(adapters, agency or ""))
    except UnicodeDecodeError:
        raise Misconfigured(
            f"{file or agency} is not UTF-8 text: save it as UTF-8", code="agreement-malformed"
        ) from None
    adapter = require_known(adapters.get(agreement.agency), agreement.agency)
    _exit_where_different(adapters, agreement)
    with opened() as store:
        hashed = store.registry.import_agreement(agreement, adapter, ACTOR)
    print(f"{agreement.id} {agreement.version} is kept as a draft; both parties sign the hash {hashed}")


def _shipped(adapters: Mapping[str, Adapter], agency: str) -> str:
    adapter = require_known(adapters.get(agency), agency)
    text = agreement_of(adapter)
    if text is None:
        raise Refused(
            f"no agreement {adapter.agreement}.toml came with the adapter of {agency}: give the file",
            code="agreement-unknown",
        )
    return text


@app.command()
def activate(
    agreement: Id,
    version: Version,
    development: Annotated[bool, typer.Option("--development", help="without conformance run and second person")],
    leave_gap: LeaveGap = False,
) -> None:
    """Put a version into force from its first day on, beside those before it; exit 1 when it and the adapter differ.

    This command knows the development kind alone; production mode refuses it.
    """
    if not development:
        print("this version activates for development alone: add --development")
        raise typer.Exit(2)
    with opened() as store:
        _, said = _kept(store, agreement, version)
        adapters = load_adapters()
        require_known(adapters.get(said.agency), said.agency)
        _exit_where_different(adapters, said)
        store.registry.activate_for_development(agreement, version, ACTOR, leave_gap=leave_gap)
    when = "" if said.in_force(local_date(now())) else f"; in force from {said.valid_from} to {said.valid_until}"
    print(f"{agreement} {version} is active, for development{when}")


@app.command()
def end(agreement: Id, version: Version, leave_gap: LeaveGap = False) -> None:
    """End an active version for good; the version before it, if it is active, carries what begins from now on."""
    with opened() as store:
        store.registry.end_agreement(agreement, version, ACTOR, leave_gap=leave_gap)
    print(f"{agreement} {version} is ended; what began under it is concluded under its terms")


def _kept(store: Store, agreement: str, version: str) -> tuple[AgreementRow, Agreement]:
    row = store.reader.agreement(agreement, version)
    if row is None:
        raise Refused(
            f"no agreement {agreement[:64]} {version[:20]} is kept: see `simojo agreement list`",
            code="agreement-unknown",
        )
    return row, from_canonical(row.body)


def _days(row: AgreementRow, entry: Entry, today: date) -> str:
    """From when to when a version is in force, by those that are active beside it."""
    said = from_canonical(row.body)
    last = entry.last_day(said) if row.state == ACTIVE else said.valid_until
    mark = "  in force" if entry.active_agreement(today) == said else ""
    return f"{said.valid_from} to {last}{mark}"


def _exit_where_different(adapters: Mapping[str, Adapter], agreement: Agreement) -> None:
    library = SchemaLibrary(default_roots(adapters.values()))
    found = check_agreement(adapters[agreement.agency], agreement, library)
    for each in found:
        print(each)
    if found:
        raise typer.Exit(1)
