"""How often the check page compares and reads files: it must not become a way to guess what it does not show.

    compare    for one address 20 in an hour, whatever the number; for one number 20 in an hour, whoever asks
    personal   name and location of one number: 10 in an hour with the statement of its QR code, which shows that one
               has the paper; without it 3 in a day
    file       for one address 6 in a minute, for all 30; one file is read at a time

Counted in this process's memory; a hub of several processes allows as much in each.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from limits import RateLimitItem, RateLimitItemPerDay, RateLimitItemPerHour, RateLimitItemPerMinute
from limits.strategies import MovingWindowRateLimiter

from gateway.contract.address import owner_of
from gateway.domain.errors import HubBusy, RateLimited
from gateway.edge.limits import Windows

_ADDRESS = RateLimitItemPerHour(20)
_NUMBER = RateLimitItemPerHour(20)
_HOLDING = RateLimitItemPerHour(10)
_NOT_HOLDING = RateLimitItemPerDay(3)
_FILES = RateLimitItemPerMinute(6)
_ALL_FILES = RateLimitItemPerMinute(30)
_WAIT_S = 5.0


class Tries:
    """Counts tries. `seconds` is a clock that never goes back. For any thread."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._limiter = MovingWindowRateLimiter(Windows(seconds))
        self._seconds = seconds
        self._reading = threading.Lock()

    def compare(self, address: str, number: str, *, personal: bool, holding: bool) -> None:
        """Count a comparison; `personal` when a name or location is in it. Raises RateLimited."""
        self._hit(_ADDRESS, "address", owner_of(address))
        self._hit(_NUMBER, "number", number)
        if personal:
            self._hit(_HOLDING if holding else _NOT_HOLDING, "personal", number)

    @contextmanager
    def reading(self, address: str) -> Iterator[None]:
        """Count a file and read it: one at a time. Raises RateLimited, HubBusy `files-busy`."""
        self._hit(_FILES, "file", owner_of(address))
        self._hit(_ALL_FILES, "files")
        if not self._reading.acquire(timeout=_WAIT_S):
            raise HubBusy("another file is being read; send yours again in a moment", code="files-busy", after_s=10)
        try:
            yield
        finally:
            self._reading.release()

    def _hit(self, rate: RateLimitItem, *key: str) -> None:
        if not self._limiter.hit(rate, *key):
            free_in = self._limiter.get_window_stats(rate, *key).reset_time - self._seconds()
            raise RateLimited(f"more than {rate.amount} checks of this {key[0]}", after_s=max(1, round(free_in)))
