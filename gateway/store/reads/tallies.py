"""What came of exchanges since a moment, by agency and interaction: for an account at the end of a run."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import and_, col, func, or_, select

from gateway.store.reads.base import Reads
from gateway.store.tables import AttemptRow, BatchRow, DeliveryRow, ExchangeRow, LeafRow

SUCCEEDED = ("accepted", "answered", "awaiting")
"""Verdicts of an exchange that came to what it was for; what is awaited was acknowledged."""


@dataclass(frozen=True, kw_only=True)
class Tally:
    """One interaction with one agency, both directions of it together.

    `succeeded` of the `exchanges` ended well so far. `refusals` counts messages that the hub refused, those that the
    agency refused for good, and records of files that took no effect. `retries` counts attempts after the first one of
    a delivery, collections of a mailbox's item among them. `leaves` are those that stand for the exchanges.
    """

    agency: str
    interaction: str
    exchanges: int
    succeeded: int
    refusals: int
    retries: int
    leaves: int


_verdict, _code = col(ExchangeRow.verdict), col(ExchangeRow.code)
_refused = or_(_verdict == "refused", and_(_verdict == "dead", _code == "refused"))
_unused = col(BatchRow.declined) + col(BatchRow.invalid) + col(BatchRow.failed)


class TallyReads(Reads):
    """Counts over all agencies."""

    def tallies(self, since: datetime) -> list[Tally]:
        """Every interaction of which an exchange began since then, by agency and name."""
        of = (col(ExchangeRow.agency), col(ExchangeRow.interaction))
        to = (col(DeliveryRow.agency), col(DeliveryRow.interaction))
        sent = (col(BatchRow.agency), col(BatchRow.interaction))
        began = col(ExchangeRow.at) >= since
        counted = select(*of, func.count(), func.count().filter(_verdict.in_(SUCCEEDED))).where(began).group_by(*of)
        refused = select(*of, func.count()).where(began, _refused).group_by(*of)
        leaves = select(*of, func.count()).join(LeafRow, col(LeafRow.exchange) == col(ExchangeRow.id)).where(began)
        again = select(*to, func.count()).join(AttemptRow, col(AttemptRow.delivery) == col(DeliveryRow.id))
        again = again.where(col(AttemptRow.number) > 1, col(AttemptRow.started_at) >= since)
        unused = select(*sent, func.sum(_unused)).where(col(BatchRow.made_at) >= since).group_by(*sent)
        refusals, records = self._by_name(refused), self._by_name(unused)
        retries, entries = self._by_name(again.group_by(*to)), self._by_name(leaves.group_by(*of))
        return [
            Tally(
                agency=agency,
                interaction=interaction,
                exchanges=exchanges,
                succeeded=succeeded,
                refusals=refusals.get((agency, interaction), 0) + records.get((agency, interaction), 0),
                retries=retries.get((agency, interaction), 0),
                leaves=entries.get((agency, interaction), 0),
            )
            for agency, interaction, exchanges, succeeded in self._all(counted.order_by(*of))
        ]

    def _by_name(self, statement: Any) -> dict[tuple[str, str], int]:
        """A statement's third column by the first two."""
        return {(agency, interaction): int(count) for agency, interaction, count in self._all(statement)}
