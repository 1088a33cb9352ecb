"""The hub as it is deployed: `simojo serve` in processes of its own, with nothing switched off.

Its one difference from an office's hub are settings: rates that nobody reaches, and one more adapter, that of
`benchmarks.agency`, which it finds as it finds any vendor's: by the entry point of a distribution on its path.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding

from benchmarks.agency import ADAPTER, AGENCY
from benchmarks.load import LoadFailed
from benchmarks.machine import ROOT, Running, free_port
from benchmarks.messages import PUBLIC_URL
from benchmarks.parties import HUB_ID, Parties, paths
from gateway.app import open_store
from gateway.cli.init import make_keys
from gateway.settings import Settings
from gateway.validation.agreement_file import read_agreement

ACTOR = "staff/bench"
RATE = "20000/second"


@dataclass(frozen=True)
class Grounds:
    """A folder with keys and a store in which the agency has an agreement and a certificate."""

    folder: Path
    parties: Parties
    database_url: str

    @classmethod
    def furnish(cls, folder: Path, parties: Parties, database_url: str, endpoint: str = "") -> Grounds:
        """Make it; the parties' keys are in `folder` already. `endpoint` is where the agency listens."""
        grounds = cls(folder, parties, database_url)
        settings = grounds.settings()
        make_keys(settings)
        store = open_store(settings)
        try:
            registry = store.registry
            agreement = read_agreement((ROOT / "benchmarks/agency/agreement.toml").read_text(encoding="utf-8"))
            registry.import_agreement(agreement, ADAPTER, ACTOR)
            registry.activate_for_development(agreement.id, agreement.version, ACTOR)
            challenge = registry.challenge(AGENCY, parties.agency.certificate, "nonce")
            registry.register_certificate(
                AGENCY, parties.agency.certificate, challenge, _proof(parties, challenge), ACTOR
            )
            if endpoint:
                registry.set_endpoint(AGENCY, endpoint, ACTOR)
        finally:
            store.close()
        plug_in(folder / "plugins")
        return grounds

    def settings(self) -> Settings:
        """The hub's settings, as the commands that furnish the store need them."""
        given: dict[str, Any] = {name.lower(): value for name, value in self._settings().items()}
        return Settings(**given, _env_file=None)

    def environment(self, port: int, **more: str) -> dict[str, str]:
        """The environment of a hub process; `more` are SIMOJO_* without the prefix."""
        given = {**self._settings(), "PORT": str(port), **more}
        kept = {name: value for name, value in os.environ.items() if not name.startswith("SIMOJO_")}
        path = os.pathsep.join([str(self.folder / "plugins"), str(ROOT)])
        return {**kept, "PYTHONPATH": path, **{f"SIMOJO_{name}": value for name, value in given.items()}}

    def _settings(self) -> dict[str, str]:
        key, certificate = paths(self.folder, HUB_ID)
        return {
            "DATABASE_URL": self.database_url,
            "HOST": "127.0.0.1",
            "PUBLIC_URL": PUBLIC_URL,
            "HUB_ID": HUB_ID,
            "MASTER_KEY_FILE": str(self.folder / "master.key"),
            "LEDGER_KEY_FILE": str(self.folder / "ledger.key"),
            "SIGNING_KEY_FILE": str(key),
            "SIGNING_CERTIFICATE_FILE": str(certificate),
            "RATE_PER_ADDRESS": RATE,
            "RATE_PER_AGENCY": RATE,
        }


def _proof(parties: Parties, challenge: bytes) -> bytes:
    key = parties.agency.key
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key.sign(challenge, ec.ECDSA(hashes.SHA256()))
    return key.sign(challenge, padding.PKCS1v15(), hashes.SHA256())  # type: ignore[call-arg]  # RSA, the other kind


def plug_in(folder: Path) -> None:
    """Write the metadata of a distribution whose entry point is the bench's adapter."""
    info = folder / "simojo_bench-1.0.dist-info"
    info.mkdir(parents=True, exist_ok=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: simojo-bench\nVersion: 1.0\n", encoding="ascii")
    entry = f"[simojo.adapters]\n{AGENCY} = benchmarks.agency:ADAPTER\n"
    (info / "entry_points.txt").write_text(entry, encoding="ascii")


@contextmanager
def serving(grounds: Grounds, processes: int, **settings: str) -> Iterator[list[Running]]:
    """So many hub processes on one store, each at a port of its own. Raises LoadFailed when one does not start."""
    with _running(grounds, processes, "serve", "PORT", settings) as running:
        yield running


@contextmanager
def working(grounds: Grounds, processes: int) -> Iterator[list[Running]]:
    """So many worker processes on one store (`simojo worker`). Raises LoadFailed when one does not start."""
    with _running(grounds, processes, "worker", "WORKER_HEALTH_PORT", {}) as running:
        yield running


@contextmanager
def _running(
    grounds: Grounds, processes: int, command: str, listens_at: str, settings: Mapping[str, str]
) -> Iterator[list[Running]]:
    running: list[Running] = []
    try:
        for number in range(processes):
            port = free_port()
            environment: Mapping[str, str] = grounds.environment(port, **{**settings, listens_at: str(port)})
            log = grounds.folder / f"{command}-{number}.log"
            hub = Running.start(
                ["-m", "gateway.cli", command, "--until-stdin-ends"],
                log=log,
                folder=grounds.folder,
                env=environment,
                port=port,
            )
            running.append(hub)
            hub.await_listening()
        yield running
        check_alive(running)
    finally:
        for hub in running:
            hub.end()


def check_alive(running: list[Running]) -> None:
    """Raises LoadFailed for a process that ended while it was measured."""
    for each in running:
        if each.process.poll() is not None:
            raise LoadFailed(f"{each.log.stem} ended while it was measured:\n{each.said()}")
