"""What the database's errors mean to an operator, in a few words that may stand in a sentence.

A driver's own words are not passed on: they may quote a statement, and so personal data.
"""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError

_SQLITE = (
    ("SQLITE_FULL", "its disk is full"),
    ("SQLITE_READONLY", "it is read-only"),
    ("SQLITE_CANTOPEN", "its file cannot be opened"),
    ("SQLITE_IOERR", "its disk gives an error"),
    ("SQLITE_CORRUPT", "its file is damaged"),
    ("SQLITE_NOTADB", "its file is damaged"),
    ("SQLITE_BUSY", "another process holds it"),
)
"""Beginnings of sqlite3's error names."""

_POSTGRESQL = (
    ("53100", "its disk is full"),
    ("53300", "the database server has no connection left"),
    ("25006", "it is read-only"),
    ("57P", "the database server is going down or coming up"),
    ("58030", "its disk gives an error"),
    ("08", "the database server does not answer"),
)
"""Beginnings of SQLSTATE."""

_SPARES_SOME = frozenset({"its disk is full", "its disk gives an error", "its file is damaged"})


def spares_some(error: BaseException) -> bool:
    """Whether a store that fails so may take other writes all the same: then one that succeeds proves little."""
    return cause_of(error) in _SPARES_SOME


def cause_of(error: BaseException) -> str:
    """The cause in words of ours; the error's kind where there are none."""
    original = error.orig if isinstance(error, DBAPIError) else error
    name = getattr(original, "sqlite_errorname", None) or ""
    state = getattr(original, "sqlstate", None) or ""
    for begins, said in _SQLITE:
        if name.startswith(begins):
            return said
    for begins, said in _POSTGRESQL:
        if state.startswith(begins):
            return said
    # without a state psycopg never reached the server, or lost it
    if isinstance(error, DBAPIError) and not name and not state and type(error).__name__ == "OperationalError":
        return "the database server does not answer"
    return type(error).__name__
