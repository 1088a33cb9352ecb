"""Who works at the office, and what they come in with."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Text
from sqlmodel import Field, SQLModel

from gateway.store.types import UtcDateTime


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
