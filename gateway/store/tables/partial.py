"""Indexes over a part of a table's rows.

SQLAlchemy loads PostgreSQL's dialect, of 2.5 MB, with the first condition that is given for it. So it is given with
`told_to`, to whoever makes or compares tables there: a hub on SQLite does without.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Index, MetaData, event, text
from sqlmodel import SQLModel

CONDITION = "condition"


def partial(name: str, condition: str, *columns: str) -> Index:
    """An index over the rows that meet a condition, which both engines word alike."""
    return Index(name, *columns, sqlite_where=text(condition), info={CONDITION: condition})


def told_to(metadata: MetaData, connection: Connection) -> None:
    """Tell the engine of this connection the conditions of all indexes, if it is not SQLite."""
    if connection.dialect.name != "postgresql":
        return
    for table in metadata.tables.values():
        for index in table.indexes:
            if CONDITION in index.info:
                index.dialect_options["postgresql"]["where"] = text(index.info[CONDITION])


@event.listens_for(SQLModel.metadata, "before_create")
def _told_before(metadata: MetaData, connection: Connection, **_asked: Any) -> None:
    told_to(metadata, connection)
