"""The work on claimed batches, a slice at a time: what is the same for the files of agencies and for the office's own.

What the agreement forbids for now (the agency is suspended), and what an agency's queue cannot take, lets a batch
wait, with the reason in its row. So does a fault that nobody foresaw. Nothing is lost by waiting.
"""

from __future__ import annotations

import time
import traceback
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import structlog

from gateway.casework.desk import Casework
from gateway.domain.errors import GatewayError, HubBusy, Misconfigured, Unauthorised
from gateway.exchange.batch.hands import Hand, Hands
from gateway.exchange.batch.moves import Lost, Moves
from gateway.exchange.batch.pieces import chunks
from gateway.store.batches import LEASE
from gateway.store.unit_of_work import Writing

SLICE_S = 1.0
"""A slice ends after this time, some milliseconds more or less."""

MAX_HELD = 1000
"""With so many records put aside no more are read: the mapping is to be mended first."""

PAUSE_S = 30.0
LONG_PAUSE_S = 300.0

_log = structlog.get_logger("simojo.batches")


class Slices(ABC):
    """Works on batches in one of these states. One for the process, called by one thread at a time.

    `seconds` is a clock that is never set.
    """

    def __init__(
        self,
        *,
        casework: Casework,
        unit_of_work: Writing,
        clock: Callable[[], datetime],
        states: Sequence[str],
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._casework = casework
        self._reader = casework.reader
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._seconds = seconds
        self._hands = Hands(casework.reader, unit_of_work, clock, states)
        self._moves = Moves(casework.reader, casework.vault, unit_of_work)

    def run_once(self) -> bool:
        """Do one slice of one batch; whether there may be more to do at once. Raises HubBusy."""
        hand = self._hands.next()
        if hand is None:
            return False
        try:
            self._draw_out(hand)
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

    @abstractmethod
    def _slice(self, hand: Hand) -> bool:
        """Whether there is more to do with it now."""

    # --- within a slice -----------------------------------------------------------------------------------------------

    def _digest(self, hand: Hand, side: str, size: int) -> bool:
        """Read on for a slice; whether the digest of that side is over all of it."""
        ends_s = self._seconds() + SLICE_S
        for body in chunks(self._reader, hand.row.id, side, size, hand.digested):
            hand.digest.update(body)
            hand.digested += len(body)
            if self._seconds() > ends_s:
                break
        return hand.digested >= size

    def _draw_out(self, hand: Hand, longest: timedelta = timedelta(0)) -> None:
        """Let the claim hold on, where it would end soon; `longest` is what the next call may take."""
        lease, now = hand.row.lease_until, self._clock()
        if lease is None or lease - now < longest + LEASE / 2:
            self._moves.carry_out(self._moves.guarded(hand, lease_until=now + longest + LEASE))
            self._moves.reread(hand)

    def _wait_for_held(self, hand: Hand, cause: str | None) -> bool:
        due_at = self._reader.next_held(hand.row.id) or self._clock()
        self._moves.carry_out(self._moves.guarded(hand, due_at=due_at, lease_until=None, cause=cause))
        return False

    def _pause(self, hand: Hand, seconds: float, cause: str | None, **values: object) -> None:
        """Let it wait so long, with further values of its row."""
        later = self._clock() + timedelta(seconds=seconds)
        said = None if cause is None else cause[:1000]
        waits = self._moves.guarded(hand, due_at=later, lease_until=None, cause=said, **values)
        try:
            self._moves.carry_out(waits)
        except Lost:
            return
        if said is not None:
            _log.warning("batch-waits", batch=hand.row.id)
