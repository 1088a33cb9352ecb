"""Database engines by URL.

SQLite is the embedded default: one file, WAL, every commit on disk before it counts. PostgreSQL is where an office
outgrows one machine: the same code, with connections from a pool that does not grow beyond its size.
"""

from __future__ import annotations

import select
import sqlite3
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DisconnectionError
from tenacity import retry, retry_if_exception, stop_after_delay, wait_random

from gateway.domain.errors import Misconfigured

if TYPE_CHECKING:
    import psycopg

BUSY_TIMEOUT_MS = 10_000
CONNECTIONS = 12
"""Connections of one process to PostgreSQL, unless the setting says otherwise."""

CONNECTION_WAIT_S = 5.0
PREPARED = 256
"""Statements that a connection keeps prepared: many rows go in portions, and each size of them is a statement."""
CACHE_KIB = 512
"""Pages of SQLite's file that a connection keeps. One that reads forgets them whenever another one has written."""

FORMS = "write it as sqlite:////path/to/simojo.db or postgresql://user:password@host/database"

# What a session of ours asks of the server. A commit is on disk before it counts, whatever the server's default is.
# Nobody waits for ever: for a lock, for a statement, for a transaction whose process hangs.
SESSION = {
    "synchronous_commit": "on",
    "timezone": "UTC",
    "lock_timeout": f"{BUSY_TIMEOUT_MS}",
    "statement_timeout": "120000",
    "idle_in_transaction_session_timeout": "60000",
}

_READ_ONLY = (b"default_transaction_read_only", b"in_hot_standby")
"""What a server reports of each session without being asked."""


def open_engine(url: str, *, connections: int = CONNECTIONS) -> Engine:
    """An engine for `url`; `connections` bounds the pool of a server's engine.

    Transactions are begun explicitly (`BEGIN IMMEDIATE` on SQLite), never by the driver. Raises Misconfigured for a
    URL that cannot be read or names an engine that is not served.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise Misconfigured(f"SIMOJO_DATABASE_URL cannot be read; {FORMS}") from None
    match parsed.get_backend_name():
        case "sqlite":
            return _sqlite(parsed)
        case "postgresql" | "postgres":
            return _postgres(parsed, connections)
        case other:
            raise Misconfigured(f"SIMOJO_DATABASE_URL names the engine '{other}', which is not served; {FORMS}")


def connect_alone(engine: Engine, name: str, **session: str) -> psycopg.Connection[tuple[Any, ...]]:
    """A connection to the server of `engine` that no pool hands to anybody else; `name` is what the server calls it.

    `session` are settings beside those of every session of ours. Whoever asks for it closes it. Raises psycopg.Error.
    """
    import psycopg

    words, named = engine.dialect.create_connect_args(engine.url)
    told: dict[str, Any] = {**named, **_session(name, {**SESSION, **session})}
    return psycopg.connect(*words, **told, autocommit=True)


def is_shared(engine: Engine) -> bool:
    """Whether other processes may write to this store too (PostgreSQL)."""
    return engine.dialect.name == "postgresql"


def keep_pages(connection: Connection, kib: int) -> None:
    """Let a connection to SQLite keep so many KiB of pages. On PostgreSQL the server keeps them."""
    if connection.dialect.name == "sqlite":
        driver: Any = connection.connection.driver_connection
        driver.execute(f"PRAGMA cache_size={-kib}").close()


def _sqlite(url: URL) -> Engine:
    if url.database in {None, "", ":memory:"}:
        raise Misconfigured(f"SIMOJO_DATABASE_URL names no file; {FORMS}")
    told = {"timeout": BUSY_TIMEOUT_MS / 1000, "cached_statements": PREPARED}
    engine = create_engine(url, isolation_level="AUTOCOMMIT", connect_args=told)
    event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    _write_ahead(cursor)
    for pragma in ("synchronous=FULL", "foreign_keys=ON", "secure_delete=ON", f"cache_size={-CACHE_KIB}"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


@retry(
    retry=retry_if_exception(lambda error: isinstance(error, sqlite3.OperationalError) and "locked" in str(error)),
    stop=stop_after_delay(BUSY_TIMEOUT_MS / 1000),
    wait=wait_random(0.01, 0.05),
    reraise=True,
)
def _write_ahead(cursor: Any) -> None:
    """Turn the write-ahead log on. The one who does it first locks a new file, and SQLite lets nobody wait for that."""
    cursor.execute("PRAGMA journal_mode=WAL")


def _postgres(url: URL, connections: int) -> Engine:
    if not url.database:
        raise Misconfigured(f"SIMOJO_DATABASE_URL names no database; {FORMS}")
    if "@" in (url.host or ""):
        raise Misconfigured(
            "SIMOJO_DATABASE_URL has more than one @: in a password write it as %40, : as %3A, / as %2F"
        )
    if (driver := url.drivername.partition("+")[2]) not in ("", "psycopg"):
        raise Misconfigured(f"SIMOJO_DATABASE_URL names the driver '{driver}', psycopg is used; {FORMS}")
    engine = create_engine(
        url.set(drivername="postgresql+psycopg"),
        isolation_level="AUTOCOMMIT",
        pool_size=connections,
        max_overflow=0,
        pool_timeout=CONNECTION_WAIT_S,
        connect_args=_session("simojo", SESSION),
    )
    event.listen(engine, "connect", _prepare_postgres)
    event.listen(engine, "checkout", _refuse_dead)
    event.listen(engine, "checkin", _keep_no_read_only)
    return engine


def _prepare_postgres(connection: Any, _record: object) -> None:
    connection.prepared_max = PREPARED


def _session(name: str, settings: dict[str, str]) -> dict[str, Any]:
    return {
        "application_name": name,
        "connect_timeout": 5,
        "client_encoding": "utf8",  # a database of no encoding would give bytes for text before it can be refused
        "options": " ".join(f"-c {setting}={value}" for setting, value in settings.items()),
        # a server that vanished without a word is noticed within half a minute
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 20_000,
    }


def _refuse_dead(connection: Any, _record: object, _proxy: object) -> None:
    """Hand out no connection on which the server has said farewell: the pool then makes another.

    A server says nothing to an idle connection but that. So nothing is asked of it: whether there is something to be
    read is known here, and costs no way to the server and back.
    """
    waiting = select.poll()
    waiting.register(connection.fileno(), select.POLLIN)
    if waiting.poll(0):
        raise DisconnectionError("the server has ended this connection")


def _keep_no_read_only(connection: Any, record: Any) -> None:
    """Keep no session that may only read: it would stay so when the database can be written again.

    The server tells of it by itself (from PostgreSQL 14), so that nothing is asked here. Until then each session serves
    whoever has it, and the next one is a new one.
    """
    if connection is None or connection.closed:
        return
    if any(connection.pgconn.parameter_status(each) == b"on" for each in _READ_ONLY):
        record.invalidate()
