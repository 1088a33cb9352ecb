"""The pieces of the office's file, from the byte that the agency names.

Whoever takes a file over, and whoever failed, asks first how far the upload is: an answer that was lost may have been a
yes. Nothing is sent from memory: what the row says is what the agency said last.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from gateway.domain.errors import AgencyUnavailable
from gateway.exchange.batch.documents import FILE, BatchState
from gateway.exchange.batch.hands import Hand, buffered
from gateway.exchange.batch.moves import Moves
from gateway.exchange.batch.office.calls import Calls
from gateway.exchange.batch.pieces import Pieces
from gateway.exchange.batch.slices import SLICE_S
from gateway.store.reading import Reader

FIRST_LOOK = timedelta(seconds=5)
"""When the agency is first asked what became of a file."""


class Sending:
    """Sends pieces. For one thread at a time; `draw_out` lets the claim hold for a call of so long."""

    def __init__(
        self,
        *,
        calls: Calls,
        reader: Reader,
        moves: Moves,
        clock: Callable[[], datetime],
        seconds: Callable[[], float],
        draw_out: Callable[[Hand, timedelta], None],
    ) -> None:
        self._calls = calls
        self._reader = reader
        self._moves = moves
        self._clock = clock
        self._seconds = seconds
        self._draw_out = draw_out

    def send(self, hand: Hand) -> bool:
        """Send for a slice; False once all is there. Raises AgencyUnavailable, AgencyRefused, Held, Lost, HubBusy."""
        under = self._calls.under(hand.row)
        ends_s = self._seconds() + SLICE_S
        if not hand.is_known:
            self._has(hand, self._calls.offset(hand.row, under, self._clock()))
            hand.is_known = True
        source = buffered(Pieces(self._reader, hand.row.id, FILE, hand.row.size))
        while hand.row.received < hand.row.size:
            self._draw_out(hand, under.timeout)
            source.seek(hand.row.received)
            piece = source.read(hand.row.piece_size)
            found = self._calls.append(hand.row, under, piece, self._clock())
            if found == hand.row.received:
                raise AgencyUnavailable(
                    f"the agency took nothing of a piece from byte {found} on", code="upload-offset"
                )
            self._has(hand, found)
            if self._seconds() > ends_s:
                return True
        looks_at = self._clock() + FIRST_LOOK
        waits = self._moves.guarded(hand, state=BatchState.AWAITING.value, due_at=looks_at, lease_until=None)
        self._moves.carry_out(waits)
        return False

    def _has(self, hand: Hand, offset: int) -> None:
        """The agency has so many bytes."""
        if offset != hand.row.received:
            self._moves.carry_out(self._moves.guarded(hand, received=offset, tries=0, cause=None))
            self._moves.reread(hand)
