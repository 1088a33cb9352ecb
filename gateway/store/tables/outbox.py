"""What is still to be said to agencies, and each try of it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import ColumnElement, Index, Text, literal_column
from sqlmodel import Field, SQLModel

from gateway.store.tables.partial import partial
from gateway.store.types import UtcDateTime

SENDABLE = ("queued", "not-sent", "unknown")
"""States of a delivery that is sent when due: nothing went out, or repeating it is agreed to be safe."""

PASSED = ("awaiting", "answered", "cancelled")
"""States of a delivery that lets the next one of its queue go; `awaiting` waits for a callback alone."""

IN_MAILBOX = ("laid-down", "collected")
"""States of a delivery that its agency collects: it lies there, or was collected and is not acknowledged."""

OWED = ("awaiting", *IN_MAILBOX)
"""States in which the agency owes something within an agreed time: its answer, or that it collects."""

CANCELLED = "cancelled"
"""The state of a delivery that staff gave up."""
FINISHED = ("answered", CANCELLED)
"""States in which nothing more happens to a delivery."""


def words(states: Iterable[str]) -> list[ColumnElement[str]]:
    """States as they stand in a statement, written out and not bound.

    What is done, a million rows by and by, is left out of the partial indexes below, and an engine uses such an index
    for a question only when it reads the same words there.
    """
    return [literal_column(f"'{each}'") for each in states]


def _listed(states: Iterable[str]) -> str:
    return ", ".join(f"'{each}'" for each in states)


_TO_SEND = f"state IN ({_listed(SENDABLE)})"
_HOLDS = f"state NOT IN ({_listed(PASSED)})"
_UNFINISHED = f"state NOT IN ({_listed(FINISHED)})"
_OWED = f"state IN ({_listed(OWED)})"
_IN_MAILBOX = f"state IN ({_listed(IN_MAILBOX)})"


class DeliveryRow(SQLModel, table=True):
    """Something to be said to an agency, from an Ask of a case.

    `queue` and `position` keep the order per case and agency. `fence` grows with each claim: a result that carries an
    older fence is not written. `lease_until` is set while a worker has it, from the claim to the end of the attempt.
    `attempts` counts since it was last redriven, `last_attempt` numbers all attempts. `message_id` and the payload
    part of the exchange are made once, at the first attempt. `outcome` and `cause` say how the last attempt ended.
    `answer_due_at` ends the agreed time for the answer of a Request, or for an item to be acknowledged; `remind_at` is
    when a timer looks at it next. In a mailbox `due_at` is when it can be collected, or collected again.
    """

    __tablename__ = "delivery"
    __table_args__ = (
        partial("delivery_due", _TO_SEND, "agency", "interaction", "due_at", "id"),
        partial("delivery_held", _HOLDS, "queue", "position"),
        partial("delivery_leased", "lease_until IS NOT NULL", "agency", "interaction", "lease_until"),
        partial("delivery_unfinished", _UNFINISHED, "state", "made_at", "id"),
        partial("delivery_reminder", _OWED, "remind_at"),
        partial("delivery_overdue", _OWED, "answer_due_at"),
        partial("delivery_mailbox", _IN_MAILBOX, "agency", "made_at", "id"),
        partial("delivery_collected", "state = 'collected'", "due_at"),
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
    last_attempt: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    outcome: str | None = None
    answer_due_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    remind_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


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


class LaneRow(SQLModel, table=True):
    """The way of one interaction to one agency. Who claims from it locks it, so its limits hold over all workers.

    `paced_until` is when the calls that were let go would be over at the agreed rate. `held_until` is what the agency
    asked for ("not before"), `held_at` when it did: together they outlive a clock that is set back.
    """

    __tablename__ = "lane"

    agency: str = Field(primary_key=True)
    interaction: str = Field(primary_key=True)
    paced_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    held_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    held_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class CircuitRow(SQLModel, table=True):
    """Whether an endpoint, as staff set it, answers: `failures` in a row; open from `opened_at` until a probe succeeds.

    `interaction` is the endpoint's (`*` for all), `url` what it was when this was written: with another URL the row
    says nothing. `openings` counts since it was last closed. From `open_until` on one probe may go; `probe_until` is
    the lease of the one that does.
    """

    __tablename__ = "circuit"

    agency: str = Field(primary_key=True)
    interaction: str = Field(primary_key=True)
    url: str
    failures: int = 0
    openings: int = 0
    opened_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    open_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    probe_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    cause: str | None = Field(default=None, sa_type=Text)
