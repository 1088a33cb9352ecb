"""The end of keeping: what is held for evidence, and how far the days' runs came."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Text
from sqlmodel import Field, SQLModel

from gateway.store.types import UtcDateTime


class RetentionHoldRow(SQLModel, table=True):
    """A case or an exchange (`subject`: `case/<id>`, `exchange/<id>`) whose bodies are kept until staff let it go."""

    __tablename__ = "retention_hold"

    subject: str = Field(primary_key=True)
    reason: str = Field(sa_type=Text)
    actor: str
    at: datetime = Field(sa_type=UtcDateTime)


class RetentionRunRow(SQLModel, table=True):
    """One day's run (`day`: a date of Jakarta). `ended_at` is null while it is not through.

    `removed` exchanges lost their bodies, `days` keys of days were destroyed; `kept` exchanges were over their time and
    kept, at the end of the run.
    """

    __tablename__ = "retention_run"

    day: str = Field(primary_key=True)
    began_at: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    removed: int = Field(default=0, sa_type=BigInteger)
    days: int = 0
    kept: int = Field(default=0, sa_type=BigInteger)
