"""The workers of one process: one thread claims, the others send. Stands apart from the web application.

    claimer   claims a batch when about half of what may be in hand is free, and rests when nothing is due: until
              `wake`, until a sender has ended something (a queue's next may go), or until the store says that
              something falls due, a second at most
    senders   each takes one claimed delivery, makes its attempt, and comes back; one that has read so much XML that
              the names in it are to be let go of (`gateway.trust.interned`) is followed by another

While `may_claim` says no, nothing is claimed, and what no sender has begun is given back.

`stop` claims no more, gives back what no sender has begun, and waits for what is under way.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

import structlog
from sqlalchemy.exc import SQLAlchemyError

from gateway.domain.errors import GatewayError
from gateway.store.claims import Claimed, Taken
from gateway.trust.interned import has_read_enough

LONGEST_REST_S = 1.0
"""A delivery that another process made, and said nothing of, is found after this at the latest."""

CONTENDED_REST_S = 0.005
"""Another worker is claiming at this moment: look again at once, but do not spin."""

_log = structlog.get_logger("simojo.couriers")


class Claims(Protocol):
    """Where deliveries are claimed."""

    def take(self, wanted: int) -> Taken:
        """Claim up to so many."""
        ...

    def release(self, claimed: list[Claimed]) -> None:
        """Give back what was not begun."""
        ...


class Couriers:
    """Claims and sends from `start` to `stop`. `senders` threads; as many again may lie ready."""

    def __init__(
        self,
        claims: Claims,
        attempt: Callable[[Claimed], bool],
        *,
        senders: int,
        clock: Callable[[], datetime],
        may_claim: Callable[[], bool],
    ) -> None:
        self._claims = claims
        self._attempt = attempt
        self._senders = senders
        self._clock = clock
        self._may_claim = may_claim
        self._lock = threading.Lock()
        self._work = threading.Condition(self._lock)
        """Something lies ready, or the end has come."""
        self._rest = threading.Condition(self._lock)
        """Something was made, something ended, or the end has come."""
        self._ready: deque[Claimed] = deque()
        self._under_way = 0
        self._stirred = False
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begin. Without senders nothing is claimed."""
        if self._senders < 1:
            return
        names = [("claimer", self._claim), *((f"courier-{n}", self._send) for n in range(self._senders))]
        self._threads = [threading.Thread(target=run, name=name, daemon=True) for name, run in names]
        for thread in self._threads:
            thread.start()

    def wake(self) -> None:
        """Something may be due: look at once."""
        with self._lock:
            self._stirred = True
            self._rest.notify()

    def pause(self, seconds: float) -> bool:
        """Wait; False when the couriers are to stop."""
        return not self._stopping.wait(seconds)

    def stop(self) -> None:
        """Give back what was not begun, finish what is under way, then end."""
        self._stopping.set()
        left = self._unbegun()
        with self._lock:
            self._work.notify_all()
            self._rest.notify_all()
        self._give_back(left)
        while alive := self._alive():  # each may be followed meanwhile
            alive[0].join()

    # --- claiming -------------------------------------------------------------------------------------------------

    def _claim(self) -> None:
        while not self._stopping.is_set():
            room = self._room()
            if not self._may_claim():
                self._give_back(self._unbegun())
                self._stopping.wait(LONGEST_REST_S)
                continue
            if room == 0:
                continue
            try:
                taken = self._claims.take(room)
            except Exception as fault:  # noqa: BLE001 - the thread must live: what is due is still in the store
                _failed("claimer", fault)
                self._stopping.wait(LONGEST_REST_S)
                continue
            if taken.claimed:
                self._put(taken.claimed)
            else:
                self._wait(taken)

    def _room(self) -> int:
        """How many may be claimed, once that is at least half of what may be in hand.

        0 when the end has come, and from time to time meanwhile: `may_claim` is asked then.
        """
        most = 2 * self._senders
        with self._lock:
            free = self._rest.wait_for(
                lambda: self._in_hand() <= self._senders or self._stopping.is_set(), LONGEST_REST_S
            )
            self._stirred = False  # whatever stirs from here on is seen by no look that has begun
            return 0 if self._stopping.is_set() or not free else most - self._in_hand()

    def _in_hand(self) -> int:
        return len(self._ready) + self._under_way

    def _put(self, claimed: list[Claimed]) -> None:
        with self._lock:
            if not self._stopping.is_set():
                self._ready.extend(claimed)
                self._work.notify(len(claimed))
                return
        self._give_back(claimed)

    def _wait(self, taken: Taken) -> None:
        rest = LONGEST_REST_S
        if taken.contended:
            rest = CONTENDED_REST_S
        elif taken.again_at is not None:
            rest = min(rest, max(CONTENDED_REST_S, (taken.again_at - self._clock()).total_seconds()))
        with self._lock:
            self._rest.wait_for(lambda: self._stirred or self._stopping.is_set(), rest)

    def _unbegun(self) -> list[Claimed]:
        """Take what no sender has begun out of their reach."""
        with self._lock:
            left = list(self._ready)
            self._ready.clear()
        return left

    def _give_back(self, claimed: list[Claimed]) -> None:
        try:
            self._claims.release(claimed)
        except (GatewayError, SQLAlchemyError) as fault:  # their leases run out
            _failed("claimer", fault)

    # --- sending --------------------------------------------------------------------------------------------------

    def _send(self) -> None:
        while (claimed := self._next()) is not None:
            try:
                self._attempt(claimed)
            except Exception as fault:  # noqa: BLE001 - the thread must live; the claim's lease runs out
                _failed("courier", fault)
            finally:
                self._ended()
            if has_read_enough():
                self._follow()
                return

    def _follow(self) -> None:
        """Let another thread take this one's place; `stop` waits for it too."""
        ending = threading.current_thread()
        following = threading.Thread(target=self._send, name=ending.name, daemon=True)
        with self._lock:
            self._threads[self._threads.index(ending)] = following
            following.start()

    def _alive(self) -> list[threading.Thread]:
        with self._lock:
            return [thread for thread in self._threads if thread.is_alive()]

    def _next(self) -> Claimed | None:
        with self._lock:
            self._work.wait_for(lambda: self._ready or self._stopping.is_set())
            if not self._ready:
                return None
            self._under_way += 1
            return self._ready.popleft()

    def _ended(self) -> None:
        with self._lock:
            self._under_way -= 1
            self._stirred = True
            self._rest.notify()


def _failed(who: str, fault: Exception) -> None:
    """Log it. Of an error that is not ours the text is left out, since it may quote personal data."""
    code = fault.code if isinstance(fault, GatewayError) else type(fault).__name__
    _log.error("delivering-failed", who=who, code=code, error=fault.text if isinstance(fault, GatewayError) else "")
