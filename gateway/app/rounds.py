"""What one process does beside requests, from its start to its end.

    couriers      deliver; woken by this process's own commits, and by `listening` for those of others
    led           what has to run once on a store: only while this process leads
    anywhere      what any number of processes may do at once

The end, in this order: nothing new is begun; what was claimed and not begun is given back; the lead is let go as soon
as what it was for is finished; what is under way is waited for.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from gateway.operations.threads import Loop
from gateway.store.leadership import Leadership
from gateway.store.listening import Listening


class Delivering(Protocol):
    """The delivery threads."""

    def start(self) -> None:
        """Begin."""
        ...

    def wake(self) -> None:
        """Something may be due: look at once."""
        ...

    def stop(self) -> None:
        """Give back what was not begun, finish what is under way, then end."""
        ...


@dataclass(frozen=True)
class Round:
    """Work that comes again: `work` says True when there is more to do at once, else it rests for `interval_s`."""

    name: str
    work: Callable[[], bool | None]
    interval_s: float


class Rounds:
    """Runs them. `listening` is None where no other process can have made anything."""

    def __init__(
        self,
        *,
        couriers: Delivering,
        leadership: Leadership,
        led: Sequence[Round],
        anywhere: Sequence[Round],
        listening: Listening | None,
    ) -> None:
        self._couriers = couriers
        self._leadership = leadership
        self._listening = listening
        self._led = [Loop(each.name, partial(self._if_leading, each.work), each.interval_s) for each in led]
        self._anywhere = [Loop(each.name, each.work, each.interval_s) for each in anywhere]

    def start(self) -> None:
        """Begin."""
        for loop in (*self._led, *self._anywhere):
            loop.start()
        self._leadership.start(self._lead_taken)
        self._couriers.start()
        if self._listening is not None:
            self._listening.start()

    def stop(self) -> None:
        """End, as the module says; takes as long as the longest call that is under way."""
        for loop in (*self._led, *self._anywhere):
            loop.tell_to_end()
        delivering = threading.Thread(target=self._couriers.stop, name="couriers-end", daemon=True)
        delivering.start()
        for loop in self._led:
            loop.stop()
        self._leadership.stop()
        for loop in self._anywhere:
            loop.stop()
        if self._listening is not None:
            self._listening.stop()
        delivering.join()

    def _if_leading(self, work: Callable[[], bool | None]) -> bool | None:
        return self._leadership.leads and work()

    def _lead_taken(self) -> None:
        for loop in self._led:
            loop.wake()
