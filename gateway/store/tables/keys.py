"""Master keys that the store was wrapped with, keys that never change, and who is at work with which master keys."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Text
from sqlmodel import Field, SQLModel

from gateway.store.types import Blob, UtcDateTime

WRAPS = "wraps"
OPENS = "opens"
GONE = "gone"


class MasterKeyRow(SQLModel, table=True):
    """A master key, by its id; the key itself is in no store.

    `state`: one `wraps` what is new; `opens`: what it has wrapped may still be there; `gone`: nothing needs it.
    """

    __tablename__ = "master_key"

    id: str = Field(primary_key=True)
    state: str
    since: datetime = Field(sa_type=UtcDateTime)


class DerivedKeyRow(SQLModel, table=True):
    """The key of one purpose, wrapped by the master key; the one of "" makes those of purposes that have no row."""

    __tablename__ = "derived_key"

    purpose: str = Field(primary_key=True)
    wrapped: bytes = Field(sa_type=Blob)


class KeyHolderRow(SQLModel, table=True):
    """A process that was started, and the ids of the master keys that it has, with spaces between."""

    __tablename__ = "key_holder"

    name: str = Field(primary_key=True)
    keys: str = Field(sa_type=Text)
    started_at: datetime = Field(sa_type=UtcDateTime)
