"""The bytes of a file or of a result, as a stream over the pieces that the store has. One piece is in memory."""

from __future__ import annotations

import io
from collections.abc import Iterator

from gateway.domain.errors import LedgerBroken
from gateway.store.plan import Insert, Plan
from gateway.store.reading import Reader
from gateway.store.sealed_rows import sealed
from gateway.store.tables import BatchPieceRow, BatchRow
from gateway.store.vault import Vault


class Pieces(io.RawIOBase):
    """One side of a batch, `size` bytes of it. For one thread."""

    def __init__(self, reader: Reader, batch: str, side: str, size: int) -> None:
        super().__init__()
        self._reader = reader
        self._batch = batch
        self._side = side
        self._size = size
        self._at = 0
        self._begins = 0
        self._body = b""

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is, from the beginning."""
        return True

    def seek(self, target: int, whence: int = io.SEEK_SET, /) -> int:
        """Go on from the byte `target`."""
        if whence != io.SEEK_SET:
            target += self._at if whence == io.SEEK_CUR else self._size
        self._at = target
        return target

    def tell(self) -> int:
        """The byte that comes next."""
        return self._at

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]  # BufferedReader gives one
        """Fill a buffer as far as one piece goes; 0 at the end. Raises LedgerBroken where a piece is gone."""
        if self._at >= self._size:
            return 0
        inside = self._at - self._begins
        if not 0 <= inside < len(self._body):
            self._load()
            inside = self._at - self._begins
        count = min(len(buffer), len(self._body) - inside, self._size - self._at)
        buffer[:count] = self._body[inside : inside + count]
        self._at += count
        return count

    def _load(self) -> None:
        self._body = b""  # let go of the last one first
        found = self._reader.batch_piece(self._batch, self._side, self._at)
        if found is None or found[0] + len(found[1]) <= self._at:
            raise LedgerBroken(
                f"batch {self._batch} has no byte {self._at} of its {self._side}: a piece is gone from the store",
                code="batch-piece-missing",
            )
        self._begins, self._body = found


def piece(vault: Vault, batch: BatchRow, side: str, position: int, body: bytes) -> Plan:
    """A piece from that byte on, sealed under the key of the day on which its file was announced or begun.

    Raises Refused `erased` once that key was destroyed.
    """
    values = {"batch": batch.id, "side": side, "position": position, "body": body}
    kept = sealed(vault, BatchPieceRow, values, values, at=batch.made_at)
    return kept.plan + Plan.of(Insert(BatchPieceRow, kept.values))


def chunks(reader: Reader, batch: str, side: str, size: int, begin: int = 0) -> Iterator[bytes]:
    """The bytes of one side from `begin` to before `size`, a stored piece at a time."""
    at = begin
    while at < size:
        found = reader.batch_piece(batch, side, at)
        if found is None or found[0] + len(found[1]) <= at:
            raise LedgerBroken(
                f"batch {batch} has no byte {at} of its {side}: a piece is gone from the store",
                code="batch-piece-missing",
            )
        begins, body = found
        yield body[at - begins : size - begins]
        at = begins + len(body)
