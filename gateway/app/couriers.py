"""The delivery threads of one process."""

from __future__ import annotations

import random

from gateway.exchange.outbound import Outbound
from gateway.operations.threads import Loop

LOOK_S = 0.5
"""A delivery of which nobody told is found after this at the latest."""


class Couriers:
    """Deliver what is due, `senders` threads at once, from `start` to `stop`."""

    def __init__(self, outbound: Outbound, *, senders: int) -> None:
        self._outbound = outbound
        self._loops = [Loop(f"courier-{number}", self._one, LOOK_S) for number in range(senders)]

    def start(self) -> None:
        """Begin. Without senders nothing is delivered here."""
        for loop in self._loops:
            loop.start()

    def wake(self) -> None:
        """Something may be due: look at once."""
        for loop in self._loops:
            loop.wake()

    def stop(self) -> None:
        """Begin no more, and finish what is under way."""
        for loop in self._loops:
            loop.tell_to_end()
        for loop in self._loops:
            loop.stop()

    def _one(self) -> bool:
        due = self._outbound.due(limit=len(self._loops) * 2)
        # workers look at different ends first, so that they seldom reach for the same delivery
        random.shuffle(due)
        return bool(due) and self._outbound.deliver(due[0])
