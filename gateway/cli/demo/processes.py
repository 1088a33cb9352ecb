"""The hub and the simulated agencies as processes of their own; they end when the demo does, however it ends."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Self

import httpx2

from gateway.cli.demo.stage import Stage
from gateway.domain.errors import Misconfigured

START_S = 90.0
"""A process that answers has started long before, unless a dozen others start beside it on a busy machine."""


class Processes:
    """Starts, watches and ends them. Each has its log beside its data."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._logs: list[IO[bytes]] = []
        self._http = httpx2.Client(trust_env=False, timeout=5.0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start_agencies(self) -> None:
        """Start all simulated agencies and wait until each answers. Raises Misconfigured when one does not."""
        for agency in self._stage.agencies:
            folder = self._stage.agency_home(agency)
            command = [sys.executable, "-m", "conformance.cli", "serve", agency, "--home", str(folder)]
            self._start(agency, command, folder / "log.txt", None)
        for agency in self._stage.agencies:
            self._await(agency, f"{self._stage.agency_url(agency)}/_control/health")

    def start_hub(self) -> None:
        """Start the hub and wait until it is ready."""
        command = [sys.executable, "-m", "gateway.cli", "serve", "--until-stdin-ends"]
        self._start("hub", command, self._stage.home / "hub-log.txt", self._stage.environment())
        (self._stage.home / "hub.pid").write_text(f"{self._running['hub'].pid}\n", encoding="ascii")
        self._await("hub", f"{self._stage.hub_url}/health/ready")

    def hub_died(self) -> int | None:
        """How the hub's process ended; None while it runs."""
        return self._running["hub"].poll()

    def stop(self) -> None:
        """End all of them: agencies by closing their stdin, the hub by SIGTERM; what is left is killed."""
        for name, process in self._running.items():
            if process.stdin is not None:
                process.stdin.close()
            if name == "hub" and process.poll() is None:
                process.terminate()
        for process in self._running.values():
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for log in self._logs:
            log.close()
        self._http.close()
        self._running.clear()

    def _start(self, name: str, command: list[str], log: Path, environment: Mapping[str, str] | None) -> None:
        file = log.open("ab")
        self._logs.append(file)
        self._running[name] = subprocess.Popen(  # noqa: S603 - our own commands
            command, stdin=subprocess.PIPE, stdout=file, stderr=file, env=environment
        )

    def _await(self, name: str, url: str) -> None:
        """Wait until it answers. Raises Misconfigured when it ends by itself or stays silent; a kill is waited out."""
        pause = threading.Event()
        waited = 0.0
        while waited < START_S:
            if (code := self._running[name].poll()) is not None:
                if code < 0:
                    return  # somebody killed it: whoever needs it will find it gone, and start it again
                raise Misconfigured(f"{name} ended with {code} at its start; its log is under {self._stage.home}")
            try:
                if self._http.get(url).is_success:
                    return
            except httpx2.HTTPError:
                pass  # not listening yet
            pause.wait(0.1)
            waited += 0.1
        raise Misconfigured(f"{name} did not answer within {START_S:.0f} s; its log is under {self._stage.home}")
