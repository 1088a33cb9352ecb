"""A hub in a process of its own that has the agency `pasar`, and the agency's side of the wire."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

import gateway
from conformance.signing import jws
from conformance.signing.keys import Identity, self_signed
from gateway.app import open_store
from gateway.cli.init import make_keys
from gateway.settings import Settings
from gateway.validation.agreement_file import packaged_agreements, read_agreement
from tests.batch.adapter import AGREEMENT, PASAR
from tests.crash.processes import free_port

TOKEN = "t" * 43
START_S = 120.0
ROOT = Path(gateway.__file__).parents[1]


def now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Office:
    """A folder with keys, a store and, beside the installed adapters, one that only it has."""

    folder: Path
    database_url: str = ""
    port: int = field(default_factory=free_port)

    def __post_init__(self) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        self.pasar = Identity(key, self_signed(key, "pasar", serial=1, at=now()))
        self._key = key
        self._process: subprocess.Popen[bytes] | None = None
        self.peaks_kb: list[int] = []
        self.own_kb = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def said(self) -> dict[str, str]:
        keys = self.folder / "keys"
        return {
            "DATABASE_URL": self.database_url or f"sqlite:///{self.folder / 'simojo.db'}",
            "PORT": str(self.port),
            "PUBLIC_URL": self.url,
            "MASTER_KEY_FILE": str(keys / "master.key"),
            "LEDGER_KEY_FILE": str(keys / "ledger.key"),
            "SIGNING_KEY_FILE": str(keys / "hub.key.pem"),
            "SIGNING_CERTIFICATE_FILE": str(keys / "hub.pem"),
            "RATE_PER_ADDRESS": "",
            "LOG_LEVEL": "WARNING",
        }

    @property
    def settings(self) -> Settings:
        said: dict[str, Any] = {name.lower(): value for name, value in self.said().items()}
        return Settings(**said, _env_file=None)

    def furnish(self) -> None:
        """Keys, the agreement with `pasar`, its certificate; and the adapter where the hub's process finds it."""
        make_keys(self.settings)
        info = self.folder / "adapters" / "pasar-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: pasar\nVersion: 1.0\n", encoding="utf-8")
        entry = "[simojo.adapters]\npasar = tests.batch.adapter:PASAR\n"
        (info / "entry_points.txt").write_text(entry, encoding="utf-8")
        head = packaged_agreements()["dpupr-2026"].partition("[[interaction]]")[0].replace("dpupr", "pasar")
        agreement = read_agreement(head.replace("2028-12-31", f"{now().year + 2}-12-31") + AGREEMENT)
        store = open_store(self.settings)
        registry, actor = store.registry, "staff/siti"
        registry.import_agreement(agreement, PASAR, actor)
        registry.activate_for_development(agreement.id, agreement.version, actor)
        challenge = registry.challenge("pasar", self.pasar.certificate, "nonce-17")
        proof = self._key.sign(challenge, ec.ECDSA(hashes.SHA256()))
        registry.register_certificate("pasar", self.pasar.certificate, challenge, proof, actor)
        store.close()

    # --- the hub ------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("SIMOJO_")}
        said = {f"SIMOJO_{name}": value for name, value in self.said().items()}
        path = os.pathsep.join((str(ROOT), str(self.folder / "adapters")))
        with (self.folder / "hub.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "gateway.cli", "serve", "--until-stdin-ends"],
                cwd=self.folder,
                env={**kept, **said, "PYTHONPATH": path},
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
            )
        ends = time.monotonic() + START_S
        while not self._is_ready():
            assert self._process.poll() is None, self.log()
            assert time.monotonic() < ends, self.log()
            time.sleep(0.1)  # a process that starts says nothing that could be waited for

    def _is_ready(self) -> bool:
        try:
            return httpx2.get(f"{self.url}/health/ready", trust_env=False, verify=False).status_code == 200
        except httpx2.TransportError:
            return False

    def kill(self) -> None:
        """Kill -9; what it has needed of memory at most is noted first."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it as an operator does."""
        self._end(signal.SIGTERM)

    def _end(self, by: signal.Signals) -> None:
        if self._process is None:
            return
        self.note_peak()
        self._process.send_signal(by)
        self._process.wait(60)
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process = None

    def note_peak(self) -> None:
        """What the process has needed at most (VmHWM), with the files of its libraries, which others share."""
        self.peaks_kb.append(self._memory_kb("VmHWM:"))

    def look(self) -> int:
        """What the process has of its own now (RssAnon); the most that was seen is kept."""
        own = self._memory_kb("RssAnon:")
        self.own_kb = max(self.own_kb, own)
        return own

    def _memory_kb(self, name: str) -> int:
        assert self._process is not None
        status = Path(f"/proc/{self._process.pid}/status").read_text(encoding="utf-8")
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith(name))

    def log(self) -> str:
        return (self.folder / "hub.log").read_text(encoding="utf-8", errors="replace")[-3000:]


class Uploader:
    """The agency's side: announces a file, sends it in pieces, asks how it stands, fetches the result."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self.address = ""
        self._client = self._connected()

    def _connected(self) -> httpx2.Client:
        # verify: plain HTTP on loopback, and reading the authorities takes longer than the answer
        return httpx2.Client(base_url=self._office.url, trust_env=False, verify=False, timeout=60.0)

    def reconnect(self) -> None:
        """The hub is another process now."""
        self._client.close()
        self._client = self._connected()

    def announce(self, manifest: Mapping[str, Any], message_id: str) -> dict[str, Any]:
        body = json.dumps({**manifest, "uploadTokenSha256": hashlib.sha256(TOKEN.encode()).hexdigest()}).encode()
        claims = {"iss": "pasar", "aud": "dpmptsp", "jti": message_id, "agr": "pasar-2026/1.0", "int": "daftar"}
        token = jws.sign_detached(body, self._office.pasar, claims, at=now())
        headers = {"Content-Type": "application/json", "X-JWS-Signature": token}
        said = self._client.post("/rest/pasar/daftar", content=body, headers=headers)
        assert said.status_code == 200, said.text
        accepted: dict[str, Any] = said.json()
        self.address = accepted["upload"]
        return accepted

    def offset(self) -> int:
        said = self._client.head(self.address, headers=_shown())
        assert said.status_code == 204, said.status_code
        return int(said.headers["upload-offset"])

    def send(self, piece: bytes, offset: int, *, last: bool) -> None:
        headers = {
            **_shown(),
            "Content-Type": "application/partial-upload",
            "Upload-Offset": str(offset),
            "Upload-Complete": "?1" if last else "?0",
        }
        said = self._client.patch(self.address, content=piece, headers=headers)
        assert said.status_code == 204, said.text

    def report(self) -> dict[str, Any]:
        said: dict[str, Any] = self._client.get(self.address, headers=_shown()).json()
        return said

    def result(self) -> Iterator[bytes]:
        with self._client.stream("GET", f"{self.address}/result", headers=_shown()) as said:
            assert said.status_code == 200
            yield from said.iter_bytes()

    def close(self) -> None:
        self._client.close()


def _shown() -> dict[str, str]:
    return {"Authorization": f"Bearer {TOKEN}"}
