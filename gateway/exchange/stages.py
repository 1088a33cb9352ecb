"""The stages of a delivery as `gateway.exchange.couriers` moves it through them: claimed, begun, called."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Protocol

from gateway.store.claims import Claimed, Taken
from gateway.store.plan import Outcome


class Claims(Protocol):
    """Where deliveries are claimed."""

    def take(self, wanted: int) -> Taken:
        """Claim up to so many."""
        ...

    def release(self, claimed: list[Claimed]) -> None:
        """Give back what was not begun."""
        ...


class Called(Protocol):
    """A call that is over."""

    @property
    def outcome(self) -> Future[Outcome] | None:
        """That of its end, as the store tells it; None where nothing was handed over."""
        ...

    def is_kept(self) -> bool:
        """Whether its end is durable. Waits until that is known; raises nothing."""
        ...

    def conclude(self) -> None:
        """Conclude what is not kept."""
        ...


class Begun(Protocol):
    """An attempt that is prepared, or what is to be done where there is none."""

    def submit(self) -> Future[Outcome] | None:
        """Hand it to the store; None when there is no attempt. Raises HubBusy."""
        ...

    def call(self) -> Called | None:
        """Call, once the outcome is there; None when nobody was called. Without an attempt: write down why not."""
        ...
