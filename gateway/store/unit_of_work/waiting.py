"""Plans that wait to be written, in the order in which they came.

Two plans that stand on the same row never share a transaction: the later one waits for the next, and its guards then
see the first one's effect. Guards alone may share a row with each other, and so may additions.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Hashable
from concurrent.futures import Future
from dataclasses import dataclass, field

from gateway.domain.errors import HubBusy
from gateway.store.plan import Change, Outcome, Plan, Standing, examined

CROWD = 3
"""With so many plans at a time, written and waiting, the writer gathers more of them before it begins a transaction."""

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


class _Shared:
    """The rows on which the plans of one transaction stand, and to whom else each is closed."""

    def __init__(self) -> None:
        self._to_changes: set[Hashable] = set()
        self._to_looks: set[Hashable] = set()
        self._to_adds: set[Hashable] = set()

    def has_room_for(self, on: Standing) -> bool:
        """Whether a plan that stands there may come to them."""
        return (
            self._to_changes.isdisjoint(on.changes)
            and self._to_looks.isdisjoint(on.looks)
            and self._to_adds.isdisjoint(on.adds)
        )

    def add(self, on: Standing) -> None:
        """It has come."""
        self._to_changes.update(on.changes, on.looks, on.adds)
        self._to_looks.update(on.changes, on.adds)
        self._to_adds.update(on.changes, on.looks)


class Waiting:
    """The queue. Many threads put plans into it, one takes them.

    Bounded, since a queue without an end only hides that none is near.
    """

    def __init__(self, *, batch: int, limit: int) -> None:
        self._batch = batch
        self._limit = limit
        self._plans: deque[Work] = deque()
        lock = threading.Lock()
        self._moved = threading.Condition(lock)
        self._gathered = threading.Condition(lock)
        self._written = 0
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
                self._gathered.notify()
            self._moved.notify()
        return work.outcome

    def take(self) -> list[Work]:
        """The next plans that may share a transaction, waiting for the first; empty once closed and drained.

        Who takes comes again when those are written, or will not be.
        """
        with self._moved:
            is_crowd = self._written + len(self._plans) >= CROWD
            self._moved.wait_for(self._has_a_turn)
            if is_crowd:
                self._gathered.wait_for(self._is_enough, GATHER_S)
            taken: list[Work] = []
            shared = _Shared()
            while self._plans and len(taken) < self._batch and shared.has_room_for(self._plans[0].on):
                work = self._plans.popleft()
                shared.add(work.on)
                taken.append(work)
            self._written = len(taken)
            return taken

    def close(self) -> None:
        """Take no more plans."""
        with self._moved:
            self._closed = True
            self._gathered.notify()
            self._moved.notify()

    def _has_a_turn(self) -> bool:
        return bool(self._plans) or self._closed

    def _is_enough(self) -> bool:
        return self._closed or len(self._plans) >= GATHERED
