"""Co-signatures come in: the hub calls witnesses (`witness_calls`), or they bring them.

A refusal, and a witness that was not heard of for longer than agreed, are told once in log and ledger, and stand in
the hub's health until it co-signs again. After a failure it is asked again later, after a pause that grows. What is
known of a witness changes with the line that it gave, in one plan: a process that dies between the call and the plan is
told 409 by the next call, and goes on from there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import structlog

from gateway.casework.leaves import Leaves
from gateway.domain.errors import (
    LedgerBroken,
    Malformed,
    Refused,
    Unauthenticated,
)
from gateway.ledger.checkpoint import NoteVerifier, open_note, split_note
from gateway.ledger.cosignature import Cosignature, WitnessVerifier
from gateway.ledger.leaf import LeafKind
from gateway.ledger.merkle import verify_consistency
from gateway.ledger.tree import consistency_proof
from gateway.operations.integrator import StoredTiles
from gateway.operations.witness_calls import Client, Failure, Refusal, ask
from gateway.operations.witnesses import silent_since
from gateway.store.conflicts import commit, prepared_again
from gateway.store.plan import Change, Claim, Committed, Plan, Update
from gateway.store.reading import Reader
from gateway.store.reads.witnesses import ACTIVE
from gateway.store.tables import CheckpointRow, CosignatureRow, WitnessRow
from gateway.store.unit_of_work import UnitOfWork

PACE = timedelta(seconds=10)
"""A witness is called no more often, however fast the ledger grows."""

LONGEST_PAUSE = timedelta(minutes=10)
REFRESHED = 3
"""So many times in the agreed interval it co-signs anew, also where nothing was added."""

CLOCKS = timedelta(minutes=5)
"""A witness's clock may be so far from ours."""

_log = structlog.get_logger("simojo.witnesses")


class Witnessing:
    """Collects co-signatures on checkpoints of the ledger whose keys are `verifiers`."""

    def __init__(
        self,
        *,
        reader: Reader,
        unit_of_work: UnitOfWork,
        leaves: Leaves,
        client: Client,
        verifiers: Sequence[NoteVerifier],
        clock: Callable[[], datetime],
    ) -> None:
        self._reader = reader
        self._unit_of_work = unit_of_work
        self._leaves = leaves
        self._client = client
        self._verifiers = verifiers
        self._clock = clock

    def run_once(self) -> bool:
        """Tell of those that are overdue, and call one that is due; whether another is. Raises HubBusy."""
        now = self._clock()
        active = [row for row in self._reader.witnesses() if row.state == ACTIVE]
        for row in active:
            self._miss(row, now)
        newest = self._reader.last_checkpoint()
        due = [row for row in active if newest is not None and _is_due(row, newest, now)]
        if newest is None or not due:
            return False
        first = min(due, key=lambda row: row.next_at or row.proposed_at)
        self._ask(first, newest)
        return len(due) > 1

    def take(self, note: str) -> Cosignature:
        """Take a checkpoint that a witness brings with its line on it; gives the line.

        Raises Malformed `cosignature-malformed`; Unauthenticated `witness-unknown` when no active witness signed;
        Refused `cosignature-time` for a clock that is wrong, `checkpoint-unknown` for a checkpoint that is not ours, or
        that our newest one does not continue: a witness that has refused brings such a one, and it counts as refusal.
        """
        try:
            found = self._line_on(note)
            body, _ = split_note(note)
            size = open_note(note, self._verifiers).size
        except LedgerBroken as fault:
            raise Malformed(fault.violations[0].text, code="cosignature-malformed") from None
        row, line = found
        kept = self._reader.checkpoint(size)
        if kept is None or split_note(kept.note)[0] != body:
            text = (
                f"it has a checkpoint over {size} leaves, signed by this ledger's key, that this ledger does not have"
            )
            self._refused(row, Refusal(text, size))
            raise Refused(f"{text}: keep it, it is evidence", code="checkpoint-unknown", clause="Pasal 22(4)")
        if not self._still_continues(kept):
            text = f"the ledger does not continue the checkpoint over {size} leaves that it has co-signed"
            self._refused(row, Refusal(text, size))
            raise Refused(f"{text}: keep it, it is evidence", code="checkpoint-unknown", clause="Pasal 22(4)")
        self._keep(row.name, kept, line)
        return line

    def _still_continues(self, kept: CheckpointRow) -> bool:
        """Whether the newest checkpoint begins with one that is brought: a witness that refused brings its last one."""
        newest = self._reader.last_checkpoint()
        if newest is None or newest.size == kept.size:
            return True
        try:
            old, new = (open_note(each.note, self._verifiers) for each in (kept, newest))
            proof = consistency_proof(old.size, new.size, StoredTiles(self._reader))
            verify_consistency(old.size, new.size, old.root, new.root, proof)
        except LedgerBroken:
            return False
        return True

    # --- calling --------------------------------------------------------------------------------------------------

    def _ask(self, row: WitnessRow, newest: CheckpointRow) -> None:
        told = ask(self._client, self._reader, row, newest)
        if isinstance(told, Refusal):
            self._refused(row, told)
        elif isinstance(told, Failure):
            self._failed(row, told)
        else:
            try:
                self._keep(row.name, told.checkpoint, told.line)
            except Refused as fault:
                self._failed(row, Failure(fault.text))

    # --- what is known of it --------------------------------------------------------------------------------------

    def _line_on(self, note: str) -> tuple[WitnessRow, Cosignature]:
        for row in self._reader.witnesses():
            if row.state == ACTIVE:
                line = WitnessVerifier.parse(row.verifier).cosignature_on(note)
                if line is not None:
                    return row, line
        raise Unauthenticated("no active witness has co-signed this checkpoint", code="witness-unknown")

    def _keep(self, name: str, checkpoint: CheckpointRow, line: Cosignature) -> None:
        """Keep a line, unless a later one of the same witness is there. Raises Refused `cosignature-time`."""
        now = self._clock()
        if abs(line.time - now.timestamp()) > CLOCKS.total_seconds():
            raise Refused(
                f"the co-signature is of a time {line.time - now.timestamp():+.0f} s from the hub's clock, "
                f"{CLOCKS.total_seconds():.0f} s are let pass: set the witness's clock right (NTP)",
                code="cosignature-time",
            )
        signed_at = datetime.fromtimestamp(line.time, UTC)

        def prepare() -> None:
            row, kept = self._reader.witness(name), self._reader.cosignature(checkpoint.size, name)
            if row is None or row.state != ACTIVE or (kept is not None and kept.signed_at >= signed_at):
                return
            size = max(row.size, checkpoint.size)
            values = {"size": size, "seen_at": now, "failures": 0, "next_at": now + PACE}
            values |= {"trouble": None, "refusal": None, "alerted_at": None}
            said = {"line": line.line, "signed_at": signed_at}
            key = {"size": checkpoint.size, "witness": name}
            changes: list[Change] = [
                _becomes(row, values),
                Claim(CosignatureRow, ("size", "witness"), {**key, **said})
                if kept is None
                else Update(CosignatureRow, key, {"signed_at": kept.signed_at}, said),
            ]
            if is_back := row.refusal is not None or row.alerted_at is not None:
                changes.append(self._leaf(row, "returned", checkpoint.size))
            commit(self._unit_of_work, Plan(tuple(changes)))
            if is_back:
                _log.info("witness-returned", witness=name, size=checkpoint.size)

        prepared_again(prepare)

    def _refused(self, row: WitnessRow, refusal: Refusal) -> None:
        """Told once, as long as it goes on refusing; asked again all the same, after a pause."""
        is_new = row.refusal is None
        changes = [_becomes(row, {**self._pause(row), "refusal": refusal.text, "trouble": refusal.text})]
        if is_new:
            changes.append(self._leaf(row, "refused", refusal.size))
        if self._holds(Plan(tuple(changes))) and is_new:
            _log.error("witness-refused", witness=row.name, text=refusal.text, size=refusal.size)

    def _failed(self, row: WitnessRow, failure: Failure) -> None:
        self._holds(Plan.of(_becomes(row, {**self._pause(row), "trouble": failure.text})))
        _log.warning("witness-not-reached", witness=row.name, text=failure.text, failures=row.failures + 1)

    def _miss(self, row: WitnessRow, now: datetime) -> None:
        """Told once for each silence. The line of the log comes after the commit: health has it in any case."""
        since = silent_since(row, now)
        if since is None or row.alerted_at is not None:
            return
        plan = Plan.of(_becomes(row, {"alerted_at": now}), self._leaf(row, "overdue", row.size))
        if self._holds(plan):
            _log.error("witness-overdue", witness=row.name, since=since.isoformat(), trouble=row.trouble)

    def _holds(self, plan: Plan) -> bool:
        """Commit; False, and nothing is written, where another has learned something of that witness meanwhile."""
        return self._unit_of_work.commit(plan) == Committed()

    def _pause(self, row: WitnessRow) -> Mapping[str, object]:
        pause = min(PACE * 2 ** min(row.failures, 10), LONGEST_PAUSE)
        return {"failures": row.failures + 1, "next_at": self._clock() + pause}

    def _leaf(self, row: WitnessRow, step: str, size: int) -> Change:
        said: dict[str, str | int] = {"step": step, "witness": row.name, "size": size}
        return self._leaves.make(LeafKind.WITNESS, at=self._clock(), extra=said).row


def _is_due(row: WitnessRow, newest: CheckpointRow, now: datetime) -> bool:
    if row.url is None or (row.next_at is not None and now < row.next_at):
        return False
    has_more = row.seen_at is None or newest.size > row.size
    return has_more or now - (row.seen_at or now) >= timedelta(seconds=row.interval_s) / REFRESHED


def _becomes(row: WitnessRow, values: Mapping[str, object]) -> Change:
    """What is known of it, from what was read: of two that learned something at once one looks again."""
    expected = {"state": row.state, "size": row.size, "seen_at": row.seen_at, "failures": row.failures}
    return Update(WitnessRow, {"name": row.name}, expected, dict(values))
