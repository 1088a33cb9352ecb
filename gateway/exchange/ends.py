"""Ends of attempts on their way to the store: step 4 of `gateway.exchange.outbound`.

An answer that is in hand is written down, whatever the store or our own code has against it: as it means, for the
delivery as it was sent; else for the delivery as it stands by now; else that it came.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from typing import Protocol

import structlog

from gateway.domain.errors import HubBusy
from gateway.exchange.calling import unforeseen
from gateway.exchange.concluding import Concluding, Result
from gateway.exchange.verdict import Judge
from gateway.store.conflicts import Moved, commit, prepared_again
from gateway.store.outgoing import StoredDelivery
from gateway.store.plan import Outcome
from gateway.store.reading import Reader
from gateway.store.unit_of_work import Submissions, UnitOfWork

STORE_PAUSE_S = 0.5
"""How long a worker that has an answer in hand waits for a store that cannot take it now."""

_log = structlog.get_logger("simojo.outbound")


class Store(UnitOfWork, Submissions, Protocol):
    """Both: an end is handed over, or committed step by step."""


class Ends:
    """Hands ends over, and concludes step by step what the store did not take so. Safe to use from several threads.

    `pause` waits so many seconds and gives False when the process is to end: then a store that cannot be written to
    is waited for no longer.
    """

    def __init__(
        self,
        *,
        concluding: Concluding,
        reader: Reader,
        unit_of_work: Store,
        judge: Judge,
        pause: Callable[[float], bool],
    ) -> None:
        self._concluding = concluding
        self._reader = reader
        self._unit_of_work = unit_of_work
        self._judge = judge
        self._pause = pause

    def handed_over(self, result: Result) -> Future[Outcome] | None:
        """An attempt's end on its way to the store; None when it must be concluded step by step, which says why."""
        try:
            return self._unit_of_work.submit(self._concluding.plan(result, result.attempt.sent))
        except Exception:  # noqa: BLE001 - an answer is in hand: `conclude` meets the same, and knows what to do
            return None

    def conclude(self, result: Result) -> None:
        """Commit an attempt's end. An answer that is in hand is not let go because the store cannot take it now."""
        while True:
            try:
                self._concluded(result)
            except HubBusy as busy:
                if not self._pause(STORE_PAUSE_S):
                    _log.error("attempt-not-concluded", delivery=result.attempt.row.id, code=busy.code)
                    return  # its lease runs out, and the next process decides
            else:
                return

    def _concluded(self, result: Result) -> None:
        attempt = result.attempt
        try:
            # as it was sent, unless another has moved it since: that costs a look only when it has
            commit(self._unit_of_work, self._concluding.plan(result, attempt.sent))
        except Moved:
            self._concluded_anew(replace(result, standing=None))
        except HubBusy:
            raise
        except Exception as fault:  # noqa: BLE001 - what it means cannot be written down; that it came can
            self._came(result, fault)

    def _concluded_anew(self, result: Result) -> None:
        try:
            self._as_it_stands(result)
        except HubBusy:
            raise
        except Exception as fault:  # noqa: BLE001 - as above
            self._came(result, fault)

    def _came(self, result: Result, fault: Exception) -> None:
        """Keep what came, of which nobody can write down what it means."""
        unforeseen("concluding", result.attempt.row, fault)
        verdict = replace(self._judge.fault_of_ours(type(fault).__name__), attention=None)
        self._as_it_stands(replace(result, verdict=verdict))

    def _as_it_stands(self, result: Result) -> None:
        """Commit an attempt's end for its delivery as the store has it by now."""
        delivery = result.attempt.row.id
        prepared_again(lambda: commit(self._unit_of_work, self._concluding.plan(result, self._stored(delivery))))

    def _stored(self, delivery: str) -> StoredDelivery | None:
        row = self._reader.delivery(delivery)
        return None if row is None else StoredDelivery.of(row)
