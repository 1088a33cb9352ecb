"""Hostile input is refused in bounded time and memory while others are served: Must show 3, in short.

What is hostile is refused before anybody asks the store, so most attacks run on SQLite alone; the flood, whose refusals
are all counted and whose neighbours' exchanges are all kept, is met on PostgreSQL too.

The hub is `simojo serve` in a process of its own, with short times for heads and bodies; `make test-hostile` runs the
same attacks against the default limits and writes the figures into docs/security.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.databases import Databases, Furnished
from tests.edge.hostile.bed import Grounds, HubProcess, Witness, free_port
from tests.edge.hostile.cases import CASES
from tests.edge.hostile.measure import check, measure
from tests.postgres import Server

PATIENCE = 4.0
"""The suite runs beside it."""


FLOOD = "50 connections as fast as they can, 4 s"
SHORT = {"BODY_TIMEOUT_S": "2", "HEAD_TIMEOUT_S": "1"}


@contextmanager
def served(started: HubProcess) -> Iterator[HubProcess]:
    started.await_ready()
    yield started
    started.end()
    assert "Traceback" not in started.said


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    with served(HubProcess(Grounds.furnish(tmp_path_factory.mktemp("hostile")), SHORT)) as started:
        yield started


@pytest.mark.xdist_group("hostile")
@pytest.mark.parametrize("name", CASES)
def test_an_attack_is_refused_in_bounded_time_and_memory_and_others_are_served(hub: HubProcess, name: str) -> None:
    assert check(measure(hub, CASES[name]), PATIENCE) == []


def test_others_are_served_under_a_flood_where_the_store_is_on_a_server(server: Server, tmp_path: Path) -> None:
    url = server.create("hostile")
    grounds = Grounds.furnish(tmp_path, Furnished(tmp_path, url, Databases(tmp_path, server)))
    with served(HubProcess(grounds, {**SHORT, "DATABASE_URL": url})) as hub:
        assert check(measure(hub, CASES[FLOOD]), PATIENCE) == []
    server.drop("hostile")


def test_the_witness_of_an_attack_would_notice_that_nobody_is_served(hub: HubProcess) -> None:
    """The twin: the same honest work at a port where no hub is."""
    with Witness(f"http://127.0.0.1:{free_port()}", hub.grounds).watching() as witness:
        pass
    assert (witness.served, witness.healthy) == (0, 0)
    assert len(witness.failures) >= 3
