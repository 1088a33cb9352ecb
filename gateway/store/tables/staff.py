"""Who works at the office, what they come in with, and what they looked at that others see masked."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Index, Text
from sqlmodel import Field, SQLModel

from gateway.store.types import Blob, UtcDateTime


class StaffRow(SQLModel, table=True):
    """A member of staff. PINs go to `phone` (Pasal 13(3)).

    A signing official has a `delegation`: its number, the days on which it is valid, and whether it covers electronic
    signing (13(4), 13(5)); null for everybody else. By `nik` a certified signature service knows the official.
    """

    __tablename__ = "staff"

    id: str = Field(primary_key=True)
    name: str
    title: str
    nip: str | None = None
    phone: str | None = None
    delegation: str | None = Field(default=None, sa_type=Text)
    delegation_from: date | None = None
    delegation_until: date | None = None
    delegation_electronic: bool = False
    nik: str | None = None


class TokenRow(SQLModel, table=True):
    """An API token of a member of staff: only its hash is kept. `scopes` are words with a space between them."""

    __tablename__ = "api_token"

    hash: str = Field(primary_key=True)
    staff: str
    scopes: str
    made_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class RestrictedReadRow(SQLModel, table=True):
    """Somebody looked at unmasked data (Pasal 10, Pasal 22(1)): `actor` at `subject`, for this reason.

    `subject` is `exchange/<id>` or `case/<id>`, `what` says how it was shown (`messages`, `bundle`). The leaf named
    `leaf` commits to all of it under `salt`, so that a reason, which a person typed, is not in the ledger itself.
    """

    __tablename__ = "restricted_read"
    __table_args__ = (Index("restricted_read_at", "at", "id"), Index("restricted_read_subject", "subject"))

    id: str = Field(primary_key=True)
    at: datetime = Field(sa_type=UtcDateTime)
    actor: str
    what: str
    subject: str
    reason: str = Field(sa_type=Text)
    salt: bytes = Field(sa_type=Blob)
    leaf: str
