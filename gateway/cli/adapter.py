"""`simojo adapter`: a new agency's adapter, from its skeleton to its first exchange."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.skeleton.choice import INTERACTIONS, SERVABLE, SERVES, Choice, Model, chosen
from gateway.cli.skeleton.pages import pages_of
from gateway.cli.skeleton.writing import project_with, write
from gateway.contract.adapter import AgencyKind
from gateway.contract.message import Transport
from gateway.domain.calendar import local_date
from gateway.domain.errors import Refused
from gateway.exchange.examining import Report, examine
from gateway.exchange.plugins import load_adapters
from gateway.machine import now
from gateway.operations.registry import require_known
from gateway.validation.library import SchemaLibrary, default_roots

app = typer.Typer(no_args_is_help=True)

_DEFAULTS = ", ".join(f"{name} for a {model}" for model, name in SERVES.items())
_NAMED = ", ".join(f"{name} for a {model}" for model, name in INTERACTIONS.items())


@app.command("new")
def new(
    agency: Annotated[str, typer.Argument(help="the agency's short id: small letters, digits and -, such as dinsos")],
    model: Annotated[Model, typer.Option(help="the interaction model of its first interaction (Pasal 21(2)c.1)")],
    transport: Annotated[Transport, typer.Option(help="how it travels; both sides sign, whichever it is")],
    kind: Annotated[
        AgencyKind, typer.Option(help="city dinas, or central government, bank and the like (Pasal 4(3)b)")
    ] = AgencyKind.HORIZONTAL,
    name: Annotated[str | None, typer.Option(help='its full name, such as "Dinas Sosial Kota Mojokerto"')] = None,
    interaction: Annotated[
        str | None, typer.Option(help=f"what the interaction is called; else {_NAMED}", show_default=False)
    ] = None,
    serves: Annotated[
        str | None,
        typer.Option(
            help=f"which need of a case it serves, where the hub speaks first: {', '.join(SERVABLE)}; else {_DEFAULTS}",
            show_default=False,
        ),
    ] = None,
    into: Annotated[
        Path | None, typer.Option(help="the folder; else this one, or simojo-adapter-AGENCY for a package of its own")
    ] = None,
    package: Annotated[
        bool, typer.Option("--package", help="as a distribution of its own, for an agency's vendor")
    ] = False,
) -> None:
    """Write a complete skeleton that passes its checks: adapter, schemas, examples, agreement, guide for technicians.

    Nothing that is there is written over, and when something goes wrong nothing stays.
    """
    choice = chosen(
        agency=agency,
        name=name,
        kind=kind,
        model=model,
        transport=transport,
        interaction=interaction,
        serves=serves,
        year=local_date(now()).year,
        apart=package,
    )
    installed = load_adapters().get(agency)
    if installed is not None:
        raise Refused(
            f"agency {agency} has an adapter already, {installed.package}: add the interaction there, or choose "
            "another id",
            code="adapter-duplicate",
        )
    folder = into or Path(f"simojo-adapter-{agency}" if package else ".")
    pages = pages_of(choice)
    write(folder, pages, None if package else project_with(choice, folder))
    for page in pages:
        print(folder / page)
    print()
    print(_next(choice, folder))


def _next(choice: Choice, folder: Path) -> str:
    where = f"{folder}/" if choice.apart else "."
    entry = "" if choice.apart else f"The entry point stands in {folder / 'pyproject.toml'}.\n"
    return (
        f"{entry}Next: pip install --no-deps --no-build-isolation --editable {where}\n"
        f"      simojo adapter check {choice.agency}\n"
        "then fill in what is marked ISI / FILL IN; docs/add-an-agency.md goes on from there."
    )


@app.command("check")
def check(
    agency: Annotated[str | None, typer.Argument(help="one agency; else all that are installed")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="as JSON, for programs")] = False,
) -> None:
    """Hold an adapter against its agreement and schemas, and try its mappings with a sample case and the examples.

    Its modules are read too: short, and nothing but computing.

    Needs no store and no keys. Exit code 1 when something was found, each with what to do about it; 0 when nothing was.
    """
    adapters = load_adapters()
    if agency is not None:
        adapters = {agency: require_known(adapters.get(agency), agency)}
    library = SchemaLibrary(default_roots(adapters.values()))
    reports = [examine(adapter, library) for adapter in adapters.values()]
    if as_json:
        print(json.dumps({"ok": all(each.is_well for each in reports), "adapters": [asdict(each) for each in reports]}))
    else:
        for report in reports:
            _print(report)
    if not all(each.is_well for each in reports):
        raise typer.Exit(1)


def _print(report: Report) -> None:
    print(f"{report.agency}: {'well' if report.is_well else 'something is wrong'}")
    for said in report.findings:
        print(f"  {said}")
    for each in report.interactions:
        state = "something is wrong" if each.findings else "well"
        print(f"  {each.agreement} {each.name} ({each.model}, {each.transport}): {state}")
        for said in each.findings:
            print(f"    {said}")
