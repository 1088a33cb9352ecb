"""`simojo retention`: the end of keeping (`keep_for`): what goes, what is held for evidence, what the nights did."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, time
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from gateway.app import Store, retention_of
from gateway.cli.opening import By, actor_of, opened
from gateway.domain.calendar import JAKARTA
from gateway.domain.errors import Refused
from gateway.machine import now
from gateway.operations.retention.holds import Holds
from gateway.operations.retention.judging import Verdict
from gateway.operations.retention.running import Tally

app = typer.Typer(no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="one JSON object on standard output")]
Subject = Annotated[str, typer.Argument(help="the id of a case or of an exchange")]

_SAID = {
    Verdict.GOES: "removed",
    Verdict.HELD: "held by staff",
    Verdict.DISPUTED: "in a reconciliation that is not settled",
    Verdict.UNDER_WAY: "of a case, delivery or file that has not ended",
    Verdict.UNAGREED: "under no agreement",
    Verdict.YOUNG: "agreed to be kept longer",
}


@app.command()
def run(
    at: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="as if it were that day (Jakarta), not after today; unset: today"),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="count what would go, and change nothing")] = False,
    as_json: AsJson = False,
) -> None:
    """Remove the bodies of exchanges that are over their agreed time; what is not resolved is kept.

    The hub does the same each night between 1 and 5 (WIB). Broken off, the next run goes on. With each step
    the ledger says what went; exchanges, leaves and receipts stay. There is no way back but a backup.
    """
    moment = now()
    if at is not None:
        asked = datetime.combine(at.date(), time(12), JAKARTA)
        if asked.date() > moment.astimezone(JAKARTA).date():
            raise Refused(f"{asked:%Y-%m-%d} has not come yet: name today or a day before", code="day-not-come")
        moment = min(asked, moment)
    with opened() as store, _bar() as told:
        tally = Tally()
        if dry_run:
            tally = retention_of(store).would(moment)
        else:
            for tally in retention_of(store).portions(moment):
                told(tally)
    _tell(tally, as_json=as_json, dry_run=dry_run)


@app.command()
def status(as_json: AsJson = False) -> None:
    """Say what the last runs did, and what is held for evidence. Changes nothing."""
    with opened() as store:
        runs, holds = store.reader.retention_runs(), store.reader.retention_holds()
    if as_json:
        said = {"runs": [row.model_dump(mode="json") for row in runs]}
        print(json.dumps({**said, "holds": [row.model_dump(mode="json") for row in holds]}, ensure_ascii=False))
        return
    for row in runs:
        ended = "not through yet" if row.ended_at is None else f"ended {_moment(row.ended_at)}"
        print(f"{row.day}  {row.removed:>9,} removed  {row.kept:>7,} kept  {row.days:>4} days ended  {ended}")
    if not runs:
        print("no run yet: the hub begins one each night between 1 and 5 (WIB)")
    for hold in holds:
        print(f"held: {hold.subject} by {hold.actor} since {_moment(hold.at)}: {hold.reason}")


@app.command()
def hold(
    subject: Subject,
    reason: Annotated[str, typer.Option(help="why, for the record, 10 to 500 characters; it may not name a person")],
    by: By,
) -> None:
    """Keep the bodies of a case or an exchange, however old, until `simojo retention release`."""
    with opened() as store:
        name = _holds(store).hold(subject, reason, actor_of(store, by), now())
    print(f"{name} is held")


@app.command()
def release(subject: Subject, by: By) -> None:
    """Hold it no more: what is over its time goes in the next run."""
    with opened() as store:
        name = _holds(store).let_go(subject, actor_of(store, by), now())
    print(f"{name} is not held any more")


def _holds(store: Store) -> Holds:
    return Holds(reader=store.reader, vault=store.vault, unit_of_work=store.unit_of_work, leaves=store.leaves)


def _tell(tally: Tally, *, as_json: bool, dry_run: bool) -> None:
    counts = {verdict: tally.exchanges[verdict] for verdict in Verdict}
    if as_json:
        print(json.dumps({"dryRun": dry_run, "days": tally.days, "unsent": tally.unsent, "exchanges": counts}))
        return
    for verdict, count in counts.items():
        if count or verdict is Verdict.GOES:
            said = _SAID[verdict] if verdict is not Verdict.GOES or not dry_run else "would be removed"
            print(f"{count:>9,} exchanges {said}")
    if not dry_run:
        print(f"{tally.unsent:>9,} deliveries that were given up unsent, removed")
        print(f"{tally.days:>9,} keys of days destroyed")


def _moment(at: datetime) -> str:
    return f"{at.astimezone(JAKARTA):%Y-%m-%d %H:%M} WIB"


@contextmanager
def _bar() -> Iterator[Callable[[Tally], None]]:
    """How many were looked at: how many are over their time, nobody knows before."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("looking for what is over its time")

        def told(tally: Tally) -> None:
            seen, gone = tally.exchanges.total(), tally.exchanges[Verdict.GOES]
            progress.update(
                task, description=f"{seen:,} exchanges looked at, {gone:,} removed, {tally.days} days ended"
            )

        yield told
