"""`simojo serve` and `simojo worker`: they finish what is under way, end as told, and follow each other as leader."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.cli.service_manager import tell
from gateway.settings import Settings
from gateway.store.engine import open_engine
from gateway.store.leadership import SharedLeadership
from tests.postgres import Server


class Hub:
    """A hub (or a worker) in a process of its own, in a folder."""

    def __init__(self, folder: Path, *options: str, command: str = "serve", **settings: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        given = {f"SIMOJO_{name.upper()}": value for name, value in settings.items()}
        port = {f"SIMOJO_{'PORT' if command == 'serve' else 'WORKER_HEALTH_PORT'}": str(self.port)}
        own = {f"SIMOJO_{name.upper()}" for name in Settings.model_fields}
        environment = {name: value for name, value in os.environ.items() if name not in own}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "gateway.cli", command, *options],
            cwd=folder,
            env={**environment, **given, **port},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def await_ready(self) -> None:
        """Wait until it has begun, and answers."""
        self.said('"started"')
        assert self.answer("/health/ready").startswith(b"HTTP/1.1 200 ")

    def connect(self) -> socket.socket:
        """A connection to it."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=60)

    def answer(self, path: str) -> bytes:
        """What it answers on a new connection; nothing when it takes none."""
        try:
            with self.connect() as sock:
                sock.sendall(f"GET {path} HTTP/1.1\r\nHost: hub\r\n\r\n".encode())
                return sock.recv(65536)
        except ConnectionError:
            return b""

    def said(self, word: str) -> str:
        """Wait for a line of its log."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            if word in line:
                return line
        raise AssertionError(f"it ended without a word of {word}")

    def ended(self) -> tuple[int, str]:
        """Wait for its end; gives its code and what it said."""
        assert self.process.stdin is not None
        assert self.process.stderr is not None
        self.process.stdin.close()
        code = self.process.wait(60)
        return code, self.process.stderr.read()


@pytest.fixture
def hubs() -> Iterator[list[Hub]]:
    started: list[Hub] = []
    yield started
    for hub in started:
        with hub.process:
            hub.process.kill()


def start(hubs: list[Hub], folder: Path, *options: str, command: str = "serve", **settings: str) -> Hub:
    hubs.append(Hub(folder, *options, command=command, **settings))
    return hubs[-1]


HALF = b"POST /rest/dpupr/permit-validity HTTP/1.1\r\nHost: hub\r\nContent-Length: 4\r\n\r\nha"


def test_a_hub_that_is_told_to_end_says_so_answers_what_it_has_begun_and_takes_nothing_more(
    plain: Path, hubs: list[Hub]
) -> None:
    hub = start(hubs, plain, drain_s="1")
    hub.await_ready()
    with hub.connect() as begun:
        begun.sendall(HALF)
        hub.process.send_signal(signal.SIGTERM)
        hub.said('"ending"')
        ready = hub.answer("/health/ready")
        assert ready.startswith(b"HTTP/1.1 503 ")
        assert b"\r\nretry-after: " in ready
        assert b"\r\nconnection: close\r\n" in ready  # whoever kept a connection goes to another hub
        while hub.answer("/health/live").startswith(b"HTTP/1.1 200 "):
            pass  # until it has drained: no connection is taken any more
        begun.sendall(b"lf")
        answer = begun.recv(65536)
    assert answer.startswith(b"HTTP/1.1 4")  # a message that nobody signed: refused, as ever
    code, errors = hub.ended()
    assert (code, "Traceback" in errors, '"ended"' in errors) == (0, False, True), errors
    assert not (plain / "simojo.db-wal").exists()  # SQLite folds it in when the last connection is closed


def test_a_hub_ends_with_whoever_started_it_and_says_so_when_it_cannot_finish_in_time(
    plain: Path, hubs: list[Hub]
) -> None:
    hub = start(hubs, plain, "--until-stdin-ends", stop_within_s="1")
    hub.await_ready()
    with hub.connect() as begun:
        begun.sendall(HALF)
        assert hub.answer("/health/live")  # by now it has read what came before
        code, errors = hub.ended()  # closes its standard input
    assert (code, "Traceback" in errors, '"ended-unfinished"' in errors) == (3, False, True)


def test_a_second_signal_ends_a_hub_at_once(plain: Path, hubs: list[Hub]) -> None:
    hub = start(hubs, plain, stop_within_s="600")
    hub.await_ready()
    with hub.connect() as begun:
        begun.sendall(HALF)
        hub.process.send_signal(signal.SIGINT)
        hub.said('"ending"')
        hub.process.send_signal(signal.SIGINT)
        code, errors = hub.ended()
    assert (code, "Traceback" in errors) == (-signal.SIGINT, False)


def test_workers_share_a_store_and_when_the_leader_is_killed_another_leads(
    plain: Path, hubs: list[Hub], server: Server
) -> None:
    url = server.create("workers")
    engine = open_engine(url)
    onlooker = SharedLeadership(engine, "test")
    workers = [start(hubs, plain, command="worker", database_url=url) for _ in range(2)]
    for each in workers:
        each.await_ready()
    first = onlooker.leader() or ""
    killed, other = sorted(workers, key=lambda each: not first.endswith(f" {each.process.pid}"))
    assert first.endswith(f" {killed.process.pid}")
    killed.process.kill()
    other.said('"lead-taken"')
    assert (onlooker.leader() or "").endswith(f" {other.process.pid}")
    assert other.answer("/health/live").startswith(b"HTTP/1.1 200 ")
    assert other.answer("/rest/dpupr/permit-validity").startswith(b"HTTP/1.1 404 ")
    other.process.send_signal(signal.SIGTERM)
    code, errors = other.ended()
    assert (code, "Traceback" in errors) == (0, False)
    assert '"lead-let-go"' in errors
    engine.dispose()
    server.drop("workers")


def test_the_service_manager_is_told_when_a_hub_is_ready_and_when_it_ends(tmp_path: Path) -> None:
    for address, bound in ((str(tmp_path / "s"), str(tmp_path / "s")), ("@simojo-test", "\0simojo-test")):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager, pytest.MonkeyPatch.context() as patch:
            manager.bind(bound)
            manager.settimeout(10)
            patch.setenv("NOTIFY_SOCKET", address)
            tell("READY=1")
            assert manager.recv(100) == b"READY=1"
    tell("READY=1")  # nobody listens: nothing happens
