"""What is written of a delivery that is claimed and not sent: why, and until when it waits.

All of it waits for COMMIT, so a preparer leaves it to others as an `Unsent`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TypeAlias

import structlog

from gateway.domain.errors import Refused
from gateway.exchange.calling import unforeseen
from gateway.exchange.concluding import Concluding
from gateway.exchange.directory import Terms
from gateway.exchange.sentences import of_unprepared
from gateway.exchange.verdict import HELD_BACK, Judge
from gateway.store.conflicts import commit, prepared_again
from gateway.store.outgoing import StoredDelivery
from gateway.store.plan import Plan, Update
from gateway.store.reading import Reader
from gateway.store.sealed_rows import sealed
from gateway.store.tables import DeliveryRow
from gateway.store.unit_of_work import UnitOfWork
from gateway.store.vault import Vault

Unsent: TypeAlias = Callable[[], None]
"""Commits why a delivery is not sent. Raises HubBusy."""

_log = structlog.get_logger("simojo.outbound")


class HoldingBack:
    """Commits why. Safe to use from several threads: who has lost the claim writes nothing."""

    def __init__(
        self, *, concluding: Concluding, reader: Reader, vault: Vault, unit_of_work: UnitOfWork, judge: Judge
    ) -> None:
        self._concluding = concluding
        self._vault = vault
        self._reader = reader
        self._unit_of_work = unit_of_work
        self._judge = judge

    def count_answer(self, row: StoredDelivery, terms: Terms, at: datetime) -> None:
        """An earlier attempt was answered at that moment: so the delivery is. Raises HubBusy."""
        verdict = self._judge.heard(terms, None, row.attempts, at, made_at=row.made_at)
        plan = self._concluding.moved(row, verdict, at, within=terms.agreed.answer_within_days)
        self._unit_of_work.commit(plan)  # a conflict: somebody else has decided
        _log.info("answered-before", delivery=row.id, agency=row.agency)

    def unprepared(self, row: StoredDelivery, fault: Exception, now: datetime) -> None:
        """Nobody foresaw what its preparation raised. Raises HubBusy."""
        unforeseen("preparing", row, fault)
        self.until_staff_act(row, of_unprepared(type(fault).__name__), now)

    def until_staff_act(self, row: StoredDelivery, cause: str, now: datetime) -> None:
        """Not the agency's doing and no attempt: it waits until staff have acted, and says for what. Raises HubBusy."""
        values = {"due_at": now + HELD_BACK, "cause": cause, "lease_until": None}
        key = {"id": row.id}
        held = sealed(self._vault, DeliveryRow, key, values, case_id=row.case_id, at=now)
        stands = {"state": row.state, "fence": row.fence}
        self._unit_of_work.commit(held.plan + Plan.of(Update(DeliveryRow, key, stands, held.values)))

    def give_up(self, row: StoredDelivery, refusal: Refused, now: datetime) -> None:
        """The mapping itself says that it cannot be sent: a dead letter. Raises HubBusy."""

        def prepare() -> None:
            stands = self._stored(row.id)
            if stands is not None and (stands.state, stands.fence) == (row.state, row.fence):  # else another decided
                commit(self._unit_of_work, self._concluding.give_up(stands, refusal.text, now))

        prepared_again(prepare)

    def _stored(self, delivery: str) -> StoredDelivery | None:
        row = self._reader.delivery(delivery)
        return None if row is None else StoredDelivery.of(row)
