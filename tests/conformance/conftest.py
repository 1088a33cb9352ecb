"""Two identities made once, a clock that stands still, and a hub that only records."""

from __future__ import annotations

import itertools
import json
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from cryptography.hazmat.primitives import serialization
from fastapi import FastAPI, Request, Response

from conformance.peers.config import load_config
from conformance.peers.peer import Peer, Surroundings
from conformance.peers.process import PEERS
from conformance.signing.keys import Identity, make_identity

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
SECRETS = {
    "dukcapil": {
        "basic_user": "office",
        "basic_password": "basic-made-up",
        "user_id": "U1",
        "password": "made-up",
        "ip_user": "10.0.0.1",
    },
    "djp": {"basic_user": "office", "basic_password": "basic-made-up"},
    **{agency: {} for agency in ("dpupr", "dinkes", "dlh", "dishub", "bakesbangpol", "bpkpd", "courier", "email")},
    "bank": {
        "client_id": "client-made-up",
        "client_secret": "secret-made-up",
        "partner_id": "P1",
        "channel_id": "95051",
        "partner_service_id": "99887",
    },
    "oss": {"username": "simojo", "password": "made-up", "user_key": "key-made-up"},
    "satpolpp": {},
    "sms": {"userkey": "U2", "passkey": "made-up", "report_key": "report-made-up"},
    "bsre": {"basic_user": "office", "basic_password": "basic-made-up", "passphrase": "kata sandi contoh"},
}


@dataclass
class Heard:
    """One request that the fake hub got."""

    path: str
    headers: dict[str, str]
    body: bytes
    method: str = "POST"

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class FakeHub:
    """Answers by `answer` and records; `wait_for` blocks until so many requests to a path came."""

    url: str
    answer: Callable[[Heard], Response] = field(default=lambda _: Response(status_code=503))
    heard: list[Heard] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def take(self, request: Heard) -> Response:
        with self.changed:
            self.heard.append(request)
            self.changed.notify_all()
        return self.answer(request)

    def wait_for(self, count: int, path: str = "") -> list[Heard]:
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.at(path)) >= count, timeout=20), f"{self.at(path)}"
            return self.at(path)

    def at(self, path: str) -> list[Heard]:
        return [each for each in self.heard if each.path.startswith(path)]


class Loopback:
    """An ASGI app under uvicorn in a thread, on a free port of 127.0.0.1."""

    def __init__(self, app: Any) -> None:
        self.socket = socket.socket()
        self.socket.bind(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        self._up = threading.Event()
        self._server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
        # listening before the thread runs: a client's connection waits in the backlog
        self.socket.listen(64)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self.socket]}, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(10)
        self.socket.close()


def _identity(factory: pytest.TempPathFactory, name: str, serial: int) -> Path:
    folder = factory.mktemp(name)
    make_identity(folder, name, serial=serial, at=NOW)
    return folder


@pytest.fixture(scope="session")
def agency_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with a key and a certificate, to be copied: keys take long to make."""
    return _identity(tmp_path_factory, "agency", 1)


@pytest.fixture(scope="session")
def hub_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _identity(tmp_path_factory, "hub", 2)


@pytest.fixture(scope="session")
def agency(agency_folder: Path) -> Identity:
    return make_identity(agency_folder, "agency", serial=1, at=NOW)


@pytest.fixture(scope="session")
def hub_identity(hub_folder: Path) -> Identity:
    return make_identity(hub_folder, "hub", serial=2, at=NOW)


@pytest.fixture
def surroundings() -> Surroundings:
    numbers = itertools.count(1)
    lock = threading.Lock()

    def new_id() -> str:
        with lock:
            return f"0198c0de-0000-7000-8000-{next(numbers):012d}"

    return Surroundings(clock=lambda: NOW, elapsed=time.monotonic, new_id=new_id)


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    app = FastAPI(openapi_url=None)
    held: list[FakeHub] = []

    @app.api_route("/{path:path}", methods=["GET", "POST", "HEAD", "PATCH"])
    async def any_path(request: Request) -> Response:
        heard = Heard(str(request.url.path), dict(request.headers), await request.body(), request.method)
        return held[0].take(heard)

    server = Loopback(app)
    held.append(FakeHub(server.url))
    yield held[0]
    server.stop()


@pytest.fixture
def folder_of(tmp_path: Path, agency_folder: Path, hub_identity: Identity) -> Callable[..., Path]:
    """Make an agency's folder as the demo driver does, with a key that is there already."""

    def make(agency: str, hub_url: str, **members: Any) -> Path:
        folder = tmp_path / agency
        shutil.copytree(agency_folder, folder)
        (folder / "hub.pem").write_bytes(hub_identity.certificate.public_bytes(serialization.Encoding.PEM))
        config = {
            "agency": agency,
            "port": 0,
            "hub": hub_url,
            "hub_certificate": "hub.pem",
            "secrets": SECRETS[agency],
            "delay_ms": 0,
            **members,
        }
        (folder / "config.json").write_text(json.dumps(config))
        return folder

    return make


@pytest.fixture
def start(surroundings: Surroundings) -> Iterator[Callable[[Path], Peer]]:
    """Start peers in this process, without a port; stop them at the end."""
    started: list[Peer] = []

    def run(folder: Path) -> Peer:
        peer = PEERS[folder.name](folder, load_config(folder, folder.name), surroundings)
        peer.start()
        started.append(peer)
        return peer

    yield run
    for each in started:
        each.stop()
