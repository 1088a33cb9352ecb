"""Database engines by URL. SQLite is the embedded default: one file, WAL, every commit on disk before it counts."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from gateway.domain.errors import Misconfigured

BUSY_TIMEOUT_MS = 10_000


def open_engine(url: str) -> Engine:
    """An engine for `url`.

    Transactions are begun explicitly (`BEGIN IMMEDIATE` on SQLite), never by the driver. Raises Misconfigured for a
    URL that cannot be read or names an engine that this version does not serve.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise Misconfigured("SIMOJO_DATABASE_URL cannot be read; write it as sqlite:////path/to/simojo.db") from None
    if parsed.get_backend_name() != "sqlite":
        raise Misconfigured(
            f"SIMOJO_DATABASE_URL names the engine '{parsed.get_backend_name()}'; this version serves sqlite:///..."
        )
    if parsed.database in {None, "", ":memory:"}:
        raise Misconfigured("SIMOJO_DATABASE_URL names no file; write it as sqlite:////path/to/simojo.db")
    engine = create_engine(parsed, isolation_level="AUTOCOMMIT", connect_args={"timeout": BUSY_TIMEOUT_MS / 1000})
    event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "secure_delete=ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
