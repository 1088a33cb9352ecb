"""Rows that may be there already: written where they are missing, on either engine, by any number of processes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import SQLModel

from gateway.store.plan import Row, table_of


def insert_missing(connection: Connection, model: type[SQLModel], rows: Sequence[Row]) -> None:
    """Insert those of these rows whose key is not taken, and leave the others as they are."""
    if not rows:
        return
    insert: Any = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    connection.execute(insert(table_of(model)).on_conflict_do_nothing(), [dict(row) for row in rows])
