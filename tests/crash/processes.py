"""Hubs and workers as processes of their own, as `simojo` runs them: started, killed without a word, paused, ended."""

from __future__ import annotations

import random
import signal
import socket
import time
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import httpx2

from tests.crash.grounds import Grounds
from tests.crash.nursery import Child, Nursery, Outright

LOOPBACK = "127.0.0.1"
START_S = 90.0
HAS_WORKER = find_spec("gateway.cli.worker") is not None
"""Whether `simojo worker` exists; without it a hub that nobody talks to delivers in its place."""


def free_port() -> int:
    """A port at which nobody listens, below those from which the machine's own connections leave."""
    for _ in range(200):
        port = random.randint(20_000, 32_000)  # noqa: S311 - any will do
        with socket.socket() as probe:
            if probe.connect_ex((LOOPBACK, port)) != 0:
                return port
    raise AssertionError("no port is free")


class Process:
    """One hub or worker. It may be started again and again; its log goes on.

    `clock`: a file that says by how many seconds its clock is wrong. `settings` are its own, without prefix.
    """

    def __init__(
        self,
        grounds: Grounds,
        nursery: Nursery | Outright,
        name: str,
        *,
        port: int | None = None,
        is_worker: bool = False,
        clock: Path | None = None,
        **settings: str,
    ) -> None:
        self.grounds = grounds
        self.name = name
        self.port = port or free_port()
        self.url = f"http://{LOOPBACK}:{self.port}"
        self.is_worker = is_worker
        self._nursery = nursery
        self._clock = clock
        self._settings = settings
        self._log = grounds.folder / f"{name}.log"
        self._child: Child | None = None

    @property
    def log(self) -> str:
        """What it has said."""
        return self._log.read_text(encoding="utf-8", errors="replace") if self._log.exists() else ""

    @property
    def pid(self) -> int:
        """Its process id. Raises AssertionError when it was not started."""
        assert self._child is not None
        return self._child.pid

    @property
    def is_running(self) -> bool:
        """Whether it is there."""
        return self._child is not None and self._child.is_running()

    def start(self) -> None:
        """Start it, and do not wait."""
        address = "WORKER_HEALTH_PORT" if self.is_worker and HAS_WORKER else "PORT"
        own = {"HOST": LOOPBACK, address: str(self.port), **self._settings}
        self._child = self._nursery.start(
            command=["worker" if self.is_worker and HAS_WORKER else "serve"],
            environment=self.grounds.environment(**own),
            folder=str(self.grounds.folder),
            log=str(self._log),
            clock=None if self._clock is None else str(self._clock),
        )

    def await_ready(self, within_s: float = START_S) -> None:
        """Wait until it is ready. Raises AssertionError with the end of its log when it is not."""
        end = time.monotonic() + within_s
        while time.monotonic() < end:
            assert self.is_running, f"{self.name} ended: {self.log[-3000:]}"
            if self.is_ready():
                return
            time.sleep(0.05)
        raise AssertionError(f"{self.name} was not ready within {within_s:.0f} s: {self.log[-3000:]}")

    def is_ready(self) -> bool:
        """Whether it says so itself."""
        try:
            return _http().get(f"{self.url}/health/ready").status_code == 200
        except httpx2.TransportError:
            return False

    def await_end(self, within_s: float) -> bool:
        """Wait until it has ended by itself; whether it has."""
        return self._child is None or self._child.wait(within_s)

    def kill(self) -> None:
        """Kill -9, and wait until it is gone."""
        if self._child is not None:
            self._child.send(signal.SIGKILL)
            self._child.wait(30)

    def pause(self) -> None:
        """Stop it where it stands (SIGSTOP)."""
        assert self._child is not None
        self._child.send(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it go on (SIGCONT)."""
        assert self._child is not None
        self._child.send(signal.SIGCONT)

    def end(self, within_s: float = 30.0) -> None:
        """End it as an operator does; what does not end is killed."""
        if self._child is not None:
            self._child.send(signal.SIGTERM)
            if not self._child.wait(within_s):
                self.kill()


@cache
def _http() -> httpx2.Client:
    # verify: plain HTTP on loopback, and reading the authorities takes longer than the answer
    return httpx2.Client(trust_env=False, verify=False, timeout=5.0)
