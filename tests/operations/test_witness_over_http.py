"""The hub's HTTP client and a witness's server, on loopback: what each writes the other reads (C2SP tlog-witness)."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.witness.server import make_server
from gateway.operations.published import Published
from gateway.operations.witnessing import PACE, Witnessing
from gateway.transport.http import HttpClient
from tests.operations.ledgers import KEY, Office
from tests.operations.witness_town import NAME, WitnessTown


@pytest.fixture
def town(filled: Office, tmp_path: Path) -> Iterator[WitnessTown]:
    made = WitnessTown(filled, tmp_path / "saksi")
    yield made
    made.memory.close()


def test_a_checkpoint_is_co_signed_over_a_real_connection(town: WitnessTown) -> None:
    server = make_server(town.witness, "127.0.0.1", 0, town.said.append)
    serving = threading.Thread(target=server.serve_forever, daemon=True)
    serving.start()
    town.register(f"http://127.0.0.1:{server.server_address[1]}")
    office = town.office
    with HttpClient(clock=time.monotonic) as client:
        hub = Witnessing(
            reader=office.reader,
            unit_of_work=office.writer,
            leaves=office.leaves,
            client=client,
            verifiers=(KEY.verifier,),
            clock=town.clock,
        )
        for size in (13, 18):
            hub.run_once()
            assert town.witness.size == size
            assert f"— {NAME} " in Published(office.reader).checkpoint()
            office.deeds(3)
            office.integrator().run_once()
            office.now += PACE
    server.shutdown()
    server.server_close()
    serving.join()
