"""`simojo store`: the database itself: what it is, its version, and moving the office to another one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from gateway.app import verifier_of
from gateway.domain.errors import Misconfigured, Tampered
from gateway.machine import now
from gateway.operations.store_copy import Copied, copy_store, name_of
from gateway.operations.store_status import Status, migrate, status_of
from gateway.settings import load_settings
from gateway.store.engine import open_engine
from gateway.store.schema import differences

app = typer.Typer(no_args_is_help=True)

CONNECTIONS = 4
AsJson = Annotated[bool, typer.Option("--json", help="one JSON object on standard output")]
Url = Annotated[str | None, typer.Argument(help="its URL; unset: SIMOJO_DATABASE_URL")]

_STEPS = {"copy": "copying rows", "compare": "comparing rows", "ledger": "verifying leaves", "finish": "finishing"}


@app.command()
def copy(
    first: Annotated[str, typer.Argument(metavar="[FROM_URL] TO_URL", help="from where; unset: SIMOJO_DATABASE_URL")],
    second: Annotated[str | None, typer.Argument(metavar="", help="to where: a new, empty database")] = None,
    as_json: AsJson = False,
    migrate_source: Annotated[
        bool, typer.Option("--migrate-source", help="bring the source to this version's tables first")
    ] = False,
) -> None:
    """Move the office to another database, SQLite to PostgreSQL or back, and verify every row and the whole ledger.

    Stop the hub and all workers first. The source stays as it is. Until all is verified the target is marked, and no
    hub starts on it; a copy that was interrupted is run again, and begins anew. Exit code 1: what arrived is not what
    was sent, or the ledger is damaged. Passwords need not stand in a URL: ~/.pgpass and PGPASSWORD are read too.
    """
    settings = load_settings()
    from_url, to_url = (settings.database_url, first) if second is None else (first, second)
    with _opened(from_url) as source, _opened(to_url) as target, _progress() as progress:
        try:
            copied = copy_store(
                source,
                target,
                at=now(),
                verify=verifier_of(settings),
                progress=progress,
                migrate_source=migrate_source,
            )
        except Tampered as damage:
            print(f"not verified: {damage.text} [{damage.code}]")
            raise typer.Exit(1) from None
        names = name_of(source), name_of(target)
    if as_json:
        print(json.dumps(_said(copied, *names)))
    else:
        _tell(copied, *names)


@app.command()
def status(url: Url = None, as_json: AsJson = False) -> None:
    """Say what the store is and holds: engine, revision, rows, size, last checkpoint. Changes nothing."""
    with _opened(url or load_settings().database_url, there=True) as engine:
        found = status_of(engine)
        name = name_of(engine)
    if as_json:
        print(json.dumps({"store": name, **vars(found)}))
        return
    _tell_status(found, name)


@app.command("migrate")
def migrate_(url: Url = None) -> None:
    """Bring the store to this version's tables, while no hub runs on it. `serve` does the same when it starts.

    There is no way back to an earlier version but a backup from before: make one first.
    """
    with _opened(url or load_settings().database_url) as engine:
        before, after = migrate(engine, name_of(engine))
    if before == after:
        print(f"the store is at revision {after} already: nothing to do")
    else:
        print(f"migrated the store from revision {before or 'none'} to {after}")


@app.command()
def check(url: Url = None) -> None:
    """Compare the store's tables with those of this version; exit 1 and list where they differ. Changes nothing."""
    with _opened(url or load_settings().database_url, there=True) as engine:
        found = differences(engine)
    for each in found:
        print(each)
    if found:
        raise typer.Exit(1)
    print("the tables are those of this version")


# --- opening ------------------------------------------------------------------------------------------------------


@contextmanager
def _opened(url: str, *, there: bool = False) -> Iterator[Engine]:
    """An engine, closed afterwards; `there`: a SQLite file is not made where there is none. Raises Misconfigured."""
    engine = open_engine(url, connections=CONNECTIONS)
    try:
        if there and engine.dialect.name == "sqlite" and not Path(engine.url.database or "").is_file():
            raise Misconfigured(f"there is no store at {name_of(engine)}: see to the path", code="store-not-there")
        yield engine
    except SQLAlchemyError as error:
        said = getattr(error, "orig", None) or error
        raise Misconfigured(f"{name_of(engine)} cannot be read ({said})", code="store-unreachable") from error
    finally:
        engine.dispose()


# --- telling ------------------------------------------------------------------------------------------------------


class _Bar:
    """A bar for each step."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, step: str, done: int, total: int) -> None:
        self._progress.start()  # now: a copy that is refused says one sentence and nothing else
        if step not in self._tasks:
            self._tasks[step] = self._progress.add_task(_STEPS[step], total=total)
        self._progress.update(self._tasks[step], completed=done)


@contextmanager
def _progress() -> Iterator[_Bar]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    progress = Progress(*columns, console=Console(stderr=True), transient=True)
    try:
        yield _Bar(progress)
    finally:
        if progress.live.is_started:
            progress.stop()


def _said(copied: Copied, source: str, target: str) -> dict[str, object]:
    ledger = copied.ledger
    return {
        "source": source,
        "target": target,
        "verified": True,
        "tables": {name: {"rows": rows, "sha256": copied.digests[name]} for name, rows in copied.rows.items()},
        "ledger": {
            "size": ledger.ledger.size,
            "root": ledger.ledger.root.hex(),
            "pending": ledger.pending,
            "checkpoint": copied.checkpoint,
        },
    }


def _tell(copied: Copied, source: str, target: str) -> None:
    table = Table("table", "rows", "sha-256 on both sides", title=f"{source} -> {target}", title_justify="left")
    for name, rows in copied.rows.items():
        table.add_row(name, f"{rows:,}", copied.digests[name][:16])
    Console().print(table)
    ledger = copied.ledger
    print(
        f"verified: {sum(copied.rows.values()):,} rows in {len(copied.rows)} tables;"
        f" ledger of {ledger.ledger.size:,} entries, {ledger.pending} waiting for their place"
    )
    print(f"root {ledger.ledger.root.hex()}")
    print(f"Next: set SIMOJO_DATABASE_URL to {target} (with its password) for hub and workers, and start them.")
    print(
        f"Keep {source} unchanged until the new store has its own verified backup, and start no hub on it:"
        " what is written there from now on is not in the copy."
    )


def _tell_status(found: Status, name: str) -> None:
    print(f"store       {name}")
    print(f"engine      {found.engine}")
    behind = "" if found.revision == found.newest else f", this version's is {found.newest}"
    print(f"revision    {found.revision or 'none'}{behind}")
    print(f"size        {found.size / 2**20:.1f} MiB")
    if found.unfinished is not None:
        print(f"unfinished  copy of {found.unfinished}: run `simojo store copy` again")
    for table, rows in found.rows.items():
        print(f"  {table:24}{rows:>12,}")
    print("checkpoint  none" if found.checkpoint is None else f"checkpoint\n{found.checkpoint.rstrip()}")
