"""What is still to be said to agencies, and each try of it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, Text
from sqlmodel import Field, SQLModel

from gateway.store.types import UtcDateTime


class DeliveryRow(SQLModel, table=True):
    """Something to be said to an agency, from an Ask of a case.

    `queue` and `position` keep the order per case and agency. `fence` grows with each claim: a result that carries an
    older fence is not written. `message_id` and the payload part of the exchange are made once, at the first attempt.
    """

    __tablename__ = "delivery"
    __table_args__ = (
        Index("delivery_due", "state", "due_at"),
        Index("delivery_queue", "queue", "position"),
        Index("delivery_message", "message_id", "agency"),
        Index("delivery_case", "case_id"),
    )

    id: str = Field(primary_key=True)
    queue: str
    position: int
    agency: str
    interaction: str
    agreement: str
    agreement_version: str
    case_id: str
    case_version: int
    ask_kind: str
    ask_body: str = Field(sa_type=Text)
    state: str
    message_id: str
    made_at: datetime = Field(sa_type=UtcDateTime)
    due_at: datetime = Field(sa_type=UtcDateTime)
    attempts: int = 0
    fence: int = 0
    lease_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    payload: str | None = Field(default=None, sa_type=Text)
    cause: str | None = Field(default=None, sa_type=Text)


class AttemptRow(SQLModel, table=True):
    """One try of a delivery: when it started, under which fence, and how it ended."""

    __tablename__ = "attempt"

    delivery: str = Field(primary_key=True)
    number: int = Field(primary_key=True)
    fence: int
    started_at: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    outcome: str | None = None
    detail: str | None = Field(default=None, sa_type=Text)
