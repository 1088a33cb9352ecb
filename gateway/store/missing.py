"""Rows that may be there already: written where they are missing, on either engine, by any number of processes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection
from sqlmodel import SQLModel

from gateway.store.plan import Row, table_of


def insert_missing(connection: Connection, model: type[SQLModel], rows: Sequence[Row]) -> None:
    """Insert those of these rows whose key is not taken, and leave the others as they are."""
    if not rows:
        return
    connection.execute(_insert(connection)(table_of(model)).on_conflict_do_nothing(), [dict(row) for row in rows])


def _insert(connection: Connection) -> Any:
    """The engine's own INSERT; of the two dialects a process loads the one that it has."""
    if connection.dialect.name == "sqlite":
        from sqlalchemy.dialects import sqlite

        return sqlite.insert
    from sqlalchemy.dialects import postgresql

    return postgresql.insert
