"""The work on agencies' files, a slice at a time: whoever runs it may be ended between any two, or killed within one.

verifying   the SHA-256 of all bytes is what was announced; else the batch is refused and nothing of it is read.
            Whoever takes the batch over begins the digest anew: a gigabyte takes some seconds
reading     portions of records (`reading`), and between them those that were put aside and are due
closing     until no record is put aside, for as long as that takes; then what the file should have named (`expected`),
            the digest of the result, the report, its leaf
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime

import structlog

from gateway.casework.desk import Casework
from gateway.exchange.batch.closing import final_plan
from gateway.exchange.batch.documents import FILE, INBOUND_WORK, RESULTS, BatchState
from gateway.exchange.batch.expected import Comparing
from gateway.exchange.batch.hands import Hand
from gateway.exchange.batch.reading import Reading
from gateway.exchange.batch.records import Records
from gateway.exchange.batch.slices import MAX_HELD, Slices
from gateway.exchange.directory import Directory
from gateway.store.batches import release_all
from gateway.store.unit_of_work import Writing
from gateway.validation.library import SchemaLibrary

_log = structlog.get_logger("simojo.batches")


class BatchWork(Slices):
    """Works on agencies' files. One for the process, called by one thread at a time."""

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
        super().__init__(
            casework=casework, unit_of_work=unit_of_work, clock=clock, states=INBOUND_WORK, seconds=seconds
        )
        self._library = library
        self._reading = Reading(
            directory=directory,
            library=library,
            casework=casework,
            records=Records(casework, library),
            moves=self._moves,
            clock=clock,
            seconds=seconds,
        )
        self._comparing = Comparing(directory, casework, self._moves, clock)

    def recover(self) -> None:
        """Take back every claim: this is the only process on the store, and it has just begun."""
        self._unit_of_work.within(release_all)

    # --- slices -------------------------------------------------------------------------------------------------------

    def _slice(self, hand: Hand) -> bool:
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
        if not hand.is_compared:
            self._comparing.look_on(hand)
            return True
        if not self._digest(hand, RESULTS, row.result_size):
            return True
        digest = hand.digest.hexdigest()
        self._moves.carry_out(final_plan(row, digest, self._casework, self._library, self._clock()))
        _log.info("batch-ended", batch=row.id, state=row.ends_as, read=row.read, failed=row.failed)
        return False

    def _ends(self, hand: Hand, state: BatchState, cause: str | None) -> bool:
        self._moves.moved(hand, state=BatchState.CLOSING.value, ends_as=state.value, cause=cause)
        return True
