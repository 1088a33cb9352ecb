"""The floor's durable insert: through the driver, a commit for each message."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import TypeAlias

from sqlalchemy.engine import make_url

Insert: TypeAlias = Callable[[str, bytes, bytes], None]
"""Message id, request, answer; they are on disk when it returns."""


@contextmanager
def inserting(url: str) -> Iterator[Insert]:
    """Open the store at a URL as SQLAlchemy writes it, with a table for the floor."""
    parsed = make_url(url)
    with _sqlite(parsed.database or "") if parsed.get_backend_name() == "sqlite" else _postgres(url) as insert:
        yield insert


@contextmanager
def _sqlite(path: str) -> Iterator[Insert]:
    with closing(sqlite3.connect(path, isolation_level=None, timeout=30)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("CREATE TABLE IF NOT EXISTS floor (id TEXT PRIMARY KEY, request BLOB, answer BLOB)")

        def insert(message_id: str, request: bytes, answer: bytes) -> None:
            connection.execute("INSERT INTO floor VALUES (?, ?, ?)", (message_id, request, answer))

        yield insert


@contextmanager
def _postgres(url: str) -> Iterator[Insert]:
    import psycopg

    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:
        with connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(17)")  # two processes make one table
            connection.execute("CREATE TABLE IF NOT EXISTS floor (id TEXT PRIMARY KEY, request BYTEA, answer BYTEA)")

        def insert(message_id: str, request: bytes, answer: bytes) -> None:
            connection.execute("INSERT INTO floor VALUES (%s, %s, %s)", (message_id, request, answer), prepare=True)

        yield insert
