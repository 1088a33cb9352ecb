"""How much the hub takes at once, and from whom: rates, places for exchanges, memory for bodies.

A rate is a moving window of the `limits` library over a store of ours: it keeps at most `MAX_KEYS` windows, asks a
clock that it was given, and starts no thread. It counts for one process: with several hub processes each counts for
itself, and a sender gets its allowance from each of them.

    per address   before a byte of the body is read; everything but health
    per agency    once the sender is proven, by the agreement's `rate`: nobody can use up an allowance by naming it, nor
                  by sending again what the agency sent, since repeats and what is not let in are counted apart

An exchange needs a place (a thread): it waits a little for one and is asked to come back when there is none. Bodies
that are being read or worked on share a number of bytes, of which one address gets a quarter at most.
"""

from __future__ import annotations

import math
import threading
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from limits import RateLimitItem, RateLimitItemPerMinute, RateLimitItemPerSecond, parse
from limits.storage import MovingWindowSupport, Storage
from limits.strategies import MovingWindowRateLimiter

from gateway.contract.address import owner_of
from gateway.domain.errors import HubBusy, Misconfigured, RateLimited
from gateway.edge.crew import Crew, NoPlace
from gateway.edge.http import BUSY_AFTER_S
from gateway.edge.waiting_room import Gone, WaitingRoom, never
from gateway.store.pending import Going, Waiting

MAX_KEYS = 20_000
"""Windows that are kept; beyond that the one that was used longest ago is forgotten. About 10 MB at 50/second."""

ADDRESS_SHARE = 4
"""One address gets this fraction of the memory for bodies at most."""


_T = TypeVar("_T")


class Windows(Storage, MovingWindowSupport):
    """Moving windows in memory: the times of the last `limit` hits of each key. Safe to use from many threads.

    `seconds` is a clock that never goes back.
    """

    STORAGE_SCHEME = None

    def __init__(self, seconds: Callable[[], float], max_keys: int = MAX_KEYS) -> None:
        super().__init__()
        self._seconds = seconds
        self._max_keys = max_keys
        self._hits: OrderedDict[str, deque[float]] = OrderedDict()
        self._lock = threading.Lock()

    def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Count a hit, unless `limit` of them lie within the last `expiry` seconds."""
        with self._lock:
            now = self._seconds()
            hits = self._hits.setdefault(key, deque(maxlen=limit))
            self._hits.move_to_end(key)
            if len(self._hits) > self._max_keys:
                self._hits.popitem(last=False)
            if amount > limit or (len(hits) + amount > limit and hits[amount - 1] > now - expiry):
                return False
            hits.extend([now] * amount)
            return True

    def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        """The time of the oldest hit that still counts, and how many do."""
        with self._lock:
            now = self._seconds()
            counting = [at for at in list(self._hits.get(key, ()))[-limit:] if at > now - expiry]
            return (counting[0] if counting else now), len(counting)

    def clear(self, key: str) -> None:
        """Forget a window."""
        with self._lock:
            self._hits.pop(key, None)

    def reset(self) -> int | None:
        """Forget all windows; gives how many there were."""
        with self._lock:
            count = len(self._hits)
            self._hits.clear()
            return count

    def check(self) -> bool:
        """Memory is always there."""
        return True

    @property
    def base_exceptions(self) -> type[Exception]:
        """What this storage itself may raise."""
        return ValueError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Fixed windows are not kept here."""
        raise NotImplementedError

    def get(self, key: str) -> int:
        """Fixed windows are not kept here."""
        raise NotImplementedError

    def get_expiry(self, key: str) -> float:
        """Fixed windows are not kept here."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """The numbers. Rates are text such as `50/second` or `600/minute`; "" is no limit. `*_bytes` are bytes."""

    rate_per_address: str = "100/second"
    rate_per_agency: str = "20/second"
    max_exchanges: int = 16
    max_requests_per_address: int = 32
    busy_wait_s: float = 2.0
    body_memory_bytes: int = 64 * 2**20
    max_body_bytes: int = 10 * 2**20
    body_timeout_s: float = 15.0


class Limits:
    """The limits of one hub process. `seconds` is a monotonic clock.

    What is said of addresses and bodies is for the event loop alone; `take` is for any thread. Raises Misconfigured
    `rate-malformed`.
    """

    def __init__(self, bounds: Bounds, seconds: Callable[[], float]) -> None:
        self.bounds = bounds
        self.seconds = seconds
        self._per_address = rate_of(bounds.rate_per_address, "SIMOJO_RATE_PER_ADDRESS")
        self._per_agency = rate_of(bounds.rate_per_agency, "SIMOJO_RATE_PER_AGENCY")
        # One store for each: a crowd of addresses cannot push the agencies' windows out.
        self._addresses = MovingWindowRateLimiter(Windows(seconds))
        self._agencies = MovingWindowRateLimiter(Windows(seconds))
        self._present: Counter[str] = Counter()
        self.crew = Crew(bounds.max_exchanges)
        self.waiting = WaitingRoom()
        self.bodies = BodyMemory(bounds.body_memory_bytes)

    # --- rates ----------------------------------------------------------------------------------------------------

    def check_address(self, address: str) -> None:
        """Count one request of an address. Raises RateLimited `rate-limited`."""
        if self._per_address is not None:
            what = "your address; send more slowly, or bundle what you ask"
            self._hit(self._addresses, self._per_address, what, owner_of(address))

    def take(self, agency: str, interaction: str, rate_per_s: float | None, new: bool = True) -> None:
        """Count one message of a proven agency: by its agreed rate, else by the default for each agency.

        `new` is False for what repeats, comes late or is not covered: as many of these again. Raises RateLimited
        `rate-limited`.
        """
        which = "; send the same again later" if new else " of those that repeat, come late or are not covered"
        share = "new" if new else "again"
        if rate_per_s is not None:
            said = f"{agency}/{interaction} by the agreement (rate){which}"
            self._hit(self._agencies, agreed_rate(rate_per_s), said, share, agency, interaction)
        elif self._per_agency is not None:
            said = f"{agency}, with which no rate is agreed{which}"
            self._hit(self._agencies, self._per_agency, said, share, agency)

    def _hit(self, limiter: MovingWindowRateLimiter, rate: RateLimitItem, what: str, *key: str) -> None:
        if not limiter.hit(rate, *key):
            free_in = limiter.get_window_stats(rate, *key).reset_time - self.seconds()
            window = f"{rate.get_expiry()} seconds" if rate.get_expiry() > 1 else "second"
            raise RateLimited(f"more than {rate.amount} in a {window} from {what}", after_s=max(1, math.ceil(free_in)))

    # --- places ---------------------------------------------------------------------------------------------------

    @contextmanager
    def present(self, address: str) -> Iterator[None]:
        """One request of an address to an agency's door while it lasts. Raises HubBusy `address-busy`."""
        owner = owner_of(address)
        if self._present[owner] >= self.bounds.max_requests_per_address:
            raise HubBusy(
                f"{self._present[owner]} requests from your address are under way, more are not taken at once; wait "
                "for their answers",
                code="address-busy",
                after_s=BUSY_AFTER_S,
            )
        self._present[owner] += 1
        try:
            yield
        finally:
            self._present[owner] -= 1
            if not self._present[owner]:
                del self._present[owner]

    async def run(self, function: Callable[..., Going[_T]], *args: object, size: int = 0, gone: Gone = never) -> _T:
        """Run an exchange in a thread once there is a place. Raises HubBusy after `busy_wait_s` seconds.

        What the function gives that is still pending is given once it is durable; until then it keeps its place. What
        is waited for has none meanwhile; `gone` says whether its client still waits (HubBusy `client-gone`).
        `size` is that of the message, in bytes: large ones do not hold up small ones.
        """
        going = await self._placed(function, *args, size=size)
        while isinstance(going, Waiting):
            last = await self.waiting.until_there(going.whom, going.seconds, gone)
            going = await self._placed(going.again, last, size=size)
        return going

    async def _placed(self, function: Callable[..., Going[_T]], *args: object, size: int) -> _T | Waiting[_T]:
        try:
            return await self.crew.run(function, *args, wait_s=self.bounds.busy_wait_s, size=size)
        except NoPlace:
            raise HubBusy(
                f"all {self.bounds.max_exchanges} places for exchanges are taken; nothing was kept, send the same "
                "again later",
                after_s=BUSY_AFTER_S,
            ) from None


@dataclass
class BodyMemory:
    """The bytes of all bodies that are being read or worked on. For the event loop alone."""

    total: int
    used: int = 0
    by_owner: Counter[str] = field(default_factory=Counter)

    def take(self, address: str, size: int) -> None:
        """Take `size` bytes more. Raises HubBusy: too much for one address, or for all."""
        owner = owner_of(address)
        if self.by_owner[owner] + size > self.total // ADDRESS_SHARE or self.used + size > self.total:
            raise HubBusy(
                "the bodies that the hub is reading fill the memory that it has for them; send the same again later",
                code="bodies-busy",
                after_s=BUSY_AFTER_S,
            )
        self.used += size
        self.by_owner[owner] += size

    def give_back(self, address: str, size: int) -> None:
        """Give back what was taken."""
        owner = owner_of(address)
        self.used -= size
        self.by_owner[owner] -= size
        if self.by_owner[owner] <= 0:
            del self.by_owner[owner]


def rate_of(text: str, setting: str) -> RateLimitItem | None:
    """Read a rate, None for "". Raises Misconfigured `rate-malformed` naming the setting."""
    if not text:
        return None
    try:
        rate = parse(text)
    except ValueError:
        rate = None
    if rate is None or rate.amount < 1:
        raise Misconfigured(
            f"{setting} is {text[:40]!r}; write a rate such as 50/second or 600/minute, or nothing for no limit",
            code="rate-malformed",
        )
    return rate


def agreed_rate(rate_per_s: float) -> RateLimitItem:
    """The window of an agreement's rate: of one second where that is a whole number, else of one minute."""
    if rate_per_s >= 1 and rate_per_s == int(rate_per_s):
        return RateLimitItemPerSecond(int(rate_per_s))
    return RateLimitItemPerMinute(max(1, round(rate_per_s * 60)))
