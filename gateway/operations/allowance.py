"""How many costly things may be had in a minute, by the owner of one address and by all of them together."""

from __future__ import annotations

import threading
from datetime import datetime

from gateway.contract.address import owner_of


class Allowance:
    """Counts what was taken in the current minute; safe to use from many threads.

    What is kept is bounded: the owners of one minute, and of those no more than `in_all` can have taken anything.
    """

    def __init__(self, *, each: int, in_all: int) -> None:
        self.each = each
        self._in_all = in_all
        self._lock = threading.Lock()
        self._minute: datetime | None = None
        self._taken: dict[str, int] = {}

    def take(self, address: str, at: datetime) -> bool:
        """Take one for the owner of this address; False when it, or all together, had their share of this minute."""
        owner = owner_of(address)
        minute = at.replace(second=0, microsecond=0)
        with self._lock:
            if minute != self._minute:
                self._minute, self._taken = minute, {}
            taken = self._taken.get(owner, 0)
            if taken >= self.each or sum(self._taken.values()) >= self._in_all:
                return False
            self._taken[owner] = taken + 1
            return True
