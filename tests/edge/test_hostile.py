"""Hostile input is refused in bounded time and memory while others are served: Must show 3, in short.

The hub is `simojo serve` in a process of its own, with short times for heads and bodies; `make test-hostile` runs the
same attacks against the default limits and writes the figures into docs/security.md.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.edge.hostile.bed import Grounds, HubProcess, Witness, free_port
from tests.edge.hostile.cases import CASES
from tests.edge.hostile.measure import check, measure

PATIENCE = 4.0
"""The suite runs beside it."""


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    started = HubProcess(
        Grounds.furnish(tmp_path_factory.mktemp("hostile")), {"BODY_TIMEOUT_S": "2", "HEAD_TIMEOUT_S": "1"}
    )
    started.await_ready()
    yield started
    started.end()
    assert "Traceback" not in started.said


@pytest.mark.xdist_group("hostile")
@pytest.mark.parametrize("name", CASES)
def test_an_attack_is_refused_in_bounded_time_and_memory_and_others_are_served(hub: HubProcess, name: str) -> None:
    assert check(measure(hub, CASES[name]), PATIENCE) == []


def test_the_witness_of_an_attack_would_notice_that_nobody_is_served(hub: HubProcess) -> None:
    """The twin: the same honest work at a port where no hub is."""
    with Witness(f"http://127.0.0.1:{free_port()}", hub.grounds).watching() as witness:
        pass
    assert (witness.served, witness.healthy) == (0, 0)
    assert len(witness.failures) >= 3
