"""What others say of the ledger's checkpoints: witnesses with their co-signatures, and timestamps of an authority."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Text
from sqlmodel import Field, SQLModel

from gateway.store.types import Blob, UtcDateTime


class WitnessRow(SQLModel, table=True):
    """A witness by the name of its key. `state` is proposed, active or removed; a name is never used again.

    `url` is where it takes checkpoints (C2SP tlog-witness), null when it comes to fetch them. It is to be heard of
    every `interval_s` seconds. Since then: `size` is that of the largest checkpoint that it has co-signed, at
    `seen_at` by our clock; `failures` calls in a row brought nothing, the last because of `trouble`, and the next is
    due at `next_at`; `refusal` says why it will not co-sign; at `alerted_at` staff were told that it is overdue.
    """

    __tablename__ = "witness"

    name: str = Field(primary_key=True)
    verifier: str
    url: str | None = None
    agency: str | None = None
    interval_s: int
    state: str
    proposed_by: str
    proposed_at: datetime = Field(sa_type=UtcDateTime)
    approved_by: str | None = None
    approved_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    size: int = 0
    seen_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    failures: int = 0
    next_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    trouble: str | None = Field(default=None, sa_type=Text)
    refusal: str | None = Field(default=None, sa_type=Text)
    alerted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class CosignatureRow(SQLModel, table=True):
    """A witness's newest line under the checkpoint over `size` leaves; `signed_at` by the witness's clock."""

    __tablename__ = "cosignature"

    size: int = Field(primary_key=True)
    witness: str = Field(primary_key=True)
    line: str = Field(sa_type=Text)
    signed_at: datetime = Field(sa_type=UtcDateTime)


class TimestampRow(SQLModel, table=True):
    """A verified token of RFC 3161 over the note of the checkpoint over `size` leaves; `at` is what it states."""

    __tablename__ = "timestamp_token"

    size: int = Field(primary_key=True)
    token: bytes = Field(sa_type=Blob)
    at: datetime = Field(sa_type=UtcDateTime)
