"""What is over its time of keeping, and whether anything still needs it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import func, literal
from sqlmodel import col, or_, select

from gateway.store.reads.base import Reads
from gateway.store.sealing import BLANK_TEXT
from gateway.store.tables import (
    BatchPieceRow,
    BatchRow,
    CaseRow,
    DataKeyRow,
    DeliveryRow,
    ErasedFileRow,
    ErasureRow,
    ExchangeRow,
    ReconciliationRow,
    RestrictedReadRow,
    RetentionHoldRow,
    RetentionRunRow,
)
from gateway.store.tables.outbox import FINISHED, words

_DAYS = ("day/", "day0")
"""The scopes of days lie between these two: `0` follows `/`."""


class RetentionReads(Reads):
    """Exchanges by their age, and what holds them."""

    def kept_exchanges(self, until: datetime, behind: tuple[datetime, str] | None, limit: int) -> list[ExchangeRow]:
        """Exchanges that began before `until` and have their bodies, the oldest first, behind that one (at, id)."""
        began, own = col(ExchangeRow.at), col(ExchangeRow.id)
        wanted = select(ExchangeRow).where(began < until, col(ExchangeRow.bodies_gone_at).is_(None))
        if behind is not None:
            at, last = behind
            wanted = wanted.where(began >= at, (began > at) | (own > last))
        return self._all(wanted.order_by(began, own).limit(limit))

    def unsent(self, until: datetime, behind: str, limit: int) -> list[ExchangeRow]:
        """Deliveries made before `until` that ended with nothing said, and have what was to be said, by id.

        Each as the exchange that it would have been.
        """
        own = col(DeliveryRow.id)
        names = ("id", "agency", "interaction", "agreement", "agreement_version", "case_id", "made_at")
        columns: Any = tuple(col(getattr(DeliveryRow, each)) for each in names)
        wanted = select(*columns).where(
            own > behind,
            col(DeliveryRow.made_at) < until,
            col(DeliveryRow.state).in_(words(FINISHED)),
            col(DeliveryRow.ask_body) != BLANK_TEXT,
            ~select(ExchangeRow.id).where(col(ExchangeRow.id) == own).exists(),
        )
        return [
            ExchangeRow(
                id=row.id,
                direction="out",
                agency=row.agency,
                interaction=row.interaction,
                agreement=f"{row.agreement}/{row.agreement_version}",
                case_id=row.case_id,
                verdict="",
                at=row.made_at,
            )
            for row in self._all(wanted.order_by(own).limit(limit))
        ]

    def states_of_deliveries(self, deliveries: Collection[str]) -> dict[str, str]:
        """The states of those of these deliveries that there are."""
        return self._pairs(select(DeliveryRow.id, DeliveryRow.state).where(col(DeliveryRow.id).in_(deliveries)))

    def states_of_files(self, batches: Collection[str]) -> dict[str, str]:
        """The states of those of these files of records that there are."""
        return self._pairs(select(BatchRow.id, BatchRow.state).where(col(BatchRow.id).in_(batches)))

    def files_half_removed(self) -> list[str]:
        """Files whose time of keeping is over and of which pieces are left, by id."""
        own = col(ErasedFileRow.batch)
        is_left = select(BatchPieceRow.batch).where(col(BatchPieceRow.batch) == own).exists()
        return self._all(select(own).where(col(ErasedFileRow.case_id) == "", is_left).order_by(own))

    def open_cases(self, cases: Collection[str]) -> set[str]:
        """Those of these cases that have not ended."""
        wanted = select(CaseRow.id).where(col(CaseRow.id).in_(cases), col(CaseRow.ended).is_(False))
        return set(self._all(wanted))

    def retention_holds(self, subjects: Collection[str] | None = None) -> list[RetentionHoldRow]:
        """What is held for evidence: those of these subjects, or all, by subject."""
        wanted = select(RetentionHoldRow)
        if subjects is not None:
            wanted = wanted.where(col(RetentionHoldRow.subject).in_(subjects))
        return self._all(wanted.order_by(col(RetentionHoldRow.subject)))

    def open_reconciliations(self) -> list[ReconciliationRow]:
        """Reconciliations that run, or have differences that nobody has settled."""
        wanted = select(ReconciliationRow).where(
            or_(col(ReconciliationRow.unsettled) > 0, col(ReconciliationRow.state) == "running")
        )
        return self._all(wanted.order_by(col(ReconciliationRow.id)))

    def kept_days(self, before: str, behind: str, limit: int) -> list[DataKeyRow]:
        """The keys of days (`day/<YYYY-MM-DD>`) before this one and behind that one that are not destroyed."""
        scope = col(DataKeyRow.scope)
        wanted = select(DataKeyRow).where(
            scope > max(behind, _DAYS[0]), scope < min(before, _DAYS[1]), col(DataKeyRow.wrapped) != b""
        )
        return self._all(wanted.order_by(scope).limit(limit))

    def holds_of_day(self, begins: datetime, ends: datetime, *, unagreed: bool) -> bool:
        """Whether anything is kept that the key of this day seals.

        Bodies of exchanges about no case, those that no agreement covers only if they are held, or `unagreed` says so;
        what staff wrote of erasures, holds and looks at unmasked data, and reconciliations, which all stay; files that
        were begun and have no exchange yet.
        """
        began = col(ExchangeRow.at)
        about_none = select(ExchangeRow.id).where(
            began >= begins,
            began < ends,
            col(ExchangeRow.case_id).is_(None),
            col(ExchangeRow.bodies_gone_at).is_(None),
        )
        if not unagreed:
            named = literal("exchange/") + col(ExchangeRow.id)
            is_held = select(RetentionHoldRow.subject).where(col(RetentionHoldRow.subject) == named).exists()
            about_none = about_none.where(or_(func.coalesce(col(ExchangeRow.agreement), "") != "", is_held))
        made = col(BatchRow.made_at)
        announced = select(ExchangeRow.id).where(col(ExchangeRow.id) == col(BatchRow.id)).exists()
        moments: tuple[Any, ...] = (
            (RestrictedReadRow.id, RestrictedReadRow.at),
            (ReconciliationRow.id, ReconciliationRow.made_at),
            (ErasureRow.id, ErasureRow.proposed_at),
            (RetentionHoldRow.subject, RetentionHoldRow.at),
        )
        others = (select(key).where(col(moment) >= begins, col(moment) < ends) for key, moment in moments)
        unannounced = select(BatchRow.id).where(made >= begins, made < ends, ~announced)
        return any(self._first(each.limit(1)) is not None for each in (about_none, unannounced, *others))

    def retention_run(self, day: str) -> RetentionRunRow | None:
        """The run of that day."""
        return self._get(RetentionRunRow, day)

    def retention_runs(self, limit: int = 10) -> list[RetentionRunRow]:
        """The runs of the last days, the latest first."""
        return self._all(select(RetentionRunRow).order_by(col(RetentionRunRow.day).desc()).limit(limit))

    def _pairs(self, wanted: Any) -> dict[str, str]:
        return {str(key): str(value) for key, value in self._all(wanted)}
