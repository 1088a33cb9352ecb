"""Reconciliations, and the exchanges of a period as they are compared."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import NamedTuple

from sqlalchemy.orm import aliased
from sqlmodel import col, func, select

from gateway.store.reads.base import Reads
from gateway.store.tables import (
    AttemptRow,
    ExchangeRow,
    LeafRow,
    ReconciliationPieceRow,
    ReconciliationRow,
    ReconciliationSettledRow,
)

COMPARED = 1000
"""So many exchanges are in memory at a time."""


class ComparedExchange(NamedTuple):
    """What a comparison needs of an exchange."""

    id: str
    direction: str
    interaction: str
    message_id: str | None
    case_id: str | None
    verdict: str
    code: str | None
    at: datetime


class StoredLeaf(NamedTuple):
    """What a comparison needs of a leaf."""

    exchange: str
    canonical: bytes
    hash: bytes
    tree_index: int | None


_COMPARED = tuple(col(getattr(ExchangeRow, name)) for name in ComparedExchange._fields)


class ReconciliationReads(Reads):
    """What was compared, and what is to be."""

    def exchanges_of_period(
        self, agency: str, since: datetime, until: datetime, page: int = COMPARED
    ) -> Iterator[list[ComparedExchange]]:
        """An agency's exchanges from `since` until before `until`, oldest first, in lists of at most `page`."""
        last = (since, "")
        while True:
            at, name = col(ExchangeRow.at), col(ExchangeRow.id)
            # the first bound is where an engine begins in the index; the other alone would have it begin at `since`
            behind = (at >= last[0]) & ((at > last[0]) | (name > last[1]))
            wanted = select(*_COMPARED).where(col(ExchangeRow.agency) == agency, behind, at < until)
            found = [ComparedExchange(*row) for row in self._all(wanted.order_by(at, name).limit(page))]
            if not found:
                return
            yield found
            last = (found[-1].at, found[-1].id)

    def has_more_exchanges(self, agency: str, since: datetime, until: datetime, most: int) -> bool:
        """Whether an agency has more than `most` exchanges from `since` until before `until`."""
        at = col(ExchangeRow.at)
        wanted = select(ExchangeRow.id).where(col(ExchangeRow.agency) == agency, at >= since, at < until)
        return bool(self._all(wanted.offset(most).limit(1)))

    def exchanges_named(self, agency: str, message_ids: Collection[str]) -> list[ComparedExchange]:
        """An agency's exchanges with one of these message ids, whenever they were."""
        found: list[ComparedExchange] = []
        for direction in ("in", "out"):
            wanted = select(*_COMPARED).where(
                col(ExchangeRow.direction) == direction,
                col(ExchangeRow.agency) == agency,
                col(ExchangeRow.message_id).in_(message_ids),
            )
            found += [ComparedExchange(*row) for row in self._all(wanted.order_by(col(ExchangeRow.id)))]
        return found

    def compared_leaves(self, exchanges: Collection[str]) -> list[StoredLeaf]:
        """All leaves of these exchanges, in the order of their commits."""
        columns = tuple(col(getattr(LeafRow, name)) for name in StoredLeaf._fields)
        wanted = select(*columns).where(col(LeafRow.exchange).in_(exchanges)).order_by(col(LeafRow.serial))
        return [StoredLeaf(*row) for row in self._all(wanted)]

    def last_ends(self, deliveries: Collection[str]) -> dict[str, datetime]:
        """When the last attempt of each of these deliveries ended."""
        ended = func.max(AttemptRow.ended_at)
        wanted = select(AttemptRow.delivery, ended).where(col(AttemptRow.delivery).in_(deliveries))
        return {name: at for name, at in self._all(wanted.group_by(col(AttemptRow.delivery))) if at is not None}

    def reconciliation(self, reconciliation: str) -> ReconciliationRow | None:
        """The reconciliation with this id."""
        return self._get(ReconciliationRow, reconciliation)

    def reconciliations(
        self, limit: int = 50, before: tuple[datetime, str] | None = None, agency: str | None = None
    ) -> list[ReconciliationRow]:
        """Reconciliations, newest first. `before` is (made_at, id) of the last one seen."""
        wanted = select(ReconciliationRow)
        made, name = col(ReconciliationRow.made_at), col(ReconciliationRow.id)
        if before is not None:
            wanted = wanted.where((made < before[0]) | ((made == before[0]) & (name < before[1])))
        if agency is not None:
            wanted = wanted.where(col(ReconciliationRow.agency) == agency)
        return self._all(wanted.order_by(made.desc(), name.desc()).limit(limit))

    def unsettled_reconciliations(self, limit: int = 20) -> list[ReconciliationRow]:
        """Those with differences that nobody has settled, oldest first."""
        wanted = select(ReconciliationRow).where(col(ReconciliationRow.unsettled) > 0)
        return self._all(wanted.order_by(col(ReconciliationRow.made_at)).limit(limit))

    def silent_reconciliations(self, since: datetime, limit: int = 100) -> list[ReconciliationRow]:
        """Those that run and have given no sign since then."""
        alive = func.coalesce(col(ReconciliationRow.alive_at), col(ReconciliationRow.made_at))
        wanted = select(ReconciliationRow).where(col(ReconciliationRow.state) == "running", alive < since)
        return self._all(wanted.order_by(col(ReconciliationRow.made_at)).limit(limit))

    def broken_off_reconciliations(self, since: datetime, limit: int = 20) -> list[ReconciliationRow]:
        """Those that were broken off since then, and whose list was not compared to its end later; oldest first."""
        again = aliased(ReconciliationRow)
        done = select(again.id).where(
            col(again.agency) == col(ReconciliationRow.agency),
            col(again.list_sha256) == col(ReconciliationRow.list_sha256),
            col(again.state) == "done",
            col(again.made_at) > col(ReconciliationRow.made_at),
        )
        wanted = select(ReconciliationRow).where(
            col(ReconciliationRow.state) == "broken-off", col(ReconciliationRow.made_at) > since, ~done.exists()
        )
        return self._all(wanted.order_by(col(ReconciliationRow.made_at)).limit(limit))

    def count_exchanges(self, agency: str, since: datetime, until: datetime) -> int:
        """How many exchanges an agency has from `since` until before `until`."""
        at = col(ExchangeRow.at)
        wanted = select(func.count()).select_from(ExchangeRow)
        return int(self._first(wanted.where(col(ExchangeRow.agency) == agency, at >= since, at < until)))

    def reconciliations_to_forget(self, at: datetime, limit: int = 100) -> list[str]:
        """Those of which pieces are still stored after their time, or after they were broken off."""
        wanted = (
            select(ReconciliationRow.id)
            .join(ReconciliationPieceRow, col(ReconciliationPieceRow.reconciliation) == col(ReconciliationRow.id))
            .where((col(ReconciliationRow.kept_until) < at) | (col(ReconciliationRow.state) == "broken-off"))
            .distinct()
        )
        return self._all(wanted.limit(limit))

    def reconciliation_pieces(self, reconciliation: str, number: int = 0) -> Iterator[bytes]:
        """The pieces of a result, from the one that holds the line with this number on; one is in memory at a time."""
        while True:
            begins = col(ReconciliationPieceRow.number)
            wanted = select(ReconciliationPieceRow).where(
                col(ReconciliationPieceRow.reconciliation) == reconciliation, begins <= number
            )
            row = self._first(wanted.order_by(begins.desc()).limit(1))
            if row is None:
                return
            yield row.body
            behind = select(ReconciliationPieceRow.number).where(
                col(ReconciliationPieceRow.reconciliation) == reconciliation, begins > row.number
            )
            following = self._first(behind.order_by(begins).limit(1))
            if following is None:
                return
            number = following

    def settled_differences(self, reconciliation: str) -> list[ReconciliationSettledRow]:
        """The differences of a reconciliation that were settled, by number."""
        wanted = select(ReconciliationSettledRow).where(col(ReconciliationSettledRow.reconciliation) == reconciliation)
        return self._all(wanted.order_by(col(ReconciliationSettledRow.number)))
