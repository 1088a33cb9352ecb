"""Being the only one on a store, for what no other process may see or disturb."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from sqlalchemy import Connection, Engine, func, select, text
from sqlalchemy.exc import SQLAlchemyError

from gateway.domain.errors import Misconfigured
from gateway.store.engine import is_shared
from gateway.store.exclusive import HubLock

ALONE = 0x51_40_12
"""The advisory lock of who must be alone; any number that nothing else uses."""

_LOOKS = 10
"""How often others are looked for, a tenth of a second apart: a killed process leaves its session for a moment."""

_OTHERS = text("""
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name LIKE 'simojo%' AND pid <> pg_backend_pid()
""")


@contextmanager
def alone(engine: Engine, name: str) -> Iterator[Callable[[], None]]:
    """Until the block ends, no hub starts on a SQLite store and no second `alone` succeeds on either engine.

    `name` is what a person calls the store. On PostgreSQL nobody else has a session when the block begins; whoever
    comes later is the caller's to keep off. Raises Misconfigured `store-in-use`.

    Gives what makes sure that it is still so: it raises OperationalError when the session that held the lock is gone.
    """
    if is_shared(engine):
        engine.dispose()  # idle sessions of our own are not others
        with engine.connect() as connection:
            if not _taken(connection):
                raise _in_use(name)
            try:
                if _others(connection):
                    raise _in_use(name)
                yield lambda: _make_sure(connection)
            finally:
                with suppress(SQLAlchemyError):  # a lost session holds no lock
                    connection.execute(select(func.pg_advisory_unlock(ALONE)))
        return
    lock = HubLock(engine.url.render_as_string(hide_password=False))
    try:
        lock.take()
    except Misconfigured as error:
        raise _in_use(name) from error
    try:
        yield lambda: None  # a lock of the system's ends with its process alone
    finally:
        lock.release()


def _make_sure(connection: Connection) -> None:
    connection.execute(select(1))


def _taken(connection: Connection) -> bool:
    for _ in range(_LOOKS):
        if connection.execute(select(func.pg_try_advisory_lock(ALONE))).scalar_one():
            return True
        _wait(connection)
    return False


def _others(connection: Connection) -> bool:
    for _ in range(_LOOKS):
        if connection.execute(_OTHERS).scalar_one() == 0:
            return False
        _wait(connection)
    return True


def _wait(connection: Connection) -> None:
    connection.execute(select(func.pg_sleep(0.1)))


def _in_use(name: str) -> Misconfigured:
    return Misconfigured(
        f"a hub, a worker or another command is at work on {name}: stop all of them first, and start none meanwhile",
        code="store-in-use",
    )
