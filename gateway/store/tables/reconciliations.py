"""Reconciliations: an agency's list of messages held against the hub's record (Pasal 22(4)b), and what was settled."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Index, Text
from sqlmodel import Field, SQLModel

from gateway.store.types import Blob, UtcDateTime


class ReconciliationRow(SQLModel, table=True):
    """One list that was compared. The period is `since` to `until` (excluded), instants of our receipt.

    `state`: `running`, then `done`; or `broken-off`, which says nothing. `alive_at` is the last sign of a run (null:
    its beginning). `batch` is the exchange whose file of records was compared, null where it was messages. `source` is
    who brought the list: `agency` (signed) or `staff`. `list_sha256` is the hex digest of the list's bytes, `counts`
    JSON of states and numbers. `differences` were found, `unsettled` of them wait for a person. `result_size` bytes in
    pieces are kept until `kept_until`. `tree_size` leaves were in the checkpoint that the result names.
    """

    __tablename__ = "reconciliation"
    __table_args__ = (Index("reconciliation_made", "made_at", "id"),)

    id: str = Field(primary_key=True)
    agency: str
    since: datetime = Field(sa_type=UtcDateTime)
    until: datetime = Field(sa_type=UtcDateTime)
    source: str
    actor: str
    state: str
    made_at: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    list_sha256: str
    counts: str = Field(default="{}", sa_type=Text)
    differences: int = Field(default=0, sa_type=BigInteger)
    unsettled: int = Field(default=0, sa_type=BigInteger)
    tree_size: int = Field(default=0, sa_type=BigInteger)
    result_size: int = Field(default=0, sa_type=BigInteger)
    result_sha256: str | None = None
    kept_until: datetime = Field(sa_type=UtcDateTime)
    alive_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    batch: str | None = None


class ReconciliationPieceRow(SQLModel, table=True):
    """Whole lines of a result, as JSON Lines: those whose numbers begin with `number`."""

    __tablename__ = "reconciliation_piece"

    reconciliation: str = Field(primary_key=True)
    number: int = Field(primary_key=True, sa_type=BigInteger)
    body: bytes = Field(sa_type=Blob)


class ReconciliationSettledRow(SQLModel, table=True):
    """A difference that a member of staff has settled: the number of its line in the result, why, who and when."""

    __tablename__ = "reconciliation_settled"

    reconciliation: str = Field(primary_key=True)
    number: int = Field(primary_key=True, sa_type=BigInteger)
    reason: str = Field(sa_type=Text)
    actor: str
    at: datetime = Field(sa_type=UtcDateTime)
