"""The storage swept after bodies and keys were ended: no earlier version of a row lies on in a file of ours.

SQLite       what is freed is overwritten (`secure_delete`), the file is written anew (VACUUM), for a page that was
             split may hold a copy of what it held before, and the write-ahead log is cut to nothing
PostgreSQL   tables of keys and names are written anew (VACUUM FULL: they are small); of those with bodies, which were
             sealed and open no more, what is dead is given free (VACUUM)

Archived WAL and base backups of a server hold earlier versions for as long as they are kept: wrapped keys among them,
which open as long as the master key that wrapped them is held.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from gateway.store.engine import connect_alone, is_shared

WRITTEN_ANEW = ("data_key", "dossier", "pin_challenge", "held_secret", "case_reference", "case_opening", "erasure")
GIVEN_FREE = (
    "permit_case",
    "case_event",
    "document",
    "exchange_part",
    "delivery",
    "attempt",
    "batch_piece",
    "batch_held",
    "restricted_read",
)

LARGE = 512 * 2**20
"""Bytes of a SQLite file beyond which writing it anew would hold exchanges up for too long."""


def file_size(engine: Engine) -> int:
    """Bytes of a SQLite store's file; 0 on a server, where nobody is held up for as long as that takes."""
    if is_shared(engine):
        return 0
    with contextlib.suppress(OSError):
        return Path(engine.url.database or "").stat().st_size
    return 0


def compact(engine: Engine) -> bool:
    """Sweep the storage; False when others were in the way, and it is to be tried again."""
    return _server(engine) if is_shared(engine) else _file(engine)


def _file(engine: Engine) -> bool:
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("VACUUM")
            busy, _, _ = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()
            return not busy
    except DBAPIError:
        return False


def _server(engine: Engine) -> bool:
    """On a connection of its own, for a large table takes longer than any other statement may."""
    import psycopg

    try:
        with connect_alone(engine, "simojo erasure", statement_timeout="0") as connection:
            connection.execute(f"VACUUM (FULL) {', '.join(WRITTEN_ANEW)}")
            connection.execute(f"VACUUM {', '.join(GIVEN_FREE)}")
    except psycopg.Error:
        return False
    return True
