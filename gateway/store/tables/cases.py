"""Permit cases: what happened, how they stand, the names they are found by, and what they wait for."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Text
from sqlmodel import Field, SQLModel

from gateway.store.tables.partial import partial
from gateway.store.types import Blob, UtcDateTime

FOUND_BY_TIME = ("PaymentReceived",)
"""Facts that are looked for by their time: an index of its own holds them, and no other fact makes it grow."""

_BY_TIME = f"kind IN ({', '.join(repr(each) for each in FOUND_BY_TIME)})"


class CaseRow(SQLModel, table=True):
    """A permit case as it stands. `version` counts its events; `next_order` numbers its deliveries."""

    __tablename__ = "permit_case"

    id: str = Field(primary_key=True)
    version: int
    service: str
    origin: str
    stage: str
    ended: bool
    opened_at: datetime = Field(sa_type=UtcDateTime, index=True)
    changed_at: datetime = Field(sa_type=UtcDateTime)
    next_order: int
    body: str = Field(sa_type=Text)


class CaseEventRow(SQLModel, table=True):
    """A fact. `occurred_at` is when it happened, `entered_at` when it was entered (Pasal 26(4))."""

    __tablename__ = "case_event"
    __table_args__ = (partial("case_event_at", _BY_TIME, "occurred_at", "case_id", "seq"),)

    case_id: str = Field(primary_key=True)
    seq: int = Field(primary_key=True)
    kind: str
    body: str = Field(sa_type=Text)
    occurred_at: datetime = Field(sa_type=UtcDateTime)
    entered_at: datetime = Field(sa_type=UtcDateTime)
    actor: str
    exchange: str | None = None


class CaseReferenceRow(SQLModel, table=True):
    """An outside name of a case, as a keyed hash: found by who knows the name, told to nobody who reads the table."""

    __tablename__ = "case_reference"

    digest: str = Field(primary_key=True)
    case_id: str = Field(primary_key=True)
    kind: str


class OpeningRow(SQLModel, table=True):
    """The key under which a case was opened: the same key never opens a second one."""

    __tablename__ = "case_opening"

    digest: str = Field(primary_key=True)
    case_id: str


class DeadlineRow(SQLModel, table=True):
    """When a timer must look at a case again."""

    __tablename__ = "deadline"

    case_id: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    due_at: datetime = Field(sa_type=UtcDateTime, index=True)


class DocumentRow(SQLModel, table=True):
    """A document that the office made or keeps for a case, by its SHA-256."""

    __tablename__ = "document"

    case_id: str = Field(primary_key=True)
    sha256: str = Field(primary_key=True)
    kind: str
    media_type: str
    body: bytes = Field(sa_type=Blob)
    made_at: datetime = Field(sa_type=UtcDateTime)


class CounterRow(SQLModel, table=True):
    """The last number given out under a name."""

    __tablename__ = "counter"

    name: str = Field(primary_key=True)
    value: int


class PinChallengeRow(SQLModel, table=True):
    """A PIN that was sent to a person for one step of one case over one document digest (Pasal 13(3)).

    The PIN itself is derived from the master key and this id when it is sent and when it is checked; it is not here.
    """

    __tablename__ = "pin_challenge"

    id: str = Field(primary_key=True)
    person: str
    phone: str
    case_id: str
    step: str
    digest: str
    expires_at: datetime = Field(sa_type=UtcDateTime)
    wrong: int = 0
    used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class HeldSecretRow(SQLModel, table=True):
    """What an official gave for the one certified signature of a challenge (13), sealed under the master key.

    It is put in at sending before `expires_at`, and the row is deleted when the request has ended or its time is over.
    """

    __tablename__ = "held_secret"

    challenge: str = Field(primary_key=True)
    sealed: bytes = Field(sa_type=Blob)
    expires_at: datetime = Field(sa_type=UtcDateTime, index=True)
