"""Starts the reference stack under plain uvicorn, in as many processes as the hub has."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.choice import Protocol
from benchmarks.hub import check_alive
from benchmarks.machine import ROOT, Running, free_port
from benchmarks.reference_store import DATABASE_URL, FOLDER, SCHEMAS


@contextmanager
def serving(protocol: Protocol, folder: Path, database_url: str, processes: int) -> Iterator[list[Running]]:
    """So many uvicorn processes on one store; the parties' keys are in `folder`. Raises LoadFailed."""
    running: list[Running] = []
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        FOLDER: str(folder),
        DATABASE_URL: database_url,
        SCHEMAS: str(ROOT / "benchmarks/agency/schemas/bench/inspection/1.0"),
    }
    try:
        for number in range(processes):
            port = free_port()
            program = f"benchmarks.reference_{protocol}:make"
            arguments = ["-m", "uvicorn", "--factory", program, "--port", str(port), "--no-access-log"]
            log = folder / f"reference-{number}.log"
            each = Running.start(arguments, log=log, folder=folder, env=environment, port=port)
            running.append(each)
            each.await_listening()  # one after the other: the first makes the table
        yield running
        check_alive(running)
    finally:
        for each in running:
            each.end()
