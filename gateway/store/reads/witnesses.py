"""Witnesses with their co-signatures, and timestamps, as they are stored."""

from __future__ import annotations

from sqlmodel import col, select

from gateway.store.reads.base import Reads
from gateway.store.tables import CheckpointRow, CosignatureRow, TimestampRow, WitnessRow

ACTIVE = "active"


class WitnessReads(Reads):
    """Who witnesses, and the lines under a checkpoint."""

    def witnesses(self) -> list[WitnessRow]:
        """All of them, by name; those that were removed too."""
        return self._all(select(WitnessRow).order_by(col(WitnessRow.name)))

    def witness(self, name: str) -> WitnessRow | None:
        """The witness with this name."""
        return self._get(WitnessRow, name)

    def cosignature(self, size: int, witness: str) -> CosignatureRow | None:
        """That witness's line under that checkpoint."""
        return self._get(CosignatureRow, (size, witness))

    def cosignatures(self, size: int) -> list[CosignatureRow]:
        """The lines of active witnesses under the checkpoint over so many leaves, by the witness's name."""
        joined = select(CosignatureRow).join(WitnessRow, col(WitnessRow.name) == col(CosignatureRow.witness))
        wanted = joined.where(col(CosignatureRow.size) == size, col(WitnessRow.state) == ACTIVE)
        return self._all(wanted.order_by(col(CosignatureRow.witness)))

    def witnessed_checkpoint(self) -> CheckpointRow | None:
        """The largest checkpoint that an active witness has co-signed."""
        joined = select(CosignatureRow.size).join(WitnessRow, col(WitnessRow.name) == col(CosignatureRow.witness))
        largest = joined.where(col(WitnessRow.state) == ACTIVE).order_by(col(CosignatureRow.size).desc()).limit(1)
        size: int | None = self._first(largest)
        return None if size is None else self._get(CheckpointRow, size)

    def best_checkpoint(self, covering: int) -> CheckpointRow | None:
        """The checkpoint over so many leaves or more that others vouch for most, and of these the earliest.

        Co-signed by an active witness and timestamped, else co-signed, else timestamped, else the first there is.
        """
        lines = select(col(CosignatureRow.size)).join(WitnessRow, col(WitnessRow.name) == col(CosignatureRow.witness))
        lines = lines.where(col(WitnessRow.state) == ACTIVE, col(CosignatureRow.size) >= covering)
        stamps = select(col(TimestampRow.size)).where(col(TimestampRow.size) >= covering)
        for wanted in (
            stamps.where(lines.where(col(CosignatureRow.size) == col(TimestampRow.size)).exists()),
            lines,
            stamps,
        ):
            size: int | None = self._first(wanted.order_by(wanted.selected_columns[0]).limit(1))
            if size is not None:
                return self._get(CheckpointRow, size)
        every = select(CheckpointRow).where(col(CheckpointRow.size) >= covering).order_by(col(CheckpointRow.size))
        found: CheckpointRow | None = self._first(every.limit(1))
        return found

    def timestamp(self, size: int) -> TimestampRow | None:
        """The timestamp of the checkpoint over so many leaves."""
        return self._get(TimestampRow, size)

    def last_timestamp(self) -> TimestampRow | None:
        """The timestamp of the largest checkpoint that has one."""
        found: TimestampRow | None = self._first(select(TimestampRow).order_by(col(TimestampRow.size).desc()).limit(1))
        return found

    def first_timestamp(self, covering: int) -> TimestampRow | None:
        """The earliest timestamp of a checkpoint over so many leaves or more."""
        wanted = select(TimestampRow).where(col(TimestampRow.size) >= covering).order_by(col(TimestampRow.size))
        found: TimestampRow | None = self._first(wanted.limit(1))
        return found
