"""What workers left behind is taken back: a delivery whose lease ran out, of which nobody said how it ended."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import structlog

from gateway.domain.errors import GatewayError, Unauthorised
from gateway.exchange.calling import unforeseen
from gateway.exchange.claiming import Claiming
from gateway.exchange.concluding import Concluding
from gateway.exchange.verdict import Judge, Verdict
from gateway.store.due import handle_due
from gateway.store.outgoing import StoredDelivery
from gateway.store.plan import Committed
from gateway.store.reading import Reader
from gateway.store.unit_of_work import UnitOfWork

_log = structlog.get_logger("simojo.outbound")


class Recovering:
    """Takes deliveries back. Any number of processes may do so at once: the fence decides."""

    def __init__(
        self,
        *,
        claiming: Claiming,
        concluding: Concluding,
        reader: Reader,
        unit_of_work: UnitOfWork,
        judge: Judge,
        clock: Callable[[], datetime],
    ) -> None:
        self._claiming = claiming
        self._concluding = concluding
        self._reader = reader
        self._unit_of_work = unit_of_work
        self._judge = judge
        self._clock = clock

    def recover(self, limit: int, *, alone: bool) -> int:
        """Take back up to `limit`; gives how many. `alone`: nobody else is on the store, so nobody holds a lease."""
        now = self._clock()
        if alone:
            self._claiming.release_all()
        until = datetime.max.replace(tzinfo=UTC) if alone else now
        return handle_due(
            lambda skip: self._reader.expired_leases(until, limit, skip),
            lambda row: self._recovered(StoredDelivery.of(row), now),
        )

    def _recovered(self, row: StoredDelivery, now: datetime) -> bool:
        try:
            plan = self._concluding.lost(row, self._loss(row, now), now)
            outcome = self._unit_of_work.commit(plan)
        except GatewayError as fault:
            _log.error("delivery-not-recovered", delivery=row.id, agency=row.agency, code=fault.code)
            return False
        except Exception as fault:  # noqa: BLE001 - one that cannot be taken back must not keep the others
            unforeseen("taking back", row, fault)
            return False
        return isinstance(outcome, Committed)  # a conflict means that the worker, or another, was quicker

    def _loss(self, row: StoredDelivery, now: datetime) -> Verdict:
        try:
            terms = self._concluding.terms_of(row)
        except Unauthorised as error:
            return self._judge.lease_ran_out_uncovered(self._concluding.declared(row), error, now)
        return self._judge.lease_ran_out(terms, row.attempts, now)
