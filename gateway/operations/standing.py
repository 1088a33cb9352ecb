"""How one process stands: whether it still takes new work, whether its clock is right, and which process leads."""

from __future__ import annotations

from collections.abc import Callable

from gateway.store.soundness import APART_S

PAUSED = "Until then this process claims no deliveries, and takes none back that others have left behind"
"""What a process does whose clock is too far from the database server's."""


class Standing:
    """Told by the process about itself, asked by its health. Safe to use from several threads.

    `leader` names the process that leads, None when none does; it raises HubBusy when the store does not say.
    """

    def __init__(self, leader: Callable[[], str | None]) -> None:
        self.leader = leader
        self.is_ending = False
        self.delivering_trouble: Callable[[], str] = lambda: ""
        """Why deliveries may stand still in this process, a sentence; "" when they do not."""
        self.folder_troubles: Callable[[], tuple[str, ...]] = lambda: ()
        """What stands still in the watched folder, if this process works in it, a sentence each."""
        self.timestamp_trouble: Callable[[], str] = lambda: ""
        """Why checkpoints get no timestamp, where this process asks for them; "" when they do."""
        self.permit_key_trouble: Callable[[], str] = lambda: ""
        """Which earlier keys of permits this process lacks, where the public checks papers; "" when none."""
        self.clock_apart_s = 0.0
        """Seconds that this machine's clock was ahead of the database server's at the last look; below 0: behind."""

    @property
    def trusts_its_clock(self) -> bool:
        """Whether it may compare leases, which others have written by their own clocks, with its own."""
        return abs(self.clock_apart_s) <= APART_S

    def ends(self) -> None:
        """From now on this process finishes what it has, and wants nothing more."""
        self.is_ending = True
