"""What was collected and not acknowledged in time: there again, or, after as many collections as agreed, a dead letter.

A collection gives such an item again by itself (`gateway.exchange.mailbox.collecting`); here it is written down for an
agency that does not come. What a dead letter's case is told is that a person has to look.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import structlog

from gateway.domain.errors import GatewayError, Unauthorised
from gateway.exchange.calling import unforeseen
from gateway.exchange.concluding import Concluding
from gateway.exchange.mailbox.collecting import NOT_ACKNOWLEDGED, attempt_lapsed
from gateway.exchange.sentences import never_acknowledged
from gateway.exchange.states import Delivery
from gateway.exchange.verdict import Verdict
from gateway.store.due import handle_due
from gateway.store.outgoing import StoredDelivery
from gateway.store.plan import Committed, Plan
from gateway.store.reading import Reader
from gateway.store.tables import DeliveryRow
from gateway.store.unit_of_work import UnitOfWork

LIMIT = 100

_log = structlog.get_logger("simojo.mailbox")


class Lapsing:
    """Looks at what is due. Any number of processes may do so at once: the delivery's own row decides."""

    def __init__(
        self,
        *,
        concluding: Concluding,
        reader: Reader,
        unit_of_work: UnitOfWork,
        clock: Callable[[], datetime],
    ) -> None:
        self._concluding = concluding
        self._reader = reader
        self._unit_of_work = unit_of_work
        self._clock = clock

    def run_once(self) -> int:
        """Write down what lapsed; gives how many items. One that cannot be is logged and stays due."""
        now = self._clock()
        return handle_due(
            lambda skip: self._reader.unacknowledged(now, LIMIT, skip), lambda row: self._lapsed(row, now)
        )

    def _lapsed(self, found: DeliveryRow, now: datetime) -> bool:
        row = StoredDelivery.of(found)
        return written_down(self._unit_of_work, row, lambda: self._plan(row, now))

    def _plan(self, row: StoredDelivery, now: datetime) -> Plan:
        ends = Plan.of(attempt_lapsed(row, now))
        if row.attempts < self._agreed_attempts(row):
            verdict = Verdict(state=Delivery.LAID_DOWN, outcome=NOT_ACKNOWLEDGED)
            return ends + self._concluding.moved(row, verdict, now)
        cause = never_acknowledged(row.attempts)
        return ends + self._concluding.give_up(row, cause, now, outcome="used-up")

    def _agreed_attempts(self, row: StoredDelivery) -> int:
        """How often it may be collected. While its terms are not in force nobody can collect it: then it lies there."""
        try:
            return self._concluding.terms_of(row).agreed.retry.attempts
        except Unauthorised:
            return row.attempts + 1


def written_down(unit_of_work: UnitOfWork, row: StoredDelivery, plan: Callable[[], Plan]) -> bool:
    """Commit what became of an item; False where that cannot be written down, which is logged and keeps no other.

    A conflict is no fault: it was collected again, acknowledged or cancelled meanwhile.
    """
    try:
        outcome = unit_of_work.commit(plan())
    except GatewayError as fault:
        _log.error("item-not-lapsed", delivery=row.id, agency=row.agency, code=fault.code)
        return False
    except Exception as fault:  # noqa: BLE001 - one that cannot be written down must not keep the others
        unforeseen("writing down what lapsed", row, fault)
        return False
    return isinstance(outcome, Committed)
