"""How one process stands: whether it still takes new work, and which process leads."""

from __future__ import annotations

from collections.abc import Callable


class Standing:
    """Told by the process about itself, asked by its health. Safe to use from several threads.

    `leader` names the process that leads, None when none does; it raises HubBusy when the store does not say.
    """

    def __init__(self, leader: Callable[[], str | None]) -> None:
        self.leader = leader
        self.is_ending = False

    def ends(self) -> None:
        """From now on this process finishes what it has, and wants nothing more."""
        self.is_ending = True
