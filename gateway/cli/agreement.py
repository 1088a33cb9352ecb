"""`simojo agreement`: agreement files into the store, and into force."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.opening import ACTOR, opened
from gateway.contract.adapter import Adapter
from gateway.domain.errors import Misconfigured, Refused
from gateway.exchange.checking import check_agreement
from gateway.exchange.plugins import load_adapters
from gateway.operations.registry import require_known
from gateway.validation.agreement_file import agreement_of, read_agreement
from gateway.validation.library import SchemaLibrary, default_roots

app = typer.Typer(no_args_is_help=True)


@app.command("list")
def list_() -> None:
    """List the kept agreements with their states and hashes."""
    with opened() as store:
        for row in store.reader.agreements():
            print(f"{row.id:20} {row.version:8} {row.agency:12} {row.state:10} {row.hash}")


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
    found = check_agreement(adapter, agreement, SchemaLibrary(default_roots(adapters.values())))
    for each in found:
        print(each)
    if found:
        raise typer.Exit(1)
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
    agreement: Annotated[str, typer.Argument(help="its id")],
    version: Annotated[str, typer.Argument(help="its version")],
    development: Annotated[bool, typer.Option("--development", help="without conformance run and second person")],
) -> None:
    """Put an agreement into force. This version knows the development kind alone; production mode refuses it."""
    if not development:
        print("this version activates for development alone: add --development")
        raise typer.Exit(2)
    with opened() as store:
        store.registry.activate_for_development(agreement, version, ACTOR)
    print(f"{agreement} {version} is active, for development")
