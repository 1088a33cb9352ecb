"""`simojo delivery`: what waits for agencies, what was given up, and what to do about it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

import typer

from gateway.app import Store
from gateway.cli.opening import ACTOR, opened
from gateway.domain.calendar import JAKARTA
from gateway.domain.errors import Refused
from gateway.machine import now
from gateway.operations.endpoints import Endpoints, circuit_warnings
from gateway.operations.letters import Letters, Many
from gateway.store.circuits import Standing
from gateway.store.reads.outbox import Sought
from gateway.store.tables import DeliveryRow

app = typer.Typer(no_args_is_help=True)

BATCH = 500
"""How many deliveries of a filter are changed before the progress is told."""

OPEN_STATES = ("queued", "sending", "not-sent", "unknown", "laid-down", "collected", "awaiting", "dead")

Agency = Annotated[str | None, typer.Option(help="only to this agency")]
Interaction = Annotated[str | None, typer.Option(help="only of this interaction")]
Outcome = Annotated[str | None, typer.Option(help="only with this outcome, such as used-up, refused or mapping-fault")]
Cause = Annotated[str | None, typer.Option(help="only those whose cause holds this text")]
MadeFrom = Annotated[datetime | None, typer.Option(help="only those made then or later, in WIB")]
MadeBefore = Annotated[datetime | None, typer.Option(help="only those made before then, in WIB")]
One = Annotated[str | None, typer.Argument(help="a delivery's id; without it: all that the options mean")]
All = Annotated[bool, typer.Option("--all", help="every dead letter, where no other option narrows it")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="say what would be done, and do nothing")]


@app.command("list")
def list_(
    state: Annotated[str, typer.Option(help="states with commas between, or `all`")] = ",".join(OPEN_STATES),
    agency: Agency = None,
    interaction: Interaction = None,
    outcome: Outcome = None,
    cause: Cause = None,
    made_from: MadeFrom = None,
    made_before: MadeBefore = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="no more lines than that")] = 50,
) -> None:
    """List deliveries, newest first; without --state those with which something may still happen."""
    sought = _sought(agency, interaction, outcome, cause, made_from, made_before, None if state == "all" else state)
    with opened() as store:
        rows = store.reader.sought(sought, limit, newest_first=True)
        for row in rows:
            print(_line(row))
        if not rows:
            print("no such delivery")
        for warning in circuit_warnings(store.reader, now()):
            print(warning, file=sys.stderr)


@app.command()
def show(delivery: Annotated[str, typer.Argument(help="its id")]) -> None:
    """Show one delivery with all its attempts."""
    with opened() as store:
        row = store.reader.delivery(delivery)
        if row is None:
            raise Refused(f"no delivery {delivery[:64]!r} is known: check the id", code="delivery-unknown")
        print(_line(row))
        print(f"  case {row.case_id}, {row.ask_kind}, under {row.agreement} {row.agreement_version}")
        print(f"  due {_at(row.due_at)}, message {row.message_id}")
        if row.answer_due_at is not None:
            print(f"  answer due {_at(row.answer_due_at)}")
        for each in store.reader.attempts(delivery):
            ended = "" if each.ended_at is None else f" to {_at(each.ended_at)}"
            print(f"  attempt {each.number}: {_at(each.started_at)}{ended}  {each.outcome or 'under way'}")
            if each.detail:
                print(f"    {each.detail}")


@app.command()
def redrive(
    delivery: One = None,
    agency: Agency = None,
    interaction: Interaction = None,
    outcome: Outcome = None,
    cause: Cause = None,
    made_from: MadeFrom = None,
    made_before: MadeBefore = None,
    every: All = False,
    dry_run: DryRun = False,
) -> None:
    """Send dead letters again, one by its id or all that the options mean, with all their attempts anew."""
    sought = _sought(agency, interaction, outcome, cause, made_from, made_before, None)
    with opened() as store:
        letters = _letters(store)
        if delivery is not None:
            _alone(sought, every=every)
            if dry_run:
                print(_line(_dead(store, delivery)))
                return
            letters.redrive(delivery, ACTOR)
            print(f"delivery {delivery} is queued again")
            return
        _narrowed(sought, every=every)
        counts = letters.counts(sought)
        _told(counts, "would be sent again" if dry_run else "to be sent again")
        # in one go, each once: what dies again meanwhile is a dead letter anew, and a second batch would find it first
        if not dry_run:
            _progress(letters.redrive_many(sought, ACTOR, sum(counts.values())), "queued again")


@app.command()
def cancel(
    reason: Annotated[str, typer.Option(help="why; kept with each")],
    delivery: One = None,
    agency: Agency = None,
    interaction: Interaction = None,
    outcome: Outcome = None,
    cause: Cause = None,
    made_from: MadeFrom = None,
    made_before: MadeBefore = None,
    every: All = False,
    dry_run: DryRun = False,
) -> None:
    """Never send a delivery, by its id, or the dead letters that the options mean; what comes after them may go."""
    sought = _sought(agency, interaction, outcome, cause, made_from, made_before, None)
    with opened() as store:
        letters = _letters(store)
        if delivery is not None:
            _alone(sought, every=every)
            if dry_run:
                print(_line(_known(store, delivery)))
                return
            letters.cancel(delivery, reason, ACTOR)
            print(f"delivery {delivery} is cancelled")
            return
        _narrowed(sought, every=every)
        _told(letters.counts(sought), "would be cancelled" if dry_run else "to be cancelled")
        while not dry_run:
            many = letters.cancel_many(sought, reason, ACTOR, BATCH)
            if _progress(many, "cancelled"):
                return


@app.command()
def endpoints() -> None:
    """List where agencies listen, whether they are called, and what waits for them."""
    with opened() as store:
        for seen in _endpoints(store).seen():
            waiting = sum(lane.waiting for lane in seen.lanes)
            in_hand = sum(lane.in_hand for lane in seen.lanes)
            print(f"{seen.agency:12} {seen.interaction:24} {seen.standing:9} {waiting:6} waiting {in_hand:3} in hand")
            print(f"  {seen.url}")
            if seen.standing is not Standing.CLOSED:
                print(f"  since {_at(seen.since)}, tried again {_at(seen.until)}: {seen.cause}")
            for lane in seen.lanes:
                if lane.held_until is not None:
                    print(f"  {lane.interaction}: the agency asked not to be called before {_at(lane.held_until)}")


@app.command()
def close(
    agency: Annotated[str, typer.Argument(help="whose endpoint is mended")],
    interaction: Annotated[str, typer.Option(help="of this interaction alone, where it has one of its own")] = "*",
) -> None:
    """Close the circuit of an endpoint after mending: it is called again at once."""
    with opened() as store:
        _endpoints(store).close(agency, interaction, ACTOR)
    print(f"{agency} is called again")


# --- within -----------------------------------------------------------------------------------------------------------


def _sought(
    agency: str | None,
    interaction: str | None,
    outcome: str | None,
    cause: str | None,
    made_from: datetime | None,
    made_before: datetime | None,
    states: str | None,
) -> Sought:
    return Sought(
        states=None if states is None else tuple(each.strip() for each in states.split(",")),
        agency=agency,
        interaction=interaction,
        outcome=outcome,
        cause=cause,
        made_from=None if made_from is None else made_from.replace(tzinfo=JAKARTA),
        made_before=None if made_before is None else made_before.replace(tzinfo=JAKARTA),
    )


def _letters(store: Store) -> Letters:
    return Letters(store.reader, store.unit_of_work, store.leaves, store.vault, now, _nobody)


def _endpoints(store: Store) -> Endpoints:
    return Endpoints(store.reader, store.unit_of_work, store.leaves, now, _nobody)


def _nobody() -> None:
    """No worker lives in this process; those elsewhere look again within a second."""


def _alone(sought: Sought, *, every: bool) -> None:
    if every or sought != Sought():
        raise Refused("name a delivery, or say by options which ones: not both", code="which-unclear")


def _narrowed(sought: Sought, *, every: bool) -> None:
    if not every and sought == Sought():
        raise Refused(
            "say which dead letters: a delivery's id, --agency, --outcome, ..., or --all for every one",
            code="which-unclear",
        )


def _known(store: Store, delivery: str) -> DeliveryRow:
    row = store.reader.delivery(delivery)
    if row is None:
        raise Refused(f"no delivery {delivery[:64]!r} is known: check the id", code="delivery-unknown")
    return row


def _dead(store: Store, delivery: str) -> DeliveryRow:
    row = _known(store, delivery)
    if row.state != "dead":
        raise Refused(f"delivery {row.id} is {row.state}; only one that is dead is sent again", code="delivery-state")
    return row


def _told(counts: Mapping[tuple[str, str, str], int], what: str) -> None:
    for (agency, interaction, outcome), count in counts.items():
        print(f"{count:6}  {agency}/{interaction}  {outcome or 'no outcome'}")
    print(f"{sum(counts.values())} dead letters {what}")


def _progress(many: Many, done: str) -> bool:
    """Say how far it is; True when there is no more to do."""
    passed = f", {many.passed_over} had changed meanwhile" if many.passed_over else ""
    print(f"{many.done} {done}{passed}, {many.left} left")
    return many.left == 0 or many.done == 0


def _line(row: DeliveryRow) -> str:
    cause = f"  {row.outcome or ''}: {row.cause}" if row.cause else ""
    return (
        f"{row.id}  {row.state:9} {row.agency}/{row.interaction}  made {_at(row.made_at)}"
        f"  {row.attempts} attempts{cause}"
    )


def _at(at: datetime | None) -> str:
    return "-" if at is None else f"{at.astimezone(JAKARTA):%Y-%m-%d %H:%M:%S} WIB"
