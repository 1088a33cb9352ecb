"""The thread that prepares attempts, portion by portion, and hands each portion to the store together.

To prepare takes the interpreter all the time: threads that did so side by side would fight for it, and their plans
would come to the store one by one. So there is one, and it waits for no COMMIT: what keeps a delivery from being sent
is written down by a sender. A second takes its place when a preparation stands still (`gateway.exchange.couriers`):
then what the first had prepared is handed over without it, and it ends with the preparation that it is at.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeAlias

from gateway.domain.errors import HubBusy
from gateway.exchange.in_hand import InHand
from gateway.exchange.stages import Begun
from gateway.store.claims import Claimed

Prepare: TypeAlias = Callable[[Claimed], Begun]
"""Prepares one attempt, or what is to be done instead."""

PORTION_S = 0.01
"""What is prepared is handed over after this at the latest, unless a single preparation takes longer."""

STANDS_STILL_S = 5.0
"""A preparation that takes so long stands still: it takes some milliseconds, and half a second on a laden machine."""


class Preparer:
    """Prepares what is `in_hand` in the thread that runs it. `prepares` is asked anew for each portion.

    `submit` hands one attempt to the store; `failed` is told why there is none. `stands_elsewhere`: whether a
    delivery's preparation stands still in another thread. `seconds`: a steady clock.
    """

    def __init__(
        self,
        in_hand: InHand,
        prepares: Callable[[], Prepare],
        *,
        submit: Callable[[Begun], None],
        failed: Callable[[Exception], None],
        stands_elsewhere: Callable[[str], bool],
        seconds: Callable[[], float],
    ) -> None:
        self._in_hand = in_hand
        self._prepares = prepares
        self._submit = submit
        self._failed = failed
        self._stands_elsewhere = stands_elsewhere
        self._seconds = seconds
        self._lock = threading.Lock()
        self._portion: list[Begun] = []
        self._at_it_since: float | None = None
        self._replaced = False
        self.at: str | None = None
        """The delivery whose preparation is under way."""

    def portion(self) -> bool:
        """Wait for something to prepare, prepare a portion of it and hand it over; False when this was the last."""
        if not self._in_hand.may_begin():
            return False
        prepare = self._prepares()
        ends_at = self._seconds() + PORTION_S
        while not self._replaced and (claimed := self._in_hand.begin()) is not None:
            self._prepare(prepare, claimed)
            if self._seconds() >= ends_at:
                break
        self.hand_over()
        return not self._replaced

    def stands_still(self) -> bool:
        """Whether it has been at one preparation for STANDS_STILL_S. From any thread."""
        since = self._at_it_since
        return since is not None and self._seconds() - since >= STANDS_STILL_S

    def replace(self) -> None:
        """Another takes its place: what it has prepared is handed over, and it prepares no other. From any thread."""
        self._replaced = True
        self.hand_over()

    def hand_over(self) -> None:
        """Hand over what is prepared by now, together: so it shares a transaction. From any thread."""
        with self._lock:
            portion, self._portion = self._portion, []
        for begun in portion:
            self._submit(begun)

    def _prepare(self, prepare: Prepare, claimed: Claimed) -> None:
        delivery = claimed.delivery.id
        if self._stands_elsewhere(delivery):  # claimed again since its lease is over: it would stand still here too
            self._failed(HubBusy(f"the preparation of {delivery} stands still", code="preparing-stands-still"))
            return
        self.at, self._at_it_since = delivery, self._seconds()
        try:
            begun = prepare(claimed)
        except Exception as fault:  # noqa: BLE001 - the thread must live; the claim's lease runs out
            self._failed(fault)
        else:
            with self._lock:
                self._portion.append(begun)
        finally:
            self.at, self._at_it_since = None, None
