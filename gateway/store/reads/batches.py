"""Files of records: how far they are, and their bytes, one piece at a time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam
from sqlmodel import col, func, or_, select

from gateway.store.batches import beyond_any_lease
from gateway.store.reads.base import Reads
from gateway.store.sealed_rows import place_of
from gateway.store.sealing import open_blob
from gateway.store.tables import BatchHeldRow, BatchLeftOutRow, BatchNamedRow, BatchPieceRow, BatchRow
from gateway.store.tables.batches import AT_WORK, OFFICE_AT_WORK
from gateway.store.tables.outbox import words

_PIECE = (
    select(BatchPieceRow.position, BatchPieceRow.body)
    .where(
        col(BatchPieceRow.batch) == bindparam("of"),
        col(BatchPieceRow.side) == bindparam("on"),
        col(BatchPieceRow.position) <= bindparam("at"),
    )
    .order_by(col(BatchPieceRow.position).desc())
    .limit(1)
)

_NEXT_PIECE = (
    select(BatchPieceRow.position, BatchPieceRow.body)
    .where(
        col(BatchPieceRow.batch) == bindparam("of"),
        col(BatchPieceRow.side) == bindparam("on"),
        col(BatchPieceRow.position) >= bindparam("at"),
    )
    .order_by(col(BatchPieceRow.position))
    .limit(1)
)


class BatchReads(Reads):
    """What agencies and the office sent each other as a file."""

    def batch(self, batch: str) -> BatchRow | None:
        """The batch with this id."""
        return self._get(BatchRow, batch)

    def batch_by_name(self, agency: str, interaction: str, name: str, direction: str = "in") -> BatchRow | None:
        """The batch that an agency calls so in that interaction; with the direction `out`, that we call so."""
        wanted = select(BatchRow).where(
            col(BatchRow.direction) == direction,
            col(BatchRow.agency) == agency,
            col(BatchRow.interaction) == interaction,
            col(BatchRow.name) == name,
        )
        found: BatchRow | None = self._first(wanted)
        return found

    def batches(
        self,
        limit: int = 50,
        before: tuple[datetime, str] | None = None,
        agency: str | None = None,
        state: str | None = None,
        interaction: str | None = None,
    ) -> list[BatchRow]:
        """Batches, the newest first; `before`: behind the one that was made then and has that id."""
        wanted = select(BatchRow)
        if before is not None:
            at, last = before
            made = col(BatchRow.made_at)
            wanted = wanted.where((made < at) | ((made == at) & (col(BatchRow.id) < last)))
        for column, value in ((BatchRow.agency, agency), (BatchRow.state, state), (BatchRow.interaction, interaction)):
            if value is not None:
                wanted = wanted.where(col(column) == value)
        return self._all(wanted.order_by(col(BatchRow.made_at).desc(), col(BatchRow.id).desc()).limit(limit))

    def batches_in(self, agency: str, interaction: str, state: str) -> int:
        """How many batches of an interaction are in that state."""
        wanted = select(func.count()).where(
            col(BatchRow.agency) == agency, col(BatchRow.interaction) == interaction, col(BatchRow.state) == state
        )
        return int(self._first(wanted))

    def file_before(self, row: BatchRow) -> BatchRow | None:
        """The last file of the same interaction that was announced before this one and read whole."""
        wanted = select(BatchRow).where(
            col(BatchRow.direction) == row.direction,
            col(BatchRow.agency) == row.agency,
            col(BatchRow.interaction) == row.interaction,
            col(BatchRow.state) == "completed",
            col(BatchRow.read) == col(BatchRow.records),
            col(BatchRow.made_at) < row.made_at,
        )
        found: list[BatchRow] = self._all(wanted.order_by(col(BatchRow.made_at).desc()).limit(1))
        return found[0] if found else None

    def abandoned_uploads(self, before: datetime, limit: int) -> list[BatchRow]:
        """Batches whose bytes are awaited and of which none came since then, the oldest first."""
        wanted = select(BatchRow).where(col(BatchRow.state) == "uploading", col(BatchRow.due_at) < before)
        return self._all(wanted.order_by(col(BatchRow.due_at), col(BatchRow.id)).limit(limit))

    def troubled_batches(self, since: datetime, limit: int = 20) -> list[BatchRow]:
        """Batches that wait, have records put aside or are stopped, and those that ended since then with some failed.

        Of agencies' files also those with records that were declined or invalid: nobody else in the office sees them.
        Of the office's own also those with cases left out, and those that the agency did not read whole.
        """
        is_troubled = col(BatchRow.cause).is_not(None) | (col(BatchRow.held) > 0)
        waits = col(BatchRow.state).in_(words((*AT_WORK, *OFFICE_AT_WORK, "stopped"))) & is_troubled
        unread = (col(BatchRow.direction) == "out") & col(BatchRow.state).in_(words(("broken", "refused")))
        refused = (col(BatchRow.direction) == "in") & ((col(BatchRow.declined) > 0) | (col(BatchRow.invalid) > 0))
        failed = (col(BatchRow.failed) > 0) | (col(BatchRow.left_out) > 0) | unread | refused
        wanted = select(BatchRow).where(or_(waits, (col(BatchRow.ended_at) > since) & failed))
        return self._all(wanted.order_by(col(BatchRow.made_at), col(BatchRow.id)).limit(limit))

    def batch_is_due(self, now: datetime, states: Sequence[str]) -> bool:
        """Whether there is a batch in one of these states on which somebody has to work now, and nobody does."""
        free = or_(col(BatchRow.lease_until).is_(None), col(BatchRow.lease_until) <= now, beyond_any_lease(now))
        due = select(BatchRow.id).where(col(BatchRow.state).in_(words(states)), col(BatchRow.due_at) <= now, free)
        return self._first(due.limit(1)) is not None

    def batch_piece(self, batch: str, side: str, at: int) -> tuple[int, bytes] | None:
        """The piece that holds the byte `at`, or that ends before it: where it begins, and its bytes. None: no piece.

        Raises Shut when it was erased, Tampered `sealed-damaged`.
        Bytes alone: a session would keep the last pieces in memory for a while.
        """
        found = self._one(_PIECE, of=batch, on=side, at=at)
        return None if found is None else self._piece(batch, side, *found)

    def batch_piece_from(self, batch: str, side: str, at: int) -> tuple[int, bytes] | None:
        """The first piece that begins at the byte `at` or behind it: where it begins, and its bytes. None: no piece."""
        found = self._one(_NEXT_PIECE, of=batch, on=side, at=at)
        return None if found is None else self._piece(batch, side, *found)

    def _piece(self, batch: str, side: str, position: int, stored: bytes) -> tuple[int, bytes]:
        place = place_of(BatchPieceRow, {"batch": batch, "side": side, "position": int(position)}, "body")
        return int(position), open_blob(bytes(stored), place, self._keys)

    def held_records(self, batch: str, limit: int = 50, due: datetime | None = None) -> list[BatchHeldRow]:
        """Records of a batch that are put aside, by their number; with `due` those that are to be tried by then."""
        wanted = select(BatchHeldRow).where(col(BatchHeldRow.batch) == batch)
        if due is not None:
            wanted = wanted.where(col(BatchHeldRow.due_at) <= due)
        return self._all(wanted.order_by(col(BatchHeldRow.number)).limit(limit))

    def next_held(self, batch: str) -> datetime | None:
        """When the next record that is put aside is to be tried; None when none is put aside."""
        at = select(BatchHeldRow.due_at).where(col(BatchHeldRow.batch) == batch)
        found: datetime | None = self._first(at.order_by(col(BatchHeldRow.due_at)).limit(1))
        return found

    def left_out(self, batch: str, limit: int = 50) -> list[BatchLeftOutRow]:
        """Cases that are not in the office's file since they could not be mapped, by their ids."""
        wanted = select(BatchLeftOutRow).where(col(BatchLeftOutRow.batch) == batch)
        return self._all(wanted.order_by(col(BatchLeftOutRow.case_id)).limit(limit))

    def named(self, agency: str, interaction: str, case_id: str) -> BatchNamedRow | None:
        """Whether files of that interaction named the case, or one should have; None: neither."""
        return self._get(BatchNamedRow, (agency, interaction, case_id))

    def unnamed(self, batch: str, limit: int = 50) -> list[str]:
        """The cases that the file should have named and that no file has until now, by their ids."""
        wanted = select(BatchNamedRow.case_id).where(
            col(BatchNamedRow.batch) == batch, col(BatchNamedRow.is_named).is_(False)
        )
        return self._all(wanted.order_by(col(BatchNamedRow.case_id)).limit(limit))
