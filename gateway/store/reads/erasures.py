"""Erasures: what was ordered, what is still to be done for one, and where the leaves stand that say so."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, NamedTuple

from sqlmodel import col, func, literal, or_, select

from gateway.store.reads.base import Reads
from gateway.store.tables import (
    BatchNamedRow,
    BatchPieceRow,
    BatchRow,
    CaseEventRow,
    CaseReferenceRow,
    DataKeyRow,
    DeliveryRow,
    DossierRow,
    ErasedFileRow,
    ErasedRow,
    ErasureRow,
    ExchangeRow,
    LeafRow,
    PinChallengeRow,
    RetentionHoldRow,
)
from gateway.store.tables.erasures import UNDER_WAY
from gateway.store.tables.outbox import FINISHED, words


class ErasedLeaf(NamedTuple):
    """An `erased` leaf: its scope; its id, text and hash; its place, None while it waits."""

    scope: str
    id: str
    canonical: bytes
    hash: bytes
    tree_index: int | None


_LEAF: Any = tuple(col(getattr(LeafRow, each)) for each in ("id", "canonical", "hash", "tree_index"))
_ERASED: Any = select(col(ErasedRow.scope), *_LEAF).join(LeafRow, col(LeafRow.id) == col(ErasedRow.leaf))


class ErasureReads(Reads):
    """Orders of erasure, and what they are about."""

    def erasure(self, erasure: str) -> ErasureRow | None:
        """The erasure with this id."""
        return self._get(ErasureRow, erasure)

    def erasures(self, limit: int = 50, before: tuple[datetime, str] | None = None) -> list[ErasureRow]:
        """Erasures, last proposed first. `before` is (proposed_at, id) of the last one seen."""
        wanted = select(ErasureRow)
        if before is not None:
            at, last = before
            came = col(ErasureRow.proposed_at)
            wanted = wanted.where((came < at) | ((came == at) & (col(ErasureRow.id) < last)))
        ordered = wanted.order_by(col(ErasureRow.proposed_at).desc(), col(ErasureRow.id).desc())
        return self._all(ordered.limit(limit))

    def erasures_of(self, dossier: str) -> list[ErasureRow]:
        """All erasures of a dossier, last proposed first."""
        wanted = select(ErasureRow).where(col(ErasureRow.dossier) == dossier)
        return self._all(wanted.order_by(col(ErasureRow.proposed_at).desc(), col(ErasureRow.id).desc()))

    def erasures_under_way(self) -> list[ErasureRow]:
        """Erasures that were approved and are not done, in the order of their approval."""
        wanted = select(ErasureRow).where(col(ErasureRow.state).in_(UNDER_WAY))
        return self._all(wanted.order_by(col(ErasureRow.decided_at), col(ErasureRow.id)))

    def erasures_destroyed(self) -> list[ErasureRow]:
        """Erasures whose keys are gone, done or not, by id."""
        wanted = select(ErasureRow).where(col(ErasureRow.destroyed_at).is_not(None))
        return self._all(wanted.order_by(col(ErasureRow.id)))

    def erased_count(self) -> int:
        """How many `erased` leaves there are: it moves with each key that is destroyed."""
        return int(self._first(select(func.count()).select_from(ErasedRow)))

    def erased(self, scope: str) -> list[ErasedLeaf]:
        """The leaves that are said to be the `erased` ones of a scope, in the order of their commits."""
        wanted = _ERASED.where(col(ErasedRow.scope) == scope)
        return [ErasedLeaf(*row) for row in self._all(wanted.order_by(col(LeafRow.serial)))]

    def erased_by(self, leaf: str) -> ErasedLeaf | None:
        """The `erased` leaf with this id."""
        found = self._all(_ERASED.where(col(ErasedRow.leaf) == leaf))
        return ErasedLeaf(*found[0]) if found else None

    def erased_file(self, batch: str) -> str | None:
        """The erased case for which the bytes of a file were removed; None where they were not."""
        row = self._get(ErasedFileRow, batch)
        return None if row is None else row.case_id

    # --- what an erasure is about -------------------------------------------------------------------------------------

    def dossier_digest(self, scope: str) -> str | None:
        """The digest under which the dossier of this scope is found; None where none leads to it."""
        found: str | None = self._first(select(DossierRow.digest).where(col(DossierRow.scope) == scope))
        return found

    def wrapped(self, scopes: Collection[str]) -> dict[str, bytes]:
        """The stored forms of these keys as they are, by scope; what was destroyed is empty."""
        wanted = select(DataKeyRow.scope, DataKeyRow.wrapped).where(col(DataKeyRow.scope).in_(scopes))
        return {scope: bytes(wrapped) for scope, wrapped in self._all(wanted)}

    def unfinished_deliveries(self, case_id: str) -> list[DeliveryRow]:
        """Deliveries of a case with which something may still happen, in mailboxes too."""
        wanted = select(DeliveryRow).where(
            col(DeliveryRow.case_id) == case_id, col(DeliveryRow.state).not_in(words(FINISHED))
        )
        return self._all(wanted.order_by(col(DeliveryRow.made_at), col(DeliveryRow.id)))

    def batches_naming(self, case_id: str) -> list[BatchRow]:
        """Files of records that named a case, or whose records changed it, by id."""
        caused = select(CaseEventRow.exchange).where(
            col(CaseEventRow.case_id) == case_id, col(CaseEventRow.exchange).is_not(None)
        )
        named = select(BatchNamedRow.batch).where(
            col(BatchNamedRow.case_id) == case_id, col(BatchNamedRow.is_named).is_(True)
        )
        mine = col(BatchRow.id)
        return self._all(select(BatchRow).where(mine.in_(caused) | mine.in_(named)).order_by(mine))

    def holds_on(self, case_id: str) -> list[str]:
        """What of a case is held for evidence: itself (`case/<id>`), exchanges about it (`exchange/<id>`), in order."""
        named = literal("exchange/") + col(ExchangeRow.id)
        mine = col(RetentionHoldRow.subject)
        about = select(ExchangeRow.id).where(col(ExchangeRow.case_id) == case_id, named == mine).exists()
        return self._all(select(mine).where(or_(mine == f"case/{case_id}", about)).order_by(mine))

    def files_ended_since(self, since: datetime, behind: str, limit: int) -> list[BatchRow]:
        """Files of records that ended then or later, of either direction, by id and behind that one."""
        mine = col(BatchRow.id)
        wanted = select(BatchRow).where(col(BatchRow.ended_at) >= since, mine > behind)
        return self._all(wanted.order_by(mine).limit(limit))

    def count_files_ended_since(self, since: datetime) -> int:
        """How many they are."""
        return int(self._first(select(func.count()).where(col(BatchRow.ended_at) >= since)))

    def exchanges_about(self, case_id: str, behind: str, limit: int) -> list[str]:
        """The ids of the exchanges about a case, behind that one, in order."""
        mine = col(ExchangeRow.id)
        wanted = select(mine).where(col(ExchangeRow.case_id) == case_id, mine > behind)
        return self._all(wanted.order_by(mine).limit(limit))

    def deliveries_about(self, case_id: str, behind: str, limit: int) -> list[str]:
        """The ids of the deliveries of a case, behind that one, in order."""
        mine = col(DeliveryRow.id)
        wanted = select(mine).where(col(DeliveryRow.case_id) == case_id, mine > behind)
        return self._all(wanted.order_by(mine).limit(limit))

    def reference_kinds(self, case_id: str) -> list[str]:
        """The kinds of names by which a case is found, in order."""
        wanted = select(CaseReferenceRow.kind).where(col(CaseReferenceRow.case_id) == case_id).distinct()
        return self._all(wanted.order_by(col(CaseReferenceRow.kind)))

    def piece_keys(self, batch: str, limit: int) -> list[tuple[str, int]]:
        """Side and position of the first stored pieces of a file, without their bytes."""
        columns = (BatchPieceRow.side, BatchPieceRow.position)
        wanted = select(*columns).where(col(BatchPieceRow.batch) == batch)
        ordered = wanted.order_by(col(BatchPieceRow.side), col(BatchPieceRow.position))
        return [(side, int(position)) for side, position in self._all(ordered.limit(limit))]

    def challenges_about(self, case_id: str) -> list[str]:
        """The ids of the PIN challenges of a case."""
        wanted = select(PinChallengeRow.id).where(col(PinChallengeRow.case_id) == case_id)
        return self._all(wanted.order_by(col(PinChallengeRow.id)))
