"""Witnesses and their co-signatures, as they are stored."""

from __future__ import annotations

from sqlmodel import col, select

from gateway.store.reads.base import Reads
from gateway.store.tables import CheckpointRow, CosignatureRow, WitnessRow

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
