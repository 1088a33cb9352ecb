"""Co-signatures come in: the hub calls witnesses (C2SP tlog-witness `add-checkpoint`), or they bring them.

One call, of one witness:

    1. the newest checkpoint, and the proof that it continues the one that the witness has, as far as we know
    2. 200      its lines are verified and kept
       409      it has another one: the proof again, from that one. One that we do not have, or the same size with
                another root, is a refusal
       4xx      a refusal: it does not accept the proof, the key or the ledger
       else     nothing came: again later, after a pause that grows

A refusal, and a witness that was not heard of for longer than agreed, are told once in log and ledger, and stand in
the hub's health until it co-signs again. What is known of a witness changes with the line that it gave, in one plan:
a process that dies between the call and the plan is told 409 by the next call, and goes on from there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

import structlog

from gateway.casework.leaves import Leaves
from gateway.domain.errors import (
    AgencyUnavailable,
    LedgerBroken,
    Malformed,
    Misconfigured,
    Refused,
    Unauthenticated,
)
from gateway.ledger.checkpoint import NoteVerifier, open_note, split_note
from gateway.ledger.cosignature import Cosignature, WitnessVerifier
from gateway.ledger.encoding import encode_base64
from gateway.ledger.leaf import LeafKind
from gateway.ledger.tree import consistency_proof
from gateway.operations.integrator import StoredTiles
from gateway.operations.witnesses import silent_since
from gateway.store.conflicts import commit, prepared_again
from gateway.store.plan import Change, Claim, Committed, Plan, Update
from gateway.store.reading import Reader
from gateway.store.reads.witnesses import ACTIVE
from gateway.store.tables import CheckpointRow, CosignatureRow, WitnessRow
from gateway.store.unit_of_work import UnitOfWork
from gateway.transport.http import HttpReply, OutboundCall

PACE = timedelta(seconds=10)
"""A witness is called no more often, however fast the ledger grows."""

LONGEST_PAUSE = timedelta(minutes=10)
REFRESHED = 3
"""So many times in the agreed interval it co-signs anew, also where nothing was added."""

CALL_S = 5.0
MAX_REPLY_BYTES = 16 * 1024
CLOCKS = timedelta(minutes=5)
"""A witness's clock may be so far from ours."""

_WHY = {
    400: "it cannot read what it is sent",
    403: "it does not accept the signature of the ledger's key",
    404: "it does not know this ledger's name, or nothing is at its URL",
    422: "it does not accept the proof that the ledger only grew",
}

_log = structlog.get_logger("simojo.witnesses")


class Client(Protocol):
    """What is needed of `gateway.transport.http.HttpClient`."""

    def send(self, call: OutboundCall) -> HttpReply:
        """Send and give the whole reply."""
        ...


@dataclass(frozen=True)
class _Refusal:
    """Why a witness will not co-sign, and the size that it names (that of the checkpoint it was shown, else)."""

    text: str
    size: int


@dataclass(frozen=True)
class _Failure:
    """Why a call brought nothing."""

    text: str


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
        Refused `cosignature-time` for a clock that is wrong, `checkpoint-unknown` for a checkpoint that is not ours.
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
            self._refused(row, _Refusal(text, size))
            raise Refused(f"{text}: keep it, it is evidence", code="checkpoint-unknown", clause="Pasal 22(4)")
        self._keep(row.name, kept, line)
        return line

    # --- calling --------------------------------------------------------------------------------------------------

    def _ask(self, row: WitnessRow, newest: CheckpointRow) -> None:
        try:
            told = self._call(row, newest)
        except (AgencyUnavailable, Misconfigured) as fault:
            told = _Failure(fault.text)
        except LedgerBroken as fault:  # of its lines, or of our own tiles
            told = _Failure(fault.violations[0].text if fault.violations else fault.text)
        if isinstance(told, _Refusal):
            self._refused(row, told)
        elif isinstance(told, _Failure):
            self._failed(row, told)

    def _call(self, row: WitnessRow, newest: CheckpointRow) -> _Refusal | _Failure | None:
        old = row.size
        for _ in range(3):
            # 1
            reply = self._client.send(self._submission(row, old, newest))
            # 2
            if reply.status == 200:
                return self._answered(row, newest, reply.body)
            if reply.status != 409:
                return _not_taken(reply.status, newest.size)
            has = _size_in(reply.body)
            if has is None:
                return _Failure("it answers 409 without the size that it has")
            if has > newest.size:
                newest = self._reader.last_checkpoint() or newest  # it may have come for a newer one by itself
            if has > newest.size:
                return _Refusal(f"it has seen {has} leaves of this ledger, which has {newest.size} now", has)
            if has == old:
                return _Refusal(f"it has seen another ledger of {has} leaves, with another root", has)
            old = has
        return _Failure("it names another size each time")

    def _submission(self, row: WitnessRow, old: int, newest: CheckpointRow) -> OutboundCall:
        proof = consistency_proof(old, newest.size, StoredTiles(self._reader))
        lines = "".join(f"{encode_base64(each)}\n" for each in proof)
        return OutboundCall(
            method="POST",
            url=f"{(row.url or '').rstrip('/')}/add-checkpoint",
            headers={"Content-Type": "text/plain; charset=utf-8"},
            body=f"old {old}\n{lines}\n{newest.note}".encode(),
            timeout_s=CALL_S,
            max_reply_bytes=MAX_REPLY_BYTES,
        )

    def _answered(self, row: WitnessRow, newest: CheckpointRow, reply: bytes) -> _Failure | None:
        line = WitnessVerifier.parse(row.verifier).cosignature_on(newest.note + reply.decode(errors="replace"))
        if line is None:
            return _Failure("its answer has no line by the key that is registered")
        try:
            self._keep(row.name, newest, line)
        except Refused as fault:
            return _Failure(fault.text)
        return None

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

    def _refused(self, row: WitnessRow, refusal: _Refusal) -> None:
        """Told once, as long as it goes on refusing; asked again all the same, after a pause."""
        is_new = row.refusal is None
        changes = [_becomes(row, {**self._pause(row), "refusal": refusal.text, "trouble": refusal.text})]
        if is_new:
            changes.append(self._leaf(row, "refused", refusal.size))
        if self._holds(Plan(tuple(changes))) and is_new:
            _log.error("witness-refused", witness=row.name, text=refusal.text, size=refusal.size)

    def _failed(self, row: WitnessRow, failure: _Failure) -> None:
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


def _not_taken(status: int, size: int) -> _Refusal | _Failure:
    if status in _WHY:
        return _Refusal(f"{_WHY[status]} (HTTP {status})", size)
    return _Failure(f"it answers with HTTP status {status}")


def _size_in(body: bytes) -> int | None:
    text = body.strip()
    return int(text) if text.isdigit() and len(text) < 19 else None


def _becomes(row: WitnessRow, values: Mapping[str, object]) -> Change:
    """What is known of it, from what was read: of two that learned something at once one looks again."""
    expected = {"state": row.state, "size": row.size, "seen_at": row.seen_at, "failures": row.failures}
    return Update(WitnessRow, {"name": row.name}, expected, dict(values))
