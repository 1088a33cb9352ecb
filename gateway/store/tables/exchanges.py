"""Exchanges with agencies and the exact bytes of both sides."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column, Index, Text
from sqlmodel import Field, SQLModel

from gateway.store.types import Blob, UtcDateTime


class ExchangeRow(SQLModel, table=True):
    """One exchange with an agency, either direction. `verdict` is `accepted`, `refused` or, outbound, its delivery's.

    `content` is the keyed digest of the verified business content: with (direction, agency, message_id) it is the
    message's identity. Only final outcomes of authenticated senders bind an id (`bound`); a refusal that binds
    nothing has a null message id. `bodies_gone_at`: when its parts, and what its delivery or file held, were removed
    since the agreed time of keeping was over; the row itself stays. `gone_by`: the `erased` leaf that tells of that;
    null also where the key of its case or day was gone before.
    """

    __tablename__ = "exchange"
    __table_args__ = (
        Index("exchange_identity", "direction", "agency", "message_id", unique=True),
        Index("exchange_case", "case_id"),
        Index("exchange_at", "at", "id"),
    )

    id: str = Field(primary_key=True)
    direction: str
    agency: str
    interaction: str
    agreement: str | None = None
    message_id: str | None = None
    relates_to: str | None = None
    content: str | None = None
    case_id: str | None = None
    verdict: str
    code: str | None = None
    at: datetime = Field(sa_type=UtcDateTime)
    sealed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    status: int | None = None
    bodies_gone_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    gone_by: str | None = None


class PartRow(SQLModel, table=True):
    """Exact bytes of one part of an exchange: `request`, `answer-body`, `answer`, `sent-1`, `reply-1`, ...

    Headers are a part of their own (`request-headers`), since a signature may stand there. What travelled encrypted has
    what was signed in it beside it (`request-plain`, `answer-plain`, `sent-1-plain`, `reply-1-plain`).
    """

    __tablename__ = "exchange_part"

    exchange: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    body: bytes = Field(sa_type=Blob)


class FailedProofRow(SQLModel, table=True):
    """The last failed authentication of an agency with that code: a hint, for anybody can fail in its name.

    `explanation` names steps and mistakes and holds no value of the message; `count` are those that were kept.
    """

    __tablename__ = "failed_proof"

    agency: str = Field(primary_key=True)
    code: str = Field(primary_key=True)
    interaction: str
    at: datetime = Field(sa_type=UtcDateTime)
    count: int
    explanation: str = Field(sa_type=Text)


class RefusalTallyRow(SQLModel, table=True):
    """Refusals of unproven senders, counted per address, minute and code, until the minute becomes one leaf."""

    __tablename__ = "refusal_tally"

    minute: datetime = Field(sa_column=Column(UtcDateTime, primary_key=True))
    address: str = Field(primary_key=True)
    code: str = Field(primary_key=True)
    count: int
