"""What happened of late with one agency: the questions of a check."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlmodel import col, func, select

from gateway.store.reads.base import Reads
from gateway.store.tables import DeliveryRow, ExchangeRow, FailedProofRow


class LatelyReads(Reads):
    """Counts and newest rows of one agency."""

    def last_exchange(self, agency: str, direction: str, verdicts: Collection[str]) -> ExchangeRow | None:
        """The newest exchange with an agency in that direction (`in`, `out`) that ended in one of these verdicts."""
        wanted = select(ExchangeRow).where(
            col(ExchangeRow.agency) == agency,
            col(ExchangeRow.direction) == direction,
            col(ExchangeRow.verdict).in_(verdicts),
        )
        found: ExchangeRow | None = self._first(wanted.order_by(col(ExchangeRow.at).desc(), col(ExchangeRow.id).desc()))
        return found

    def refusals_since(self, agency: str, since: datetime) -> list[tuple[str, int, datetime]]:
        """How often each code was said to an agency since then, and when last; the last one first."""
        counted = (
            select(col(ExchangeRow.code), func.count(), func.max(ExchangeRow.at))
            .where(
                col(ExchangeRow.agency) == agency,
                col(ExchangeRow.direction) == "in",
                col(ExchangeRow.verdict) == "refused",
                col(ExchangeRow.at) >= since,
            )
            .group_by(col(ExchangeRow.code))
            .order_by(func.max(ExchangeRow.at).desc())
        )
        return [(str(code), int(count), at) for code, count, at in self._all(counted)]

    def failed_proof(self, agency: str, code: str) -> FailedProofRow | None:
        """The last failed authentication of an agency with that code."""
        return self._get(FailedProofRow, (agency, code))

    def failed_proofs(self, agency: str) -> list[FailedProofRow]:
        """The last failed authentication of an agency with each code, the last one first."""
        wanted = select(FailedProofRow).where(col(FailedProofRow.agency) == agency)
        return self._all(wanted.order_by(col(FailedProofRow.at).desc(), col(FailedProofRow.code)))

    def delivery_states(self, agency: str) -> dict[str, tuple[int, datetime]]:
        """How many deliveries to an agency are in each state, and when the oldest of them was made."""
        counted = (
            select(DeliveryRow.state, func.count(), func.min(DeliveryRow.made_at))
            .where(col(DeliveryRow.agency) == agency)
            .group_by(col(DeliveryRow.state))
        )
        return {state: (count, at) for state, count, at in self._all(counted)}

    def newest_deliveries(self, agency: str, states: Collection[str], limit: int = 3) -> list[DeliveryRow]:
        """The newest deliveries to an agency in these states."""
        wanted = select(DeliveryRow).where(col(DeliveryRow.agency) == agency, col(DeliveryRow.state).in_(states))
        return self._all(wanted.order_by(col(DeliveryRow.made_at).desc(), col(DeliveryRow.id).desc()).limit(limit))
