"""Adapters as `simojo adapter new --package` writes them, imported as they are: one of each model and transport."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

from gateway.cli.skeleton.choice import Choice, Model, chosen
from gateway.cli.skeleton.pages import pages_of
from gateway.cli.skeleton.writing import write
from gateway.contract.adapter import Adapter, AgencyKind
from gateway.contract.message import Transport

TRANSPORTS = tuple(Transport)


def choice_of(
    model: Model, transport: Transport, *, agency: str = "contoh", serves: str | None = None, apart: bool = True
) -> Choice:
    """What a newcomer chooses, the rest left to the command."""
    return chosen(
        agency=agency,
        name=None,
        kind=AgencyKind.HORIZONTAL,
        model=model,
        transport=transport,
        interaction=None,
        serves=serves,
        year=2026,
        apart=apart,
    )


def written(folder: Path, choice: Choice) -> Adapter:
    """The adapter of a skeleton below `folder`. Its package is left importable: schemas and agreement lie in it."""
    write(folder, pages_of(choice))
    sys.path.insert(0, str(folder))
    try:
        importlib.invalidate_caches()
        for name in (choice.package, f"{choice.package}.mapping"):  # another folder may have had one of that name
            sys.modules.pop(name, None)
        adapter = importlib.import_module(choice.package).ADAPTER
    finally:
        sys.path.remove(str(folder))
    assert isinstance(adapter, Adapter)
    return adapter
