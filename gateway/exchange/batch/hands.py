"""The batches that this process has claimed, and what it has open of each: nothing that the store has not."""

from __future__ import annotations

import hashlib
import io
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from gateway.exchange.batch.told import Told
from gateway.store.batches import claim, release
from gateway.store.reading import Reader
from gateway.store.tables import BatchRow
from gateway.store.unit_of_work import Transactions
from gateway.validation.record_files import ReadRecord

if TYPE_CHECKING:
    from hashlib import _Hash

HANDS = 4
"""Batches that one process works on by turns: a large one does not keep small ones waiting."""

PORTION = 200
"""Records of one plan, at most."""


@dataclass
class Hand:
    """One claimed batch. `pending` are records that were read and are in no plan yet, in their order.

    `portion`: how many records the next plan may have. `digest` is over the first `digested` bytes of the side that is
    being verified. `compared` is the last fact that was held against what the file named, and `is_compared` says that
    all were. Of the office's own file `told` are the records that the result was read to name, and `is_known`
    says whether the agency has told this process how far the upload is.
    """

    row: BatchRow
    fence: int
    records: Iterator[ReadRecord] | None = None
    pending: deque[ReadRecord] = field(default_factory=deque)
    is_over: bool = False
    broken: str = ""
    portion: int = PORTION
    digest: _Hash = field(default_factory=hashlib.sha256)
    digested: int = 0
    told: Told | None = None
    is_known: bool = False
    compared: tuple[datetime, str, int] | None = None
    is_compared: bool = False

    def let_go(self) -> None:
        """Forget what was read and is in no plan."""
        self.records, self.is_over, self.broken, self.told = None, False, "", None
        self.pending.clear()


class Hands:
    """Claims batches in one of these states, and takes them by turns. For one thread."""

    def __init__(
        self, reader: Reader, transactions: Transactions, clock: Callable[[], datetime], states: Sequence[str]
    ) -> None:
        self._states = states
        self._reader = reader
        self._transactions = transactions
        self._clock = clock
        self._held: OrderedDict[str, Hand] = OrderedDict()

    def next(self) -> Hand | None:
        """The batch whose turn it is, as it stands now; None when there is nothing to do. Raises HubBusy.

        It is in the hands no more: `keep` puts it back behind the others.
        """
        self._claim()
        while self._held:
            batch, hand = self._held.popitem(last=False)
            row = self._reader.batch(batch)
            if row is not None and row.fence == hand.fence and row.lease_until is not None:
                hand.row = row
                return hand
        return None

    def keep(self, hand: Hand) -> None:
        """There is more to do with it."""
        self._held[hand.row.id] = hand

    def release(self) -> None:
        """Give everything back: another process may go on at once. Raises HubBusy."""
        while self._held:
            batch, hand = self._held.popitem()
            self._transactions.within(partial(release, batch=batch, fence=hand.fence))

    def _claim(self) -> None:
        room, now = HANDS - len(self._held), self._clock()
        if room < 1 or not self._reader.batch_is_due(now, self._states):
            return
        for batch in self._transactions.within(partial(claim, now=now, limit=room, states=self._states)):
            row = self._reader.batch(batch)
            if row is not None:
                self._held[batch] = Hand(row=row, fence=row.fence)


def buffered(raw: io.RawIOBase) -> io.BufferedReader:
    """A stream that reads ahead by little: a piece is in memory already."""
    return io.BufferedReader(raw, 64 * 1024)
