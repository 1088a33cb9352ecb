"""How the hub is: the facts behind `live` and `ready`, and those that a person should look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.domain.calendar import JAKARTA
from gateway.domain.errors import HubBusy, LedgerBroken
from gateway.ledger.leaf import Leaf
from gateway.operations.endpoints import circuit_warnings
from gateway.operations.erasing.watching import erasure_warnings
from gateway.operations.expiry import certificate_warnings
from gateway.operations.mailboxes import mailbox_warnings
from gateway.operations.proofs import MERGE_DELAY_S
from gateway.operations.reconciling.settling import difference_warnings
from gateway.operations.reconciling.watching import broken_off_warnings
from gateway.operations.retention.watching import retention_warnings
from gateway.operations.standing import PAUSED, Standing
from gateway.operations.witnesses import witness_warnings
from gateway.store.plan import Add, Plan
from gateway.store.reading import Reader
from gateway.store.room import use_room
from gateway.store.soundness import APART_S, apart_sentence
from gateway.store.tables import BatchRow, CounterRow
from gateway.store.unit_of_work import Writing

PROBE = "health-probe"
"""The counter that a look at the hub's health advances: only a commit proves that the store can commit."""

A_DAY = timedelta(days=1)

CLOCK_BACK_S = 60
"""A clock that is so far behind what the store has is worth a word; machines' clocks differ by less."""


@dataclass(frozen=True, kw_only=True)
class Health:
    """The facts at one moment.

    `store_fault` says why the store could not write, "" when it could. `pending_leaves` wait for the tree, the oldest
    since `oldest_pending_s` seconds (None when it cannot be read). `dead_letters` are deliveries that wait for a
    person. `suspended` maps each suspended agency to the reason. `certificates` are sentences about those that end
    soon, were revoked, or of whose revocation nothing is known; `circuits` about endpoints that do not answer.
    `overdue` answers were not given within the agreed time. `mailboxes` are sentences about those that are not emptied,
    `unserved` about what an agency does not take for longer than a day, its quota being spent for instance.
    `clock_back_s`: so far is this machine's clock behind the
    last checkpoint. `batches` are sentences about files of records that wait, or of which records failed of late.
    `reconciliations` are sentences about differences that nobody has settled, and runs that were broken off.
    `ending` are sentences about erasures and retention runs that do not come to their end.
    `folder` are sentences about files that stand still in a watched folder, where this process works in it.
    `witnesses` are sentences about those that refuse the ledger's checkpoints, or are silent,
    and about timestamps of checkpoints that are not given.
    `clock_apart_s`: so far is it ahead of the database server's (below 0: behind). `leader` is the
    process that leads, None when none does. `delivering_trouble` says why deliveries may stand still in this process.
    """

    store_fault: str
    pending_leaves: int
    oldest_pending_s: float | None
    dead_letters: int
    suspended: Mapping[str, str]
    certificates: tuple[str, ...] = ()
    circuits: tuple[str, ...] = ()
    overdue: int = 0
    clock_back_s: float = 0.0
    clock_apart_s: float = 0.0
    unserved: tuple[str, ...] = ()
    batches: tuple[str, ...] = ()
    folder: tuple[str, ...] = ()
    mailboxes: tuple[str, ...] = ()
    witnesses: tuple[str, ...] = ()
    reconciliations: tuple[str, ...] = ()
    ending: tuple[str, ...] = ()
    leader: str | None = None
    delivering_trouble: str = ""

    @property
    def ready(self) -> bool:
        """Whether exchanges can be taken: the store commits. A suspended agency holds up nobody else.

        Whether this process is about to end is told by its `Standing`.
        """
        return not self.store_fault

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a person should look at, a sentence each."""
        found = [self.store_fault] if self.store_fault else []
        if self.leader is None:
            found.append("no process leads: the ledger and the timers stand still; see that a hub or worker runs")
        if self.delivering_trouble:
            found.append(self.delivering_trouble)
        if self.clock_back_s > CLOCK_BACK_S:
            found.append(clock_sentence(self.clock_back_s))
        if abs(self.clock_apart_s) > APART_S:
            found.append(f"{apart_sentence(self.clock_apart_s)}. {PAUSED}")
        if self.oldest_pending_s is None:
            found.append("the oldest leaf that waits for the ledger cannot be read: run simojo ledger verify")
        elif self.oldest_pending_s > MERGE_DELAY_S:
            found.append(
                f"a leaf has waited {self.oldest_pending_s:.0f} s for the ledger, {MERGE_DELAY_S} s are promised:"
                " see that the integrator runs"
            )
        if self.dead_letters:
            found.append(f"{self.dead_letters} deliveries were given up and wait for a person")
        if self.overdue:
            found.append(
                f"{self.overdue} answers of agencies are overdue: see /admin/v1/deliveries/overdue, and call them"
            )
        found += self.witnesses
        found += self.circuits
        found += self.unserved
        found += self.mailboxes
        found += self.batches
        found += self.reconciliations
        found += self.ending
        found += self.folder
        found += [f"agency {agency} is suspended: {reason}" for agency, reason in sorted(self.suspended.items())]
        found += self.certificates
        return tuple(found)


def look(reader: Reader, unit_of_work: Writing, now: datetime, standing: Standing) -> Health:
    """Find out how the hub is. Commits one small plan; raises nothing for a store that cannot write."""
    return Health(
        store_fault=store_fault(unit_of_work),
        pending_leaves=reader.pending_count(),
        oldest_pending_s=_oldest_pending(reader, now),
        dead_letters=reader.delivery_counts().get("dead", 0),
        suspended={row.id: row.suspended for row in reader.agencies() if row.suspended is not None},
        certificates=certificate_warnings(reader, now),
        circuits=circuit_warnings(reader, now),
        overdue=reader.overdue_count(now),
        unserved=unserved_warnings(reader, now),
        batches=batch_warnings(reader, now),
        reconciliations=(*difference_warnings(reader), *broken_off_warnings(reader, now)),
        ending=(*erasure_warnings(reader, now), *retention_warnings(reader, now)),
        folder=standing.folder_troubles(),
        mailboxes=mailbox_warnings(reader, now),
        witnesses=(*witness_warnings(reader, now), *filter(None, (standing.timestamp_trouble(),))),
        clock_back_s=clock_back(reader, now),
        clock_apart_s=standing.clock_apart_s,
        leader=standing.leader(),
        delivering_trouble=standing.delivering_trouble(),
    )


def store_fault(unit_of_work: Writing) -> str:
    """Why the store cannot write now, "" when it can.

    Found out by committing one small plan, by having the server use some room, and by what the hub's own work met last:
    a disk that is full still takes what is small.
    """
    try:
        unit_of_work.commit(Plan.of(Add(CounterRow, {"name": PROBE}, "value")))
        unit_of_work.within(use_room)
    except HubBusy as error:
        return error.text
    return unit_of_work.trouble()


def unserved_warnings(reader: Reader, now: datetime) -> tuple[str, ...]:
    """What is tried for longer than a day and not taken, a sentence for each interaction: how many, since when, why."""
    return tuple(
        f"{each.count} deliveries of {each.agency}/{each.interaction} are tried and not taken, the oldest since "
        f"{each.oldest_at.astimezone(JAKARTA):%Y-%m-%d %H:%M} WIB ({each.cause}): call the agency, ask for more quota "
        "where that is the reason"
        for each in reader.long_unserved(now - A_DAY)
    )


def batch_warnings(reader: Reader, now: datetime) -> tuple[str, ...]:
    """Batches that wait for something or are stopped, and those that ended within a day and not as they should."""
    found = []
    for row in reader.troubled_batches(now - A_DAY):
        name = f"batch {row.id} of {row.agency}/{row.interaction}"
        if row.cause or row.ended_at is not None:
            found.append(f"{name} {_fate(row)}")
        if row.held and row.ended_at is None and row.state != "making":
            found.append(
                f"{name} has {row.held} records that the hub could not map: see `simojo batch show {row.id}`, mend the "
                "adapter and run `simojo batch redrive`, or `simojo batch give-up`"
            )
    return tuple(found)


def _fate(row: BatchRow) -> str:
    if row.ended_at is None:
        stopped = "is stopped until it is resumed or cancelled" if row.state == "stopped" else "waits"
        return f"{stopped}: {row.cause}"
    if row.direction == "in":
        counts = [f"{row.failed} records that the hub could not map"] if row.failed else []
        if row.declined + row.invalid:
            counts.append(
                f"{row.declined} declined and {row.invalid} invalid records: see `simojo batch lines {row.id}`, and "
                "ask the agency"
            )
        return f"ended with {' and '.join(counts)}"
    said = f"ended as {row.state}, with {row.failed} records that failed and {row.left_out} cases left out"
    return f"{said}: {row.cause}" if row.cause else said


def clock_back(reader: Reader, now: datetime) -> float:
    """Seconds by which `now` is before the ledger's last checkpoint, 0 when it is not."""
    last = reader.last_checkpoint()
    return 0.0 if last is None else max(0.0, (last.at - now).total_seconds())


def clock_sentence(seconds: float) -> str:
    """What staff read of such a clock."""
    return (
        f"this machine's clock is {seconds:.0f} s behind the ledger's last checkpoint: it was set back, or another"
        " machine's is ahead; set it right (NTP). Meanwhile leaves say too early a time, and what is due waits longer"
    )


def _oldest_pending(reader: Reader, now: datetime) -> float | None:
    """Seconds that the oldest pending leaf has waited, 0 when none waits, None when it is damaged."""
    oldest = reader.pending_leaves(1)
    if not oldest:
        return 0.0
    try:
        at = Leaf.parse(oldest[0].canonical).at
    except LedgerBroken:
        return None
    return max(0.0, (now - at).total_seconds())
