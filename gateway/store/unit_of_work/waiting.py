"""Plans that wait to be written, in the order in which they came.

Two plans that stand on the same row never share a transaction, nor are they under way at once: the later one waits,
and its guards then see the first one's effect. Guards alone may share a row with each other.
"""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Hashable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from gateway.domain.errors import HubBusy
from gateway.store.plan import Change, Outcome, Plan, Standing, distinct, standing_on


@dataclass(frozen=True)
class Work:
    """A plan that waits: its changes, the rows it stands on, and where its outcome is told."""

    changes: tuple[Change, ...]
    on: Standing
    outcome: Future[Outcome] = field(default_factory=Future)


class Waiting:
    """The queue. Safe to use from many threads; bounded, since a queue without an end only hides that none is near."""

    def __init__(self, *, batch: int, limit: int) -> None:
        self._batch = batch
        self._limit = limit
        self._plans: deque[Work] = deque()
        self._changing: Counter[Hashable] = Counter()
        self._looking: Counter[Hashable] = Counter()
        self._moved = threading.Condition()
        self._closed = False

    def put(self, plan: Plan) -> Future[Outcome]:
        """Queue a plan. Raises HubBusy when the queue is full or closed, ValueError for one that contradicts itself."""
        work = Work(distinct(plan), standing_on(plan))
        with self._moved:
            if self._closed:
                raise HubBusy("the store is closing; send again in a moment", after_s=5)
            if len(self._plans) >= self._limit:
                raise HubBusy("more changes wait for the store than it can take; send again in a moment", after_s=1)
            self._plans.append(work)
            self._moved.notify()
        return work.outcome

    def take(self) -> list[Work]:
        """The next plans that may share a transaction, waiting for the first; empty once closed and drained.

        They are under way until `done` is told.
        """
        with self._moved:
            self._moved.wait_for(lambda: self._free() or (self._closed and not self._plans))
            taken: list[Work] = []
            while self._free() and len(taken) < self._batch:
                work = self._plans.popleft()
                self._changing.update(work.on.changes)
                self._looking.update(work.on.looks)
                taken.append(work)
            if self._plans:
                self._moved.notify()  # another writer may have a turn already
            return taken

    def done(self, taken: Sequence[Work]) -> None:
        """Those plans are written, or will not be."""
        with self._moved:
            for work in taken:
                self._changing.subtract(work.on.changes)
                self._looking.subtract(work.on.looks)
            self._changing += Counter()  # drops what is at nought
            self._looking += Counter()
            self._moved.notify_all()

    def close(self) -> None:
        """Take no more plans."""
        with self._moved:
            self._closed = True
            self._moved.notify_all()

    def _free(self) -> bool:
        """Whether there is a next plan, and nothing under way stands where it does."""
        if not self._plans:
            return False
        on = self._plans[0].on
        return not any(row in self._changing or row in self._looking for row in on.changes) and not any(
            row in self._changing for row in on.looks
        )
