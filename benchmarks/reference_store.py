"""The reference stack's store: one table, a SQLModel session that commits for each request.

Durable like the hub's: SQLite with WAL and `synchronous=FULL`, PostgreSQL as it comes.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event
from sqlmodel import Field, Session, SQLModel, UniqueConstraint, create_engine, select

FOLDER, DATABASE_URL, SCHEMAS = "BENCH_FOLDER", "BENCH_DATABASE_URL", "BENCH_SCHEMAS"
"""What the programs are told, by their environment."""


class Exchange(SQLModel, table=True):
    """A message and the answer that it got. A message id is answered once."""

    __tablename__ = "reference_exchange"
    __table_args__ = (UniqueConstraint("agency", "message_id"),)

    id: int | None = Field(default=None, primary_key=True)
    agency: str
    interaction: str
    message_id: str
    digest: str
    request: bytes
    signature: str
    answer: bytes
    answer_signature: str
    received_at: datetime


def now() -> datetime:
    """The moment, in UTC."""
    return datetime.now(UTC)


def folder() -> Path:
    """Where the keys are."""
    return Path(os.environ[FOLDER])


def schema_file(name: str) -> Path:
    """A schema of the bench's agency."""
    return Path(os.environ[SCHEMAS]) / name


@cache
def engine() -> Engine:
    """The one engine of this process."""
    url = os.environ[DATABASE_URL]
    if not url.startswith("sqlite"):
        return create_engine(url, pool_size=20)
    made = create_engine(url, connect_args={"timeout": 30})
    event.listen(made, "connect", _durable)
    return made


def make_tables() -> None:
    """Make the table, where it is not there."""
    SQLModel.metadata.create_all(engine(), tables=[SQLModel.metadata.tables["reference_exchange"]])


def session() -> Iterator[Session]:
    """A session for one request."""
    with Session(engine()) as opened:
        yield opened


def known(opened: Session, agency: str, message_id: str) -> Exchange | None:
    """The exchange of that message id, if there was one."""
    wanted = select(Exchange).where(Exchange.agency == agency, Exchange.message_id == message_id)
    return opened.exec(wanted).first()


def _durable(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.close()
