"""The workers of one process: one thread claims, one prepares, the others send. Apart from the web application.

    claimer   claims a batch when about half of what may be in hand is free. A look costs about the same whether it
              brings one or thirty, so one that brought less than there was room for (no more is due, or the agencies
              have as much as they agreed to take at once) is followed by the next a little later. When nothing is due
              it rests: until `wake`, until a sender has ended something (a queue's next may go), or until the store
              says that something falls due, a second at most
    preparer  prepares the attempts of what is claimed, no more than may be under way, and hands their plans to the
              store in portions (`gateway.exchange.preparer`). When one of its preparations stands still, the claimer
              starts another in its place, MOST_PREPARERS at most at once
    senders   each takes one attempt that is on record by now, calls the agency, hands the plan of its end to the store,
              and comes back; what the store did not take so is concluded by a sender too

A thread that has read so much XML that the names in it are to be let go of (`gateway.trust.interned`) is followed by
another; while the system gives none, it goes on.

While `may_claim` says no, nothing is claimed, and what is not begun is given back.

`stop` claims no more, gives back what is not begun, and waits for what is under way.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

import structlog
from sqlalchemy.exc import SQLAlchemyError

from gateway.domain.errors import GatewayError
from gateway.exchange.in_hand import InHand
from gateway.exchange.preparer import Prepare, Preparer
from gateway.exchange.stages import Begun, Called, Claims
from gateway.store.claims import Claimed, Taken
from gateway.store.pending import once_told
from gateway.trust.interned import has_read_enough

LONGEST_REST_S = 1.0
"""A delivery that another process made, and said nothing of, is found after this at the latest."""

GATHER_S = 0.03
"""The time between two looks of which the first left room; what ends or is made meanwhile is claimed together.

It is not waited for when all that was claimed is over: what stands behind it in its queue goes at once.
"""

MOST_PREPARERS = 4
"""When so many preparations of a process stand still, it prepares nothing until one of them ends."""

_log = structlog.get_logger("simojo.couriers")


class Couriers:
    """Claims and sends from `start` to `stop`. So many `senders`: as many may be under way, as many again lie ready.

    `preparer` is asked for what prepares the attempts of a portion. `seconds`: a steady clock.
    """

    def __init__(
        self,
        claims: Claims,
        preparer: Callable[[], Prepare],
        *,
        senders: int,
        clock: Callable[[], datetime],
        may_claim: Callable[[], bool],
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._claims = claims
        self._prepares = preparer
        self._senders = senders
        self._clock = clock
        self._may_claim = may_claim
        self._in_hand = InHand(senders)
        self._seconds = seconds
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._preparers: list[Preparer] = []
        """Those that run; the last of them is the one that goes on."""

    def start(self) -> None:
        """Begin. Without senders nothing is claimed."""
        if self._senders < 1:
            return
        self._preparers = [self._new_preparer()]
        runs: dict[str, Callable[[], None]] = {f"courier-{n}": self._send for n in range(self._senders)}
        runs |= {"claimer": self._claim, "preparer": partial(self._begin, self._preparers[0])}
        self._threads = [threading.Thread(target=run, name=name, daemon=True) for name, run in runs.items()]
        for thread in self._threads:
            thread.start()

    def wake(self) -> None:
        """Something may be due: look at once."""
        self._in_hand.stir()

    def pause(self, seconds: float) -> bool:
        """Wait; False when the couriers are to stop."""
        return self._in_hand.pause(seconds)

    def stop(self) -> None:
        """Give back what was not begun, finish what is under way, then end."""
        self._in_hand.stop()
        self._give_back(self._in_hand.unbegun())
        while alive := self._alive():  # each may be followed meanwhile
            alive[0].join()

    def trouble(self) -> str:
        """Why deliveries may stand still in this process, a sentence for staff; "" when all threads do their work."""
        with self._lock:
            ended = sorted({thread.name for thread in self._threads if not thread.is_alive()})
            standing = sum(preparer.stands_still() for preparer in self._preparers)
        if self._in_hand.stops:
            return ""
        if ended:
            return f"threads that deliver have ended ({', '.join(ended)}): start this process again"
        if standing:
            return (
                f"{standing} preparations of deliveries stand still, with {MOST_PREPARERS} this process prepares none:"
                " suspend the agency whose mapping it is, mend the adapter, and start this process again"
            )
        return ""

    # --- claiming -------------------------------------------------------------------------------------------------

    def _claim(self) -> None:
        while not self._in_hand.stops:
            self._mind_preparer()
            room = self._in_hand.room(LONGEST_REST_S)  # 0 from time to time: `may_claim` is asked then
            if not self._may_claim():
                self._give_back(self._in_hand.unbegun())
                self._in_hand.pause(LONGEST_REST_S)
                continue
            if room == 0:
                continue
            try:
                taken = self._claims.take(room)
            except Exception as fault:  # noqa: BLE001 - the thread must live: what is due is still in the store
                _failed("claimer", fault)
                self._in_hand.pause(LONGEST_REST_S)
                continue
            if taken.claimed and not self._in_hand.put(taken.claimed):
                self._give_back(taken.claimed)
            if len(taken.claimed) < room:
                self._in_hand.gather(GATHER_S, to_the_last=bool(taken.claimed))
            if not taken.claimed and not taken.contended:  # else another worker was claiming just then
                self._in_hand.rest(self._rest_s(taken))

    def _rest_s(self, taken: Taken) -> float:
        if taken.again_at is None:
            return LONGEST_REST_S
        return min(LONGEST_REST_S, max(0.0, (taken.again_at - self._clock()).total_seconds()))

    def _give_back(self, claimed: Sequence[Claimed]) -> None:
        try:
            self._claims.release(list(claimed))
        except (GatewayError, SQLAlchemyError) as fault:  # their leases run out
            _failed("claimer", fault)

    # --- preparing ------------------------------------------------------------------------------------------------

    def _begin(self, preparer: Preparer) -> None:
        while preparer.portion():
            if has_read_enough() and self._follow(partial(self._begin, preparer)):
                return
        with self._lock:
            self._preparers.remove(preparer)
            self._threads.remove(threading.current_thread())

    def _new_preparer(self) -> Preparer:
        return Preparer(
            self._in_hand,
            self._prepares,
            submit=self._submit,
            failed=self._not_begun,
            stands_elsewhere=self._stands_still,
            seconds=self._seconds,
        )

    def _stands_still(self, delivery: str) -> bool:
        """Whether a thread that another has followed is still at its preparation."""
        with self._lock:
            return any(each.at == delivery for each in self._preparers[:-1])

    def _mind_preparer(self) -> None:
        """Where a preparation stands still, let what was prepared before it go, and another go on behind it."""
        with self._lock:
            standing = self._preparers[-1] if self._preparers else None  # none once the end has come
            if standing is None or not standing.stands_still():
                return
            follows = len(self._preparers) < MOST_PREPARERS and self._another_prepares()
        if follows:
            standing.replace()
        else:
            standing.hand_over()
        _log.error("preparing-stands-still", followed=follows)

    def _another_prepares(self) -> bool:
        preparer = self._new_preparer()
        following = _started(partial(self._begin, preparer), "preparer")
        if following is not None:
            self._preparers.append(preparer)
            self._threads.append(following)
        return following is not None

    def _submit(self, begun: Begun) -> None:
        try:
            outcome = begun.submit()
        except Exception as fault:  # noqa: BLE001 - the thread must live; the claim's lease runs out
            self._not_begun(fault)
        else:
            call = partial(self._call, begun)
            if outcome is None:
                self._in_hand.next_is(call)
            else:
                once_told(outcome, partial(self._in_hand.next_is, call))

    def _not_begun(self, fault: Exception) -> None:
        _failed("preparer", fault)
        self._in_hand.was_called()
        self._in_hand.ended()

    # --- sending --------------------------------------------------------------------------------------------------

    def _send(self) -> None:
        while (step := self._in_hand.step()) is not None:
            over = True
            try:
                over = step()
            except Exception as fault:  # noqa: BLE001 - the thread must live; the claim's lease runs out
                _failed("courier", fault)
            if over:
                self._in_hand.ended()
            if has_read_enough() and self._follow(self._send):
                return

    def _call(self, begun: Begun) -> bool:
        try:
            called = begun.call()
        finally:
            self._in_hand.was_called()
        if called is None:
            return True
        if called.outcome is None:
            return self._conclude(called)
        once_told(called.outcome, partial(self._told, called))
        return False

    def _conclude(self, called: Called) -> bool:
        called.conclude()
        return True

    def _told(self, called: Called) -> None:
        """In the store's thread: its end is durable, or it is not and a sender is to conclude it."""
        if called.is_kept():
            self._in_hand.ended()
        else:
            self._in_hand.next_is(partial(self._conclude, called))

    def _follow(self, run: Callable[[], None]) -> bool:
        """Let another thread take this one's place; `stop` waits for it too. False when there is none to be had now."""
        ending = threading.current_thread()
        with self._lock:
            following = _started(run, ending.name)
            if following is not None:
                self._threads[self._threads.index(ending)] = following
            return following is not None

    def _alive(self) -> list[threading.Thread]:
        with self._lock:
            return [thread for thread in self._threads if thread.is_alive()]


def _started(run: Callable[[], None], name: str) -> threading.Thread | None:
    """A thread that runs; None, and a word in the log, when the system gives none."""
    thread = threading.Thread(target=run, name=name, daemon=True)
    try:
        thread.start()
    except RuntimeError as fault:
        _failed(name, fault)
        return None
    return thread


def _failed(who: str, fault: Exception) -> None:
    """Log it. Of an error that is not ours the text is left out, since it may quote personal data."""
    code = fault.code if isinstance(fault, GatewayError) else type(fault).__name__
    _log.error("delivering-failed", who=who, code=code, error=fault.text if isinstance(fault, GatewayError) else "")
