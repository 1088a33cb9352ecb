"""`simojo keys`: the master keys: how much each has wrapped, and changing to another one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from gateway.app import rotation_of
from gateway.cli.opening import ACTOR, opened
from gateway.machine import now
from gateway.operations.key_rotation import Progress as Told
from gateway.operations.key_rotation import Rotated, Standing

app = typer.Typer(no_args_is_help=True)

NO_NEWER = """no newer key was found: {key} is the only one in SIMOJO_MASTER_KEY_FILE and wraps everything already.
Make one, as the first line of the file, above that one; start hubs and workers anew; then rotate again:
  (openssl rand -base64 32; cat master.key) > master.key.new && chmod 600 master.key.new
  mv master.key.new master.key"""

AsJson = Annotated[bool, typer.Option("--json", help="one JSON object on standard output")]


@app.command()
def status(as_json: AsJson = False) -> None:
    """Say which master key wraps, how much each has wrapped, and what to do next. Changes nothing.

    Exit code 1 while a rotation is not finished, or not begun.
    """
    with opened() as store:
        found = rotation_of(store).standing()
    if as_json:
        rows = {by or "not-said": count for by, count in found.rows.items()}
        print(json.dumps({**asdict(found), "rows": rows, "rotated": found.is_rotated}))
    else:
        _tell(found)
    if not found.is_rotated:
        raise typer.Exit(1)


@app.command()
def rotate(as_json: AsJson = False) -> None:
    """Make the first key of SIMOJO_MASTER_KEY_FILE wrap everything, while hubs run.

    Put the new key into the file as its first line, above the one before, for every hub and worker, and start them
    anew: they wrap with the earlier key until this command says otherwise, and it refuses while one of them does not
    have both. Broken off, the same command goes on. Exit code 1: rows do not open (`simojo ledger verify` names the
    damage), and the earlier key stays needed. Exit code 2: there is no newer key, and nothing was done.
    """
    with opened() as store, _bar() as progress:
        done = rotation_of(store).run(ACTOR, now(), progress)
        has_one = len(store.ring.ids) == 1
    is_needless = has_one and not done.rows and not done.damaged
    if as_json:
        print(json.dumps({**asdict(done), "newerKey": not is_needless}))
    elif is_needless:
        print(NO_NEWER.format(key=done.key))
    else:
        _tell_rotated(done)
    if done.damaged:
        raise typer.Exit(1)
    if is_needless:
        raise typer.Exit(2)


def _tell(found: Standing) -> None:
    for each in dict.fromkeys((*found.here, *found.needed)):
        said = "wraps" if each == found.wraps else "still needed" if each in found.needed else "needed by nothing"
        print(f"{each}  {said:18}{found.rows.get(each, 0):>12,} rows")
    if None in found.rows:
        print(f"not said  by an older version{found.rows[None]:>12,} rows")
    if found.is_rotated and len(found.here) == 1:
        return
    if found.is_rotated:
        print(f"{', '.join(found.here[1:])} can be taken out of SIMOJO_MASTER_KEY_FILE")
    elif found.wraps == found.here[0]:
        print("the rotation is not finished: run `simojo keys rotate` again")
    else:
        print(f"{found.here[0]} is the newest and wraps nothing yet: run `simojo keys rotate`")


def _tell_rotated(done: Rotated) -> None:
    print(f"{done.key} wraps everything; {done.rows:,} rows were wrapped anew")
    if done.damaged:
        print(f"{done.damaged:,} rows do not open and were left: `simojo ledger verify` names the damage; restore them")
    for each in done.gone:
        print(f"{each} can be taken out of SIMOJO_MASTER_KEY_FILE; older backups need it for as long as they are kept")


@contextmanager
def _bar() -> Iterator[Told]:
    columns = (TextColumn("wrapping keys anew"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("wrapping")
        yield lambda done, total: progress.update(task, completed=done, total=total)
