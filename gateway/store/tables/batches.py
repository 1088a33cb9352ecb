"""Files of records, of agencies and of the office: what was announced, their pieces, and how far their records are."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, Text
from sqlmodel import Field, SQLModel

from gateway.store.tables.partial import partial
from gateway.store.types import Blob, UtcDateTime

AT_WORK = ("verifying", "reading", "closing")
"""States of an agency's file in which some process has something to do."""

OFFICE_AT_WORK = ("making", "sealing", "announcing", "sending", "awaiting", "fetching", "applying", "ending")
"""The same of the office's own file."""

_AT_WORK = f"state IN ({', '.join(repr(each) for each in AT_WORK)})"
_OFFICE_AT_WORK = f"state IN ({', '.join(repr(each) for each in OFFICE_AT_WORK)})"


def _count() -> Any:
    """A number that may be greater than 32 bits hold: bytes, and records of a file of a gigabyte."""
    return Field(default=0, sa_type=BigInteger)


class BatchRow(SQLModel, table=True):
    """A file of records. `id` is the exchange that announced it; `name` is the agency's own id of it.

    `due_at`: when somebody has to work on it again; while bytes are awaited, when the last ones came.
    `manifest` is the canonical form of what was announced; `token` the SHA-256 (hex) of what the uploader shows, ""
    where nobody may upload. `received` bytes are there. `read` is the number of the last record that is done or put
    aside, `position` the byte behind it. `accepted`, `declined`, `invalid` and `failed` count what became of records,
    `held` those that are put aside. `result_size` bytes of the result are written. `ends_as` is the state in which a
    batch that is `closing` will end, `cause` why it ended or waits. `fence` and `lease_until` are those of a claim.

    Of the office's own file (`direction` out) `name` is ours, and `wanted` says as JSON which cases it is about. While
    it is made, `cursor` is the last case that was asked, `position` the number of those, `left_out` counts the cases
    that could not be mapped. `upload` is the path at the agency that takes pieces of `piece_size` bytes, of which it
    has `received`; `tries` counts calls that failed in a row. `answer_size` bytes of the agency's result are here, and
    `read` counts its records; `lacking` is the last record of ours for which it was noted that none came. `stopped_in`
    is the state in which a `stopped` one goes on when staff say so.
    """

    __tablename__ = "batch"
    __table_args__ = (
        Index("batch_name", "direction", "agency", "interaction", "name", unique=True),
        Index("batch_made", "made_at", "id"),
        partial("batch_due", _AT_WORK, "due_at", "id"),
        partial("batch_due_office", _OFFICE_AT_WORK, "due_at", "id"),
    )

    id: str = Field(primary_key=True)
    direction: str = "in"
    agency: str
    interaction: str
    name: str
    agreement: str
    agreement_version: str
    manifest: str = Field(sa_type=Text)
    format: str
    size: int = Field(sa_type=BigInteger)
    sha256: str
    records: int = Field(sa_type=BigInteger)
    token: str
    state: str
    ends_as: str | None = None
    cause: str | None = Field(default=None, sa_type=Text)
    made_at: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    received: int = _count()
    read: int = _count()
    position: int = _count()
    accepted: int = _count()
    declined: int = _count()
    invalid: int = _count()
    failed: int = _count()
    held: int = _count()
    result_size: int = _count()
    result_sha256: str | None = None
    due_at: datetime = Field(sa_type=UtcDateTime)
    fence: int = 0
    lease_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    wanted: str | None = Field(default=None, sa_type=Text)
    cursor: str = ""
    left_out: int = _count()
    upload: str | None = None
    piece_size: int = 0
    tries: int = 0
    answer_size: int = _count()
    lacking: int = _count()
    stopped_in: str | None = None


class BatchPieceRow(SQLModel, table=True):
    """Bytes from the byte `position` on.

    `side`: of the `file`, of what is said of its records (`result`), of an agency's result of the office's (`answer`).
    """

    __tablename__ = "batch_piece"

    batch: str = Field(primary_key=True)
    side: str = Field(primary_key=True)
    position: int = Field(primary_key=True, sa_type=BigInteger)
    body: bytes = Field(sa_type=Blob)


class BatchHeldRow(SQLModel, table=True):
    """A record that a mapping could not take: put aside as JSON, and tried again when due.

    `tries` counts; 0: staff gave it up, and `cause` is their reason.
    """

    __tablename__ = "batch_held"

    batch: str = Field(primary_key=True)
    number: int = Field(primary_key=True, sa_type=BigInteger)
    body: str = Field(sa_type=Text)
    tries: int
    due_at: datetime = Field(sa_type=UtcDateTime)
    cause: str = Field(sa_type=Text)


class BatchLeftOutRow(SQLModel, table=True):
    """A case that is not in the office's file, since it could not be mapped however often that was tried."""

    __tablename__ = "batch_left_out"

    batch: str = Field(primary_key=True)
    case_id: str = Field(primary_key=True)
    cause: str = Field(sa_type=Text)


class BatchNamedRow(SQLModel, table=True):
    """A case that files of an interaction have named, or should have named and did not (`is_named` false).

    `batch` is the file that named it; while none did, the one in which it was missed.
    """

    __tablename__ = "batch_named"
    __table_args__ = (Index("batch_named_batch", "batch", "case_id"),)

    agency: str = Field(primary_key=True)
    interaction: str = Field(primary_key=True)
    case_id: str = Field(primary_key=True)
    batch: str
    is_named: bool
