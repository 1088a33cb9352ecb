"""A PostgreSQL of the measurement's own, as an office would run it: durable, with autovacuum, on its own socket."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import psycopg

from benchmarks.load import LoadFailed
from tests.postgres import Server

SETTINGS: Mapping[str, str] = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "autovacuum": "on",
    "wal_level": "replica",
    "shared_buffers": "128MB",
    "max_wal_size": "1GB",
}
"""PostgreSQL's own defaults, written down, since the tests' server has others."""


@contextmanager
def server() -> Iterator[Server]:
    """A server that is gone afterwards. Raises LoadFailed when it would not flush its disk."""
    with Server(durable=True, settings=SETTINGS) as running:
        said = shown(running, *SETTINGS)
        if wrong := {name: value for name, value in said.items() if name in _DURABLE and value != "on"}:
            raise LoadFailed(f"PostgreSQL would lose what it has committed: {wrong}")
        yield running


_DURABLE = ("fsync", "synchronous_commit", "full_page_writes")


def shown(running: Server, *names: str) -> dict[str, str]:
    """Settings of a server as it has them."""
    plain = running.url("postgres").replace("postgresql+psycopg://", "postgresql://")
    with psycopg.connect(plain) as connection:
        rows = [(name, connection.execute(f"SHOW {name}".encode()).fetchone()) for name in names]
    return {name: str(row[0]) for name, row in rows if row is not None}
