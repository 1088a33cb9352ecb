"""Who leads: of all processes on one store, the one that runs what has to run once.

On PostgreSQL the leader holds an advisory lock in a session of its own, on a connection that does nothing else. The
server lets the lock go when that session ends, however it ends:

    the process is killed                 its connection is closed with it: at once
    the connection breaks                 the server's side at once, ours at the next look
    the machine vanishes, the process     the server ends a session that was silent for `SILENT_S`
    is paused, the network is cut

A look every `LOOK_S` keeps the session from being silent, and asks for the lock where another has it. Whoever leads
counts on it for `HOLD_S` after a look that succeeded began, and no longer: that is less than `SILENT_S`, so a leader
that was cut off stops by itself before another can begin. This spares work; it is not what keeps the store right. A
leader that was paused in the middle of its work writes a plan as everybody does, and the plan's guards decide.

One lock stands for all that has to run once: see decision 0029. On SQLite there is one process, and it leads.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

import structlog
from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from gateway.domain.errors import HubBusy, Misconfigured
from gateway.store.engine import connect_alone, is_shared
from gateway.store.exclusive import HubLock

if TYPE_CHECKING:
    import psycopg

LEADING = 0x51_40_11
"""The advisory lock of the leader; any number that nothing else uses."""

LOOK_S = 1.0
HOLD_S = 6.0
SILENT_S = 10.0

_PREFIX = "simojo lead: "
_LONGEST_NAME = 63 - len(_PREFIX)
"""What PostgreSQL keeps of a name."""

_LEADER = text("""
    SELECT application_name FROM pg_locks JOIN pg_stat_activity USING (pid)
    WHERE locktype = 'advisory' AND pg_locks.database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND classid = 0 AND objid = :lock AND objsubid = 1 AND granted
""")

_SEEN = text("""
    SELECT DISTINCT application_name FROM pg_stat_activity
    WHERE datname = current_database() AND application_name LIKE :named
""")

_log = structlog.get_logger("simojo.leadership")


class Leadership(Protocol):
    """Whether this process leads, from `start` to `stop`."""

    @property
    def leads(self) -> bool:
        """Whether what has to run once may begin here now."""
        ...

    def leader(self) -> str | None:
        """Which process leads, None when none does. Raises HubBusy."""
        ...

    def start(self, taken: Callable[[], None]) -> None:
        """Begin to try; `taken` is called whenever this process has become the leader."""
        ...

    def stop(self) -> None:
        """Let go of it, so that another may lead at once."""
        ...


def leadership(engine: Engine, name: str) -> Leadership:
    """What decides on the store of `engine`; `name` is this process, as the others will see it."""
    return SharedLeadership(engine, name) if is_shared(engine) else OnlyProcess(name)


def name_here(name: str) -> str:
    """How a process of that name is called among those that can be seen."""
    return name[:_LONGEST_NAME]


def seen(engine: Engine) -> frozenset[str] | None:
    """The names of the processes that are at work on a store, leading or not.

    None: the one hub on SQLite, whose name cannot be seen. Raises HubBusy.
    """
    if not is_shared(engine):
        lock = HubLock(engine.url.render_as_string(hide_password=False))
        try:
            lock.take()  # let go at once: a hub that starts in that moment is told that another one runs
        except Misconfigured:
            return None
        lock.release()
        return frozenset()
    try:
        with engine.connect() as connection:
            found = connection.execute(_SEEN, {"named": f"{_PREFIX}%"}).scalars()
            return frozenset(str(each).removeprefix(_PREFIX) for each in found)
    except SQLAlchemyError as error:
        raise HubBusy(f"the store cannot be asked who is at work ({type(error).__name__})", after_s=5) from error


class OnlyProcess:
    """On SQLite: `gateway.store.exclusive` holds that there is no other."""

    leads = True

    def __init__(self, name: str) -> None:
        self._name = name

    def leader(self) -> str | None:
        """This one."""
        return self._name

    def start(self, taken: Callable[[], None]) -> None:
        """It leads from the beginning."""
        taken()

    def stop(self) -> None:
        """Nobody waits for it."""


class SharedLeadership:
    """On PostgreSQL, as the module says. `seconds` is a clock that is never set."""

    def __init__(self, engine: Engine, name: str, seconds: Callable[[], float] = time.monotonic) -> None:
        self._engine = engine
        self._name = name_here(name)
        self._seconds = seconds
        self._connection: psycopg.Connection[tuple[Any, ...]] | None = None
        self._confirmed: float | None = None
        self._taken: Callable[[], None] = _nothing
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="leadership", daemon=True)

    @property
    def leads(self) -> bool:
        """Whether the lock was seen to be held here within the last `HOLD_S`."""
        confirmed = self._confirmed
        return confirmed is not None and self._seconds() - confirmed < HOLD_S

    def leader(self) -> str | None:
        """Ask the server whose session holds the lock."""
        try:
            with self._engine.connect() as connection:
                found = connection.execute(_LEADER, {"lock": LEADING}).scalar()
        except SQLAlchemyError as error:
            raise HubBusy(f"the store cannot be asked who leads ({type(error).__name__})", after_s=5) from error
        return None if found is None else str(found).removeprefix(_PREFIX)

    def start(self, taken: Callable[[], None]) -> None:
        """Look once, then again and again in a thread."""
        self._taken = taken
        self.look()
        self._thread.start()

    def stop(self) -> None:
        """Let go of the lock, and end the session."""
        import psycopg

        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        if self._confirmed is not None and self._connection is not None:
            with suppress(psycopg.Error):  # then the session's end lets it go
                self._connection.execute("SELECT pg_advisory_unlock_all()")
            _log.info("lead-let-go", name=self._name)
        self._drop()

    def look(self) -> None:
        """Ask for the lock, or see that it is still held. Whatever goes wrong means that this process does not lead."""
        import psycopg

        began = self._seconds()
        try:
            held = self._ask()
        except psycopg.Error as error:
            if self._confirmed is not None:
                _log.warning("lead-lost", name=self._name, error=type(error).__name__)
            self._drop()
            return
        if not held:
            return
        is_new = self._confirmed is None
        self._confirmed = began
        if is_new:
            _log.info("lead-taken", name=self._name)
            self._taken()

    def _ask(self) -> bool:
        if self._connection is None:
            silent = f"{SILENT_S * 1000:.0f}"
            self._connection = connect_alone(self._engine, f"{_PREFIX}{self._name}", idle_session_timeout=silent)
        if self._confirmed is not None:
            self._connection.execute("SELECT 1")  # the session lives, and so does its lock
            return True
        row = self._connection.execute("SELECT pg_try_advisory_lock(%s)", (LEADING,)).fetchone()
        return row is not None and bool(row[0])

    def _drop(self) -> None:
        self._confirmed = None
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _run(self) -> None:
        while not self._stopping.wait(LOOK_S):
            self.look()


def _nothing() -> None:
    return
