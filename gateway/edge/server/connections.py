"""How many connections there are, and whose. No input or output: the listener asks, the protocol reports.

One address has at most so many; a trusted proxy has as many as it likes, since its clients are others. When all
places are taken, a connection without a request goes: first one that never had any, of the address with the most, for
longest. When all are in a request, a few places are left in which health alone is answered.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from gateway.contract.address import owner_of

RESERVE = 16
"""Places beyond the last, in which health alone is answered."""


@dataclass(eq=False, kw_only=True)
class Place:
    """One connection's place. `since` is when it began to be idle, in the listener's seconds; None: in a request.

    `answered`: a request was answered in it. `end` closes the connection at once; None while there is nothing to close.
    """

    owner: str
    since: float | None
    health_only: bool = False
    answered: bool = False
    end: Callable[[], object] | None = None


class Connections:
    """The places of one server. For the event loop alone."""

    def __init__(
        self, *, most: int, most_per_address: int, seconds: Callable[[], float], trusts: Callable[[str], bool]
    ) -> None:
        self._most = most
        self._most_per_address = most_per_address
        self._seconds = seconds
        self._trusts = trusts
        self._places: set[Place] = set()
        self._by_owner: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._places)

    def admit(self, address: str) -> Place | None:
        """Give a place, or None when there is none for that address."""
        owner = owner_of(address)
        if self._by_owner[owner] >= self._most_per_address and not self._trusts(address):
            return None
        health_only = False
        if len(self._places) >= self._most and not self._make_room():
            if len(self._places) >= self._most + RESERVE:
                return None
            health_only = True
        place = Place(owner=owner, since=self._seconds(), health_only=health_only)
        self._places.add(place)
        self._by_owner[owner] += 1
        return place

    def begun(self, place: Place) -> None:
        """A request's head is complete: the connection is not idle any more."""
        place.since = None

    def idle(self, place: Place) -> None:
        """A request was answered: the connection waits for another."""
        place.since = self._seconds()
        place.answered = True

    def leave(self, place: Place) -> None:
        """The connection is gone; said twice is said once."""
        if place in self._places:
            self._places.discard(place)
            self._by_owner[place.owner] -= 1
            if self._by_owner[place.owner] <= 0:
                del self._by_owner[place.owner]

    def _make_room(self) -> bool:
        idle = [each for each in self._places if each.since is not None and each.end is not None]
        if not idle:
            return False
        least = min(idle, key=lambda each: (each.answered, -self._by_owner[each.owner], each.since))
        self.leave(least)
        if least.end is not None:
            least.end()
        return True
