"""The workers of one process: one thread claims, one prepares, the others send. Apart from the web application.

    claimer   claims a batch when about half of what may be in hand is free, and rests when nothing is due: until
              `wake`, until a sender has ended something (a queue's next may go), or until the store says that
              something falls due, a second at most
    preparer  prepares the attempts of what is claimed, as many together as may be under way, and hands their plans to
              the store together; it waits for no COMMIT
    senders   each takes one attempt that is on record by now, calls the agency, hands the plan of its end to the store,
              and comes back; what the store did not take so is concluded by a sender too

A thread that has read so much XML that the names in it are to be let go of (`gateway.trust.interned`) is followed by
another. To prepare takes the interpreter all the time: threads that did so side by side would fight for it, and their
plans would come to the store one by one.

While `may_claim` says no, nothing is claimed, and what is not begun is given back.

`stop` claims no more, gives back what is not begun, and waits for what is under way.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from datetime import datetime
from functools import partial

import structlog
from sqlalchemy.exc import SQLAlchemyError

from gateway.domain.errors import GatewayError
from gateway.exchange.stages import Begun, Called, Claims
from gateway.store.claims import Claimed, Taken
from gateway.trust.interned import has_read_enough

LONGEST_REST_S = 1.0
"""A delivery that another process made, and said nothing of, is found after this at the latest."""

CONTENDED_REST_S = 0.005
"""Another worker is claiming at this moment: look again at once, but do not spin."""

_log = structlog.get_logger("simojo.couriers")


class Couriers:
    """Claims and sends from `start` to `stop`. So many `senders`: as many may be under way, as many again lie ready."""

    def __init__(
        self,
        claims: Claims,
        prepare: Callable[[Claimed], Begun | None],
        *,
        senders: int,
        clock: Callable[[], datetime],
        may_claim: Callable[[], bool],
    ) -> None:
        self._claims = claims
        self._prepare = prepare
        self._senders = senders
        self._clock = clock
        self._may_claim = may_claim
        self._lock = threading.Lock()
        self._room_to_begin = threading.Condition(self._lock)
        """Something lies ready and there is room under way for it, or the end has come."""
        self._work = threading.Condition(self._lock)
        """There is a step for a sender, or the end has come."""
        self._rest = threading.Condition(self._lock)
        """Something was made, something ended, or the end has come."""
        self._ready: deque[Claimed] = deque()
        self._steps: deque[Callable[[], bool]] = deque()
        """What senders are to do next; each says whether its delivery is over by it."""
        self._to_call = 0
        """Of what is under way, how many are on their way to their call, or in it: no more than there are senders."""
        self._under_way = 0
        self._stirred = False
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begin. Without senders nothing is claimed."""
        if self._senders < 1:
            return
        senders = ((f"courier-{n}", self._send) for n in range(self._senders))
        names = [("claimer", self._claim), ("preparer", self._begin), *senders]
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
            self._room_to_begin.notify_all()
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
                self._room_to_begin.notify()
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
        """Take what is not begun out of the preparer's reach."""
        with self._lock:
            left = list(self._ready)
            self._ready.clear()
        return left

    def _give_back(self, claimed: list[Claimed]) -> None:
        try:
            self._claims.release(claimed)
        except (GatewayError, SQLAlchemyError) as fault:  # their leases run out
            _failed("claimer", fault)

    # --- preparing ------------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        while batch := self._batch():
            prepared = [self._prepared(claimed) for claimed in batch]
            for begun in prepared:
                if begun is not None:  # together, once all are prepared: so they share a transaction
                    self._submit(begun)
            if has_read_enough():
                self._follow(self._begin)
                return

    def _batch(self) -> list[Claimed]:
        """What may be begun now; empty when the end has come."""
        with self._lock:
            self._room_to_begin.wait_for(
                lambda: self._stopping.is_set() or (self._ready and self._to_call < self._senders)
            )
            if self._stopping.is_set():
                return []
            batch = [self._ready.popleft() for _ in range(min(len(self._ready), self._senders - self._to_call))]
            self._to_call += len(batch)
            self._under_way += len(batch)
            return batch

    def _prepared(self, claimed: Claimed) -> Begun | None:
        begun: Begun | None = None
        try:
            begun = self._prepare(claimed)
        except Exception as fault:  # noqa: BLE001 - the thread must live; the claim's lease runs out
            _failed("preparer", fault)
        if begun is None:
            self._was_called()
            self._ended()
        return begun

    def _submit(self, begun: Begun) -> None:
        try:
            outcome = begun.submit()
        except Exception as fault:  # noqa: BLE001 - as above
            _failed("preparer", fault)
            self._was_called()
            self._ended()
        else:
            outcome.add_done_callback(lambda _: self._next_is(partial(self._call, begun)))

    # --- sending --------------------------------------------------------------------------------------------------

    def _send(self) -> None:
        while (step := self._next()) is not None:
            over = True
            try:
                over = step()
            except Exception as fault:  # noqa: BLE001 - the thread must live; the claim's lease runs out
                _failed("courier", fault)
            if over:
                self._ended()
            if has_read_enough():
                self._follow(self._send)
                return

    def _call(self, begun: Begun) -> bool:
        try:
            called = begun.call()
        finally:
            self._was_called()
        if called is None:
            return True
        if called.outcome is None:
            return self._conclude(called)
        called.outcome.add_done_callback(lambda _: self._told(called))
        return False

    def _conclude(self, called: Called) -> bool:
        called.conclude()
        return True

    def _told(self, called: Called) -> None:
        """In the store's thread: its end is durable, or it is not and a sender is to conclude it."""
        if called.is_kept():
            self._ended()
        else:
            self._next_is(partial(self._conclude, called))

    def _follow(self, run: Callable[[], None]) -> None:
        """Let another thread take this one's place; `stop` waits for it too."""
        ending = threading.current_thread()
        following = threading.Thread(target=run, name=ending.name, daemon=True)
        with self._lock:
            self._threads[self._threads.index(ending)] = following
            following.start()

    def _alive(self) -> list[threading.Thread]:
        with self._lock:
            return [thread for thread in self._threads if thread.is_alive()]

    def _next_is(self, step: Callable[[], bool]) -> None:
        with self._lock:
            self._steps.append(step)
            self._work.notify()

    def _next(self) -> Callable[[], bool] | None:
        """The next step, once there is one; None when the end has come and nothing is under way any more."""
        with self._lock:
            self._work.wait_for(lambda: self._steps or (self._stopping.is_set() and self._under_way == 0))
            return self._steps.popleft() if self._steps else None

    def _was_called(self) -> None:
        with self._lock:
            self._to_call -= 1
            self._room_to_begin.notify()

    def _ended(self) -> None:
        with self._lock:
            self._under_way -= 1
            self._stirred = True
            self._rest.notify()
            if self._stopping.is_set() and self._under_way == 0:
                self._work.notify_all()


def _failed(who: str, fault: Exception) -> None:
    """Log it. Of an error that is not ours the text is left out, since it may quote personal data."""
    code = fault.code if isinstance(fault, GatewayError) else type(fault).__name__
    _log.error("delivering-failed", who=who, code=code, error=fault.text if isinstance(fault, GatewayError) else "")
