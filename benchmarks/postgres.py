"""A PostgreSQL of the measurement's own, as an office would run it: durable, with autovacuum, on its own socket."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import psycopg

from benchmarks.load import LoadFailed
from tests.postgres import AS_IN_AN_OFFICE, Server

__all__ = ["Server", "server", "version"]

DURABLE = ("fsync", "synchronous_commit", "full_page_writes")
SETTINGS: Mapping[str, str] = {
    **dict.fromkeys(DURABLE, "on"),
    **AS_IN_AN_OFFICE,
}


@contextmanager
def server() -> Iterator[Server]:
    """A server that is gone afterwards. Raises LoadFailed when it would lose what it has committed."""
    with Server(durable=True, settings=SETTINGS) as running:
        said = {name: _asked(running, f"SHOW {name}") for name in DURABLE}
        if any(value != "on" for value in said.values()):
            raise LoadFailed(f"PostgreSQL would lose what it has committed: {said}")
        yield running


def version(running: Server) -> str:
    """Its version, and what makes it durable."""
    return f"{_asked(running, 'SHOW server_version')} ({', '.join(f'{name} on' for name in DURABLE)})"


def _asked(running: Server, question: str) -> str:
    plain = running.url("postgres").replace("postgresql+psycopg://", "postgresql://")
    with psycopg.connect(plain) as connection:
        row = connection.execute(question.encode()).fetchone()
    return "" if row is None else str(row[0])
