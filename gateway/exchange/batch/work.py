"""The work on batches, a slice at a time: whoever runs it may be ended between any two, or killed within one.

    verifying   the SHA-256 of all bytes is what was announced; else the batch is refused and nothing of it is read.
                Whoever takes the batch over begins the digest anew: a gigabyte takes some seconds
    reading     portions of records (`reading`), and between them those that were put aside and are due
    closing     until no record is put aside, for as long as that takes; then the digest of the result, the report and
                its leaf

What the agreement forbids for now (the agency is suspended), and what an agency's queue cannot take, lets the batch
wait, with the reason in its row. Nothing is lost by waiting.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from gateway.casework.desk import Casework
from gateway.domain.errors import GatewayError, HubBusy, Misconfigured, Unauthorised
from gateway.exchange.batch.closing import final_plan
from gateway.exchange.batch.documents import FILE, RESULTS, BatchState
from gateway.exchange.batch.hands import Hand, Hands
from gateway.exchange.batch.moves import Lost, Moves
from gateway.exchange.batch.pieces import chunks
from gateway.exchange.batch.reading import Reading
from gateway.exchange.directory import Directory
from gateway.store.batches import LEASE, release_all
from gateway.store.plan import Plan
from gateway.store.unit_of_work import Writing
from gateway.validation.library import SchemaLibrary

SLICE_S = 1.0
"""A slice ends after this time, some milliseconds more or less."""

MAX_HELD = 1000
"""With so many records put aside no more are read, and none of them fails: the mapping is to be mended first."""

PAUSE_S = 30.0
LONG_PAUSE_S = 300.0

_log = structlog.get_logger("simojo.batches")


class BatchWork:
    """Works on batches. One for the process, called by one thread at a time. `seconds` is a clock that is never set."""

    def __init__(
        self,
        *,
        directory: Directory,
        library: SchemaLibrary,
        casework: Casework,
        unit_of_work: Writing,
        clock: Callable[[], datetime],
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._library = library
        self._casework = casework
        self._reader = casework.reader
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._seconds = seconds
        self._hands = Hands(casework.reader, unit_of_work, clock)
        self._moves = Moves(casework.reader, unit_of_work)
        self._reading = Reading(
            directory=directory,
            library=library,
            casework=casework,
            moves=self._moves,
            clock=clock,
            seconds=seconds,
        )

    def run_once(self) -> bool:
        """Do one slice of one batch; whether there may be more to do at once. Raises HubBusy."""
        hand = self._hands.next()
        if hand is None:
            return False
        try:
            if self._slice(hand):
                self._hands.keep(hand)
        except Lost:
            _log.info("batch-lost", batch=hand.row.id)
        except HubBusy as busy:
            if busy.code != "agency-queue-full":
                self._hands.keep(hand)  # the store is at fault, for whichever batch
                raise
            self._pause(hand, busy.after_s or PAUSE_S, busy.text)
        except (Unauthorised, Misconfigured) as held:
            self._pause(hand, PAUSE_S, held.text)
        except Exception as fault:  # noqa: BLE001 - whatever it is, this batch waits and the others go on
            stack = "".join(traceback.format_tb(fault.__traceback__))
            _log.error("batch-stopped", batch=hand.row.id, error=type(fault).__name__, stack=stack)
            said = fault.text if isinstance(fault, GatewayError) else type(fault).__name__
            self._pause(hand, LONG_PAUSE_S, f"a fault of the hub: {said}")
        return True

    def release(self) -> None:
        """Give all batches back, for others to go on. Raises HubBusy."""
        self._hands.release()

    def recover(self) -> None:
        """Take back every claim: this is the only process on the store, and it has just begun."""
        self._unit_of_work.within(release_all)

    # --- slices -------------------------------------------------------------------------------------------------------

    def _slice(self, hand: Hand) -> bool:
        """Whether there is more to do with it now."""
        self._draw_out(hand)
        match hand.row.state:
            case BatchState.VERIFYING:
                return self._verify(hand)
            case BatchState.READING:
                return self._read(hand)
            case BatchState.CLOSING:
                return self._close(hand)
            case _:
                return False

    def _verify(self, hand: Hand) -> bool:
        row = hand.row
        if not self._digest(hand, FILE, row.size):
            return True
        found = hand.digest.hexdigest()
        if found == row.sha256:
            self._moves.moved(hand, state=BatchState.READING.value)
            return True
        cause = (
            f"the file's SHA-256 is {found}, the manifest announces {row.sha256}: nothing of it was read; announce the "
            "right file under another name"
        )
        return self._ends(hand, BatchState.REFUSED, cause)

    def _read(self, hand: Hand) -> bool:
        if self._reading.try_held(hand):
            return True
        if hand.row.held >= MAX_HELD:
            cause = f"{hand.row.held} records could not be mapped and are tried again: no more are read before"
            return self._wait_for_held(hand, cause)
        self._reading.fill(hand)
        if hand.pending:
            self._reading.portion(hand)
            return True
        if hand.broken:
            return self._ends(hand, BatchState.BROKEN, f"{hand.broken}: what comes behind it is unread")
        if not hand.is_over:
            return True
        said, read = hand.row.records, hand.row.read
        differs = f"the manifest announces {said} records, the file has {read}"
        return self._ends(hand, BatchState.COMPLETED, None if said == read else differs)

    def _close(self, hand: Hand) -> bool:
        row = hand.row
        if row.held:
            return self._reading.try_held(hand) or self._wait_for_held(hand, row.cause)
        if not self._digest(hand, RESULTS, row.result_size):
            return True
        digest = hand.digest.hexdigest()
        self._moves.carry_out(final_plan(row, digest, self._casework, self._library, self._clock()))
        _log.info("batch-ended", batch=row.id, state=row.ends_as, read=row.read, failed=row.failed)
        return False

    # --- within -------------------------------------------------------------------------------------------------------

    def _digest(self, hand: Hand, side: str, size: int) -> bool:
        """Read on for a slice; whether the digest of that side is over all of it."""
        ends_s = self._seconds() + SLICE_S
        for body in chunks(self._reader, hand.row.id, side, size, hand.digested):
            hand.digest.update(body)
            hand.digested += len(body)
            if self._seconds() > ends_s:
                break
        return hand.digested >= size

    def _draw_out(self, hand: Hand) -> None:
        """Let the claim hold on, where it would end soon."""
        lease, now = hand.row.lease_until, self._clock()
        if lease is None or lease - now < LEASE / 2:
            self._moves.carry_out(Plan.of(self._moves.guarded(hand, lease_until=now + LEASE)))
            self._moves.reread(hand)

    def _ends(self, hand: Hand, state: BatchState, cause: str | None) -> bool:
        self._moves.moved(hand, state=BatchState.CLOSING.value, ends_as=state.value, cause=cause)
        return True

    def _wait_for_held(self, hand: Hand, cause: str | None) -> bool:
        due_at = self._reader.next_held(hand.row.id) or self._clock()
        self._moves.carry_out(Plan.of(self._moves.guarded(hand, due_at=due_at, lease_until=None, cause=cause)))
        return False

    def _pause(self, hand: Hand, seconds: float, cause: str) -> None:
        later = self._clock() + timedelta(seconds=seconds)
        waits = self._moves.guarded(hand, due_at=later, lease_until=None, cause=cause[:1000])
        try:
            self._moves.carry_out(Plan.of(waits))
        except Lost:
            return
        _log.warning("batch-waits", batch=hand.row.id, cause=cause[:300])
