"""What the workers of one process have in hand: claimed and lying ready, or under way. One lock guards all of it.

    room, gather, rest     what the claimer waits for
    may_begin              what the preparer waits for
    step                   what senders wait for

Who waits is told only of what lets him go on: a thread that wakes for nothing takes the interpreter from one at work.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import TypeAlias

from gateway.store.claims import Claimed

Step: TypeAlias = Callable[[], bool]
"""What a sender is to do next; it says whether its delivery is over by it."""

_NEVER = -1


class InHand:
    """So many `senders`: as many may be under way to their calls, twice as many in hand. Safe to use from all threads.

    One thread alone claims.
    """

    def __init__(self, senders: int) -> None:
        self._senders = senders
        self._lock = threading.Lock()
        self._to_prepare = threading.Condition(self._lock)
        self._to_do = threading.Condition(self._lock)
        self._to_claim = threading.Condition(self._lock)
        self._ready: deque[Claimed] = deque()
        self._steps: deque[Step] = deque()
        self._to_call = 0
        """Of what is under way, how many are on their way to their call, or in it."""
        self._under_way = 0
        self._tell_at = _NEVER
        """The claimer is told of an end when no more than this is in hand then."""
        self._rests = False
        self._stirred = False
        self._stopping = threading.Event()

    @property
    def stops(self) -> bool:
        """Whether the end has come."""
        return self._stopping.is_set()

    def pause(self, seconds: float) -> bool:
        """Wait; False when the end has come."""
        return not self._stopping.wait(seconds)

    def stop(self) -> None:
        """The end has come: nothing more is put, begun or waited for; what is under way ends."""
        self._stopping.set()
        with self._lock:
            self._to_prepare.notify_all()
            self._to_do.notify_all()
            self._to_claim.notify_all()

    # --- for the claimer ------------------------------------------------------------------------------------------

    def room(self, longest_s: float) -> int:
        """How many may be claimed, once that is at least half of what may be in hand; 0 after so many seconds."""
        with self._lock:
            self._tell_at = self._senders
            free = self._to_claim.wait_for(lambda: self._count() <= self._senders or self.stops, longest_s)
            self._tell_at = _NEVER
            self._stirred = False  # whatever stirs from here on is seen by no look that has begun
            return 2 * self._senders - self._count() if free and not self.stops else 0

    def gather(self, longest_s: float, *, to_the_last: bool) -> None:
        """Wait so many seconds; `to_the_last`: or until nothing is in hand."""
        with self._lock:
            self._tell_at = 0 if to_the_last else _NEVER
            self._to_claim.wait_for(lambda: self.stops or (to_the_last and self._count() == 0), longest_s)
            self._tell_at = _NEVER

    def rest(self, longest_s: float) -> None:
        """Wait until something may be due that was not when `room` was asked: so long, unless `stir` or an end."""
        with self._lock:
            self._rests = True
            self._to_claim.wait_for(lambda: self._stirred or self.stops, longest_s)
            self._rests = False

    def stir(self) -> None:
        """Something may be due."""
        with self._lock:
            self._stir()

    def put(self, claimed: Sequence[Claimed]) -> bool:
        """Lay them ready; False, and nothing done, when the end has come."""
        with self._lock:
            if self.stops:
                return False
            self._ready.extend(claimed)
            self._to_prepare.notify()
            return True

    def unbegun(self) -> list[Claimed]:
        """Take what is not begun out of the preparer's reach."""
        with self._lock:
            left = list(self._ready)
            self._ready.clear()
            return left

    # --- for the preparer -----------------------------------------------------------------------------------------

    def may_begin(self) -> bool:
        """Wait until something may be begun; False when the end has come."""
        with self._lock:
            self._to_prepare.wait_for(lambda: self.stops or self._may_begin())
            return not self.stops

    def begin(self) -> Claimed | None:
        """One that may be begun now, from here on under way; None when there is none, or the end has come."""
        with self._lock:
            if self.stops or not self._may_begin():
                return None
            self._to_call += 1
            self._under_way += 1
            return self._ready.popleft()

    # --- for the senders ------------------------------------------------------------------------------------------

    def next_is(self, step: Step) -> None:
        """Let a sender do this."""
        with self._lock:
            self._steps.append(step)
            self._to_do.notify()

    def step(self) -> Step | None:
        """The next step, once there is one; None when the end has come and nothing is under way any more."""
        with self._lock:
            self._to_do.wait_for(lambda: self._steps or (self.stops and self._under_way == 0))
            return self._steps.popleft() if self._steps else None

    def was_called(self) -> None:
        """One that is under way is past its call, or comes to none."""
        with self._lock:
            self._to_call -= 1
            if self._may_begin():
                self._to_prepare.notify()

    def ended(self) -> None:
        """One that was under way is over: what stood behind it in its queue may go."""
        with self._lock:
            self._under_way -= 1
            self._stir()
            if self._count() <= self._tell_at:
                self._to_claim.notify()
            if self.stops and self._under_way == 0:
                self._to_do.notify_all()

    # --- within ---------------------------------------------------------------------------------------------------

    def _count(self) -> int:
        return len(self._ready) + self._under_way

    def _may_begin(self) -> bool:
        return bool(self._ready) and self._to_call < self._senders

    def _stir(self) -> None:
        self._stirred = True
        if self._rests:
            self._to_claim.notify()
