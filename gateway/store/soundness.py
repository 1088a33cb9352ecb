"""Whether a store is one to trust evidence to: what its server or its file system promises.

Said at the start of a hub or worker. In production mode a store that forgets what it said it kept is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, Engine, func, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from gateway.domain.errors import HubBusy, Misconfigured
from gateway.store.engine import is_shared

OLDEST = 14
"""The oldest PostgreSQL that serves: its `idle_session_timeout` ends the session of a leader that is cut off."""

SKEW_S = 5.0
"""Clocks of two machines that differ by more than this are worth a word: leases are compared between them."""

APART_S = 10.0
"""A process whose clock is further from the server's than this lets deliveries alone: it would take back what others
are sending. Two that are off by so much, one each way, still differ by less than a lease outlasts its call (30 s)."""

OVER_A_NETWORK = frozenset(
    {"nfs", "nfs4", "cifs", "smb2", "smb3", "smbfs", "ncpfs", "afs", "coda", "ceph", "glusterfs", "fuse.glusterfs"}
    | {"fuse.sshfs", "fuse.s3fs", "fuse.rclone", "fuse.cephfs", "lustre", "beegfs", "gpfs", "ocfs2", "gfs2"}
)
"""File systems on which SQLite's locks and shared memory do not hold between machines, as Linux names them."""

T = TypeVar("T")

_MOUNTS = Path("/proc/self/mounts")
_DURABLE = {
    "fsync": (frozenset({"on"}), "a crash of the machine may damage the whole database"),
    "full_page_writes": (frozenset({"on"}), "a crash of the machine may leave pages torn"),
    "synchronous_commit": (frozenset({"on", "remote_apply"}), "what was answered may be lost in a crash"),
}


def refuse_old(version: tuple[int | str, ...] | None) -> None:
    """Raise Misconfigured `database-too-old` for a server before `OLDEST`."""
    if version is None or int(version[0]) < OLDEST:
        found = ".".join(map(str, version or ("?",)))
        raise Misconfigured(
            f"the server is PostgreSQL {found}; {OLDEST} or newer is needed: upgrade it first", code="database-too-old"
        )


def refuse_network(url: str, mounts: Path = _MOUNTS) -> None:
    """Raise Misconfigured `store-on-network` for an SQLite file on a file system of another machine.

    Where the system does not tell its file systems (it is not Linux), nothing is refused.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database or not mounts.exists():
        return
    kind = _file_system(Path(parsed.database).absolute().resolve(), mounts.read_text(encoding="utf-8"))
    if kind in OVER_A_NETWORK:
        raise Misconfigured(
            f"{parsed.database} is on a file system of type {kind}, on which SQLite's locks do not hold: name a file"
            " on a disk of this machine in SIMOJO_DATABASE_URL, or use PostgreSQL",
            code="store-on-network",
        )


def doubts(engine: Engine) -> tuple[str, ...]:
    """Why what a PostgreSQL server has committed may be lost all the same, a sentence each. Raises HubBusy."""
    return _asked(engine, _doubts) if is_shared(engine) else ()


def apart(engine: Engine, clock: Callable[[], datetime]) -> float:
    """Seconds that our clock is ahead of the database server's (below 0: behind it); 0 on SQLite. Raises HubBusy.

    The time that the question takes is no difference: what is told is the least that the clocks differ by.
    """
    if not is_shared(engine):
        return 0.0

    def ask(connection: Connection) -> tuple[datetime, datetime, datetime]:
        before = clock()
        theirs: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
        return before, theirs, clock()

    before, theirs, after = _asked(engine, ask)
    if theirs < before:
        return (before - theirs).total_seconds()
    return min(0.0, (after - theirs).total_seconds())


def apart_sentence(seconds: float) -> str:
    """What staff read of clocks that are so far apart, as `apart` tells it."""
    where = "ahead of" if seconds > 0 else "behind"
    return f"this machine's clock is {abs(seconds):.0f} s {where} the database server's: synchronise both (NTP)"


def _asked(engine: Engine, question: Callable[[Connection], T]) -> T:
    try:
        with engine.connect() as connection:
            return question(connection)
    except SQLAlchemyError as error:
        raise HubBusy(f"the store cannot be asked now ({type(error).__name__}); try again", after_s=5) from error


def _doubts(connection: Connection) -> tuple[str, ...]:
    found = []
    for setting, (good, otherwise) in _DURABLE.items():
        value = str(connection.execute(text(f"SHOW {setting}")).scalar())
        if value not in good:
            found.append(f"PostgreSQL runs with {setting} = {value}: {otherwise}; set it to on")
    return tuple(found)


def _file_system(path: Path, mounts: str) -> str:
    """The type of the mount that `path` is under: of the longest mount point, and of the last one mounted there."""
    best, kind = -1, ""
    for line in mounts.splitlines():
        _, point, found, *_ = line.split(" ")
        where = Path(re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), point))  # a space is \040
        if path.is_relative_to(where) and len(where.parts) >= best:
            best, kind = len(where.parts), found
    return kind
