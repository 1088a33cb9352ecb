"""Plans that wait to be written, in the order in which they came.

Two plans that stand on the same row never share a transaction, nor are they under way at once: the later one waits,
and its guards then see the first one's effect. Guards alone may share a row with each other.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Hashable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from gateway.domain.errors import HubBusy
from gateway.store.plan import Change, Outcome, Plan, Standing, examined

CROWD = 3
"""With so many plans at a time, written and waiting, a writer gathers more of them before it begins a transaction."""

GATHER_S = 0.002
"""How long it gathers at most: about as long as a flush of the disk. Who comes alone never waits for others."""

GATHERED = 16
"""So many are enough: more of them would make each little cheaper."""


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
        self._changing: set[Hashable] = set()
        self._looking: dict[Hashable, int] = {}
        lock = threading.Lock()
        self._moved = threading.Condition(lock)
        self._gathered = threading.Condition(lock)
        self._crowd = 0
        self._closed = False

    def put(self, plan: Plan) -> Future[Outcome]:
        """Queue a plan. Raises HubBusy when the queue is full or closed, ValueError for one that contradicts itself."""
        work = Work(*examined(plan))
        with self._moved:
            if self._closed:
                raise HubBusy("the store is closing; send again in a moment", after_s=5)
            if len(self._plans) >= self._limit:
                raise HubBusy("more changes wait for the store than it can take; send again in a moment", after_s=1)
            self._plans.append(work)
            if len(self._plans) == GATHERED:
                self._gathered.notify_all()
            self._moved.notify()
        return work.outcome

    def take(self) -> list[Work]:
        """The next plans that may share a transaction, waiting for the first; empty once closed and drained.

        They are under way until `done` is told.
        """
        with self._moved:
            self._moved.wait_for(self._has_a_turn)
            if self._crowd >= CROWD:
                self._gathered.wait_for(self._is_enough, GATHER_S)
                self._moved.wait_for(self._has_a_turn)  # another writer may have taken them meanwhile
            taken: list[Work] = []
            while self._free() and len(taken) < self._batch:
                work = self._plans.popleft()
                self._changing.update(work.on.changes)
                for row in work.on.looks:
                    self._looking[row] = self._looking.get(row, 0) + 1
                taken.append(work)
            if self._plans:
                self._moved.notify()  # another writer may have a turn already
            return taken

    def done(self, taken: Sequence[Work]) -> None:
        """Those plans are written, or will not be."""
        with self._moved:
            self._crowd = len(taken) + len(self._plans)
            for work in taken:
                self._changing -= work.on.changes  # nobody else under way changes those
                for row in work.on.looks:
                    self._looking[row] -= 1
                    if not self._looking[row]:
                        del self._looking[row]
            self._moved.notify_all()

    def close(self) -> None:
        """Take no more plans."""
        with self._moved:
            self._closed = True
            self._gathered.notify_all()
            self._moved.notify_all()

    def _has_a_turn(self) -> bool:
        return self._free() or (self._closed and not self._plans)

    def _is_enough(self) -> bool:
        return self._closed or len(self._plans) >= GATHERED

    def _free(self) -> bool:
        """Whether there is a next plan, and nothing under way stands where it does."""
        if not self._plans:
            return False
        on = self._plans[0].on
        return (
            self._changing.isdisjoint(on.changes)
            and self._changing.isdisjoint(on.looks)
            and on.changes.isdisjoint(self._looking)
        )
