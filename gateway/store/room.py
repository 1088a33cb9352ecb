"""Whether the database server has room to write in, asked without leaving anything behind."""

from __future__ import annotations

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

SPILLED = ("SET LOCAL work_mem = '64kB'", "SELECT count(*) FROM generate_series(1, 20000)")
"""What PostgreSQL cannot hold in memory it writes to a temporary file, and takes away again: 280 KB, in two
milliseconds, with the data unless `temp_tablespaces` says otherwise."""

_FORBIDDEN = "53400"
"""SQLSTATE configuration_limit_exceeded: `temp_file_limit` is below what is written here."""


def use_room(connection: Connection) -> None:
    """Have the server write more than a few exchanges need. Raises DBAPIError when it cannot.

    On SQLite nothing is done: each commit there adds to the log, whose room is what runs out.
    """
    if connection.dialect.name != "postgresql":
        return
    try:
        for statement in SPILLED:
            connection.exec_driver_sql(statement)
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != _FORBIDDEN:
            raise  # else the server lets nobody try: that says nothing of its room
