"""A hub as `simojo serve` runs it, in a process of its own, with real keys and agreements; and what it weighs."""

from __future__ import annotations

import json
import os
import random
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from conformance.signing import jws
from conformance.signing.keys import Identity, self_signed
from gateway.app import open_store
from gateway.cli.init import make_keys
from gateway.exchange.plugins import load_adapters
from gateway.settings import Settings
from gateway.validation.agreement_file import packaged_agreements, read_agreement
from tests.databases import Furnished
from tests.office.house import settings_in

GOOD = "127.0.0.1"
"""The address of those who mean well; attackers come from others of the loopback network."""

VALIDITY = "/rest/dpupr/permit-validity"
RECOMMENDATION = "/soap/dpupr/technical-recommendation"
START_TRIES = 600


def now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Grounds:
    """A folder with keys and a store in which DPUPR has an agreement and a certificate."""

    folder: Path
    dpupr: Identity
    database: Furnished | None = None
    """Where the store is, if it is not a file in the folder."""

    @classmethod
    def furnish(cls, folder: Path, database: Furnished | None = None) -> Grounds:
        settings = settings_in(folder, **({} if database is None else {"database_url": database.url}))
        make_keys(settings)
        key = ec.generate_private_key(ec.SECP256R1())
        dpupr = Identity(key, self_signed(key, "dpupr", serial=1, at=now()))
        store = open_store(settings)
        registry, actor = store.registry, "staff/siti"
        said = packaged_agreements()["dpupr-2026"].replace("2028-12-31", f"{now().year + 2}-12-31")
        agreement = read_agreement(said)
        registry.import_agreement(agreement, load_adapters()["dpupr"], actor)
        registry.activate_for_development(agreement.id, agreement.version, actor)
        challenge = registry.challenge("dpupr", dpupr.certificate, "nonce-17")
        proof = key.sign(challenge, ec.ECDSA(hashes.SHA256()))
        registry.register_certificate("dpupr", dpupr.certificate, challenge, proof, actor)
        store.close()
        return cls(folder, dpupr, database)


def free_port() -> int:
    """A port at which nobody listens, below those from which the machine's own connections leave."""
    for _ in range(100):
        port = random.randint(20_000, 32_000)  # noqa: S311 - any will do
        with socket.socket() as probe:
            if probe.connect_ex((GOOD, port)) != 0:
                return port
    raise AssertionError("no port is free")


@dataclass
class HubProcess:
    """The process. `settings` are SIMOJO_* without the prefix."""

    grounds: Grounds
    settings: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.port = free_port()
        own = {f"SIMOJO_{name.upper()}" for name in Settings.model_fields}
        kept = {name: value for name, value in os.environ.items() if name not in own}
        said = {f"SIMOJO_{name}": value for name, value in {"HOST": "0.0.0.0", **self.settings}.items()}  # noqa: S104 - attackers come from other loopback addresses
        self.log = (self.grounds.folder / f"hub-{self.port}.log").open("wb")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "gateway.cli", "serve", "--until-stdin-ends"],
            cwd=self.grounds.folder,
            env={**kept, **said, "SIMOJO_PORT": str(self.port)},
            stdin=subprocess.PIPE,
            stdout=self.log,
            stderr=self.log,
        )

    @property
    def url(self) -> str:
        return f"http://{GOOD}:{self.port}"

    def await_ready(self, url: str = "", verify: Any = False) -> None:
        """Wait until it answers."""
        with httpx2.Client(trust_env=False, verify=verify, timeout=20.0) as client:
            for _ in range(START_TRIES):
                assert self.process.poll() is None, self.said
                try:
                    answer = client.get(f"{url or self.url}/health/ready")
                except httpx2.TransportError:
                    time.sleep(0.1)  # a process that starts says nothing that could be waited for
                    continue
                assert answer.status_code == 200
                return
        raise AssertionError("the hub does not answer")

    @property
    def said(self) -> str:
        """Its log."""
        return Path(self.log.name).read_text(encoding="utf-8", errors="replace")

    def end(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()

    # --- what it weighs -------------------------------------------------------------------------------------------

    def memory(self, name: str = "VmRSS") -> int:
        """Bytes of memory: VmRSS now, VmHWM at most since `forget_peak`."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        line = next(each for each in status.splitlines() if each.startswith(f"{name}:"))
        return int(line.split()[1]) * 1024

    def forget_peak(self) -> None:
        """Let VmHWM begin anew (proc(5), clear_refs)."""
        Path(f"/proc/{self.process.pid}/clear_refs").write_text("5", encoding="ascii")

    def open_files(self) -> int:
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))  # noqa: PTH208 - names alone are counted


@dataclass
class Witness:
    """Somebody who goes on with honest work all the while: a signed exchange, then both kinds of health, in turn.

    The exchange goes all the way: DPUPR asks for a permit that nobody has, the signed no is in the ledger.
    """

    url: str
    grounds: Grounds
    served: int = 0
    healthy: int = 0
    slowest_s: float = 0.0
    slowest_health_s: float = 0.0
    failures: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)

    @contextmanager
    def watching(self) -> Iterator[Witness]:
        """Work until the block ends."""
        self._thread.start()
        try:
            yield self
        finally:
            self._over.set()
            self._thread.join(30)

    def _work(self) -> None:
        number = 0
        with httpx2.Client(base_url=self.url, trust_env=False, verify=False, timeout=20.0) as client:
            while True:
                number += 1
                self._exchange(client, f"{id(self)}-{number}")
                self._health(client, "/health/live")
                self._health(client, "/health/ready")
                if self._over.wait(0.1):
                    return

    def _exchange(self, client: httpx2.Client, number: str) -> None:
        answer, took = _timed(client, "POST", VALIDITY, **signed_question(self.grounds, number))
        if answer is not None and answer.json().get("code") == "not-found" and jws.HEADER in answer.headers:
            self.served += 1
        else:
            self.failures.append(f"exchange: {answer and (answer.status_code, answer.text[:300])} after {took:.1f} s")
        self.slowest_s = max(self.slowest_s, took)

    def _health(self, client: httpx2.Client, path: str) -> None:
        answer, took = _timed(client, "GET", path)
        if answer is not None and answer.status_code == 200:
            self.healthy += 1
        else:
            self.failures.append(f"{path}: {answer and answer.status_code} after {took:.1f} s")
        self.slowest_health_s = max(self.slowest_health_s, took)


def signed_question(grounds: Grounds, number: str, body: bytes = b'{"permitNumber":"001/KRK/III/2026"}') -> Any:
    """Body and headers of a genuine message of DPUPR's."""
    claims = {"iss": "dpupr", "aud": "dpmptsp", "jti": f"w-{number}", "agr": "dpupr-2026/1.0", "int": "permit-validity"}
    token = jws.sign_detached(body, grounds.dpupr, claims, at=now())
    return {"content": body, "headers": {"Content-Type": "application/json", jws.HEADER: token}}


def _timed(client: httpx2.Client, method: str, path: str, **more: Any) -> tuple[httpx2.Response | None, float]:
    begun = time.monotonic()
    try:
        answer = client.request(method, path, **more)
    except httpx2.TransportError:
        answer = None
    return answer, time.monotonic() - begun


def code_of(body: bytes, content_type: str) -> str:
    """The stable code of a problem or a Fault, "" where there is none."""
    if "problem+json" in content_type:
        return str(json.loads(body).get("code", ""))
    if "xml" in content_type:
        begin = body.find(b"<sj:code>")
        return body[begin + 9 : body.find(b"</sj:code>")].decode() if begin >= 0 else ""
    return ""
