"""Deliveries in the background: one thread, each parcel tried until it arrives, with growing pauses."""

from __future__ import annotations

import heapq
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

FIRST_PAUSE_S = 0.25
LONGEST_PAUSE_S = 15.0


@dataclass(order=True)
class _Parcel:
    due: float
    number: int
    attempt: Callable[[], bool] = field(compare=False)
    failures: int = field(default=0, compare=False)


class Courier:
    """Carries parcels. `elapsed` gives monotonic seconds; an attempt gives True when its parcel has arrived.

    An attempt handles its own failures; it must not raise. `first_pause_s` doubles with each failure of a parcel.
    """

    def __init__(self, elapsed: Callable[[], float], *, first_pause_s: float = FIRST_PAUSE_S) -> None:
        self._elapsed = elapsed
        self._first_pause_s = first_pause_s
        self._parcels: list[_Parcel] = []
        self._taken = 0
        self._changed = threading.Condition()
        self._stopping = False
        self._thread: threading.Thread | None = None

    def send(self, attempt: Callable[[], bool], *, after_s: float = 0.0) -> None:
        """Take a parcel; it is tried after that many seconds, or as soon as the courier runs."""
        with self._changed:
            self._taken += 1
            heapq.heappush(self._parcels, _Parcel(self._elapsed() + after_s, self._taken, attempt))
            self._changed.notify()

    def start(self) -> None:
        """Begin to deliver."""
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="courier", daemon=True)
        self._thread.start()

    def stop(self, timeout_s: float = 5.0) -> None:
        """Finish the attempt in progress and stop; what has not arrived stays in the journal."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(timeout_s)

    def _next(self) -> _Parcel | None:
        with self._changed:
            while not self._stopping:
                pause = self._parcels[0].due - self._elapsed() if self._parcels else None
                if pause is not None and pause <= 0:
                    return heapq.heappop(self._parcels)
                self._changed.wait(pause)
            return None

    def _run(self) -> None:
        while (parcel := self._next()) is not None:
            if parcel.attempt():
                continue
            parcel.failures += 1
            pause = min(self._first_pause_s * 2 ** min(parcel.failures - 1, 16), LONGEST_PAUSE_S)
            with self._changed:
                parcel.due = self._elapsed() + pause
                heapq.heappush(self._parcels, parcel)
