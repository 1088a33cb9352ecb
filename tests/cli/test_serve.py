"""`simojo serve`: it finishes what is under way, ends with its parent if asked, and is alone on its store."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from gateway.settings import Settings

START_TRIES = 150


class Hub:
    """A hub in a process of its own, in a folder."""

    def __init__(self, folder: Path, *options: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        own = {f"SIMOJO_{name.upper()}" for name in Settings.model_fields}
        environment = {name: value for name, value in os.environ.items() if name not in own}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "gateway.cli", "serve", *options],
            cwd=folder,
            env={**environment, "SIMOJO_PORT": str(self.port)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def await_ready(self) -> None:
        """Wait until it answers."""
        transport = httpx2.HTTPTransport(retries=20)
        with httpx2.Client(transport=transport, trust_env=False, timeout=60.0) as client:
            for _ in range(START_TRIES):
                assert self.process.poll() is None, self.process.stderr
                try:
                    answer = client.get(f"http://127.0.0.1:{self.port}/health/ready")
                except httpx2.ConnectError:
                    continue
                assert answer.status_code == 200
                return
        raise AssertionError("the hub does not answer")

    def ended(self) -> tuple[int, str]:
        """Wait for its end; gives its code and what it said."""
        _, errors = self.process.communicate(timeout=60)
        return self.process.returncode, errors


@pytest.fixture
def hubs() -> Iterator[list[Hub]]:
    started: list[Hub] = []
    yield started
    for hub in started:
        hub.process.kill()
        hub.process.communicate()


def start(hubs: list[Hub], folder: Path, *options: str) -> Hub:
    hubs.append(Hub(folder, *options))
    return hubs[-1]


def test_a_hub_ends_by_sigterm_with_everything_finished(home: Path, hubs: list[Hub]) -> None:
    hub = start(hubs, home, "--until-stdin-ends")
    hub.await_ready()
    second = start(hubs, home)
    code, errors = second.ended()
    assert (code, "[store-in-use]" in errors, "Traceback" in errors) == (2, True, False)
    hub.process.send_signal(signal.SIGTERM)
    code, errors = hub.ended()
    assert (code, "Traceback" in errors) == (0, False)
    assert not (home / "simojo.db-wal").exists()  # SQLite folds it in when the last connection is closed


def test_a_hub_ends_with_whoever_started_it_if_asked(home: Path, hubs: list[Hub]) -> None:
    hub = start(hubs, home, "--until-stdin-ends")
    hub.await_ready()
    code, errors = hub.ended()  # closes its standard input
    assert (code, "Traceback" in errors) == (0, False)


def test_without_keys_a_hub_says_so_and_does_not_start(empty: Path, hubs: list[Hub]) -> None:
    code, errors = start(hubs, empty).ended()
    assert (code, "Traceback" in errors) == (2, False)
    assert "[key-file-missing]" in errors.splitlines()[-1]
