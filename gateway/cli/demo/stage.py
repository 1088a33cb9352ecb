"""The demo's data folder: made once, found again. Everything in it is for development, and random."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from gateway.app import Store
from gateway.cli.demo.ports import HeldPorts
from gateway.cli.init import make_keys
from gateway.domain.calendar import local_date
from gateway.domain.errors import Misconfigured
from gateway.edge.parts import token_hash
from gateway.exchange.plugins import load_adapters
from gateway.machine import now
from gateway.settings import Settings
from gateway.store.conflicts import commit
from gateway.store.plan import Claim, Plan, Update
from gateway.store.tables import StaffRow, TokenRow
from gateway.validation.agreement_file import latest_agreements

AGENCIES = ("dukcapil", "djp", "dpupr", "bank", "oss", "sms", "bsre")
"""Those of plain `simojo demo`."""

OTHERS = ("dinkes", "dlh", "satpolpp", "bpkpd", "dishub", "bakesbangpol", "email", "courier")
"""Those that `simojo demo --all` has besides. A folder that has them once keeps them: its hub goes on calling them."""

NOT_CALLED = ("satpolpp",)
"""Agencies without an endpoint: they collect what lies in their mailbox."""

CERTIFIED = ("dpupr", "bank", *OTHERS)
"""Those that prove themselves by certificate."""

ACTOR = "staff/demo"
PATHS: Mapping[str, str] = {"dpupr": "/technical-recommendation"}
"""Where an agency listens below its own address, if not at it."""

STAFF: tuple[Mapping[str, Any], ...] = (
    {"id": "rina", "name": "Rina Contoh", "title": "Petugas verifikasi", "scopes": "office"},
    {"id": "agus", "name": "Agus Contoh", "title": "Petugas validasi", "scopes": "office admin"},
    {
        "id": "dewi",
        "name": "Dewi Contoh",
        "title": "Kepala Dinas",
        "scopes": "office",
        "nip": "198001012005012001",
        "phone": "+6281200000090",
        "nik": "9999014101800001",
        "delegation": "SK contoh 188.45/1/2026",
    },
)


@dataclass(frozen=True)
class Stage:
    """The folder, and what is remembered in it: ports, secrets and tokens. `agencies` are those that it has."""

    home: Path
    agencies: Sequence[str]
    ports: Mapping[str, int]
    secrets: Mapping[str, Mapping[str, str]]
    tokens: Mapping[str, str]

    @property
    def hub_url(self) -> str:
        """Where the hub listens."""
        return f"http://127.0.0.1:{self.ports['hub']}"

    def agency_url(self, agency: str) -> str:
        """Where a simulated agency listens."""
        return f"http://127.0.0.1:{self.ports[agency]}"

    def agency_home(self, agency: str) -> Path:
        """An agency's own folder."""
        return self.home / "agencies" / agency

    def settings(self) -> Settings:
        """The hub's settings."""
        return Settings(**self._settings(), _env_file=None)

    def environment(self) -> dict[str, str]:
        """The hub's environment: the same settings."""
        own = {f"SIMOJO_{name.upper()}": str(value) for name, value in self._settings().items()}
        return {**{name: value for name, value in os.environ.items() if not name.startswith("SIMOJO_")}, **own}

    def _settings(self) -> dict[str, Any]:
        keys = self.home / "keys"
        return {
            "mode": "development",
            "database_url": f"sqlite:///{self.home / 'simojo.db'}",
            "port": self.ports["hub"],
            "public_url": self.hub_url,
            "master_key_file": keys / "master.key",
            "ledger_key_file": keys / "ledger.key",
            "signing_key_file": keys / "hub.key.pem",
            "signing_certificate_file": keys / "hub.pem",
            "partner_service_id": self.secrets["bank"]["partner_service_id"],
        }


@contextmanager
def alone(home: Path) -> Iterator[None]:
    """Hold the folder for one demo, so that a second one writes nothing into it. Raises Misconfigured `demo-open`."""
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (home / "demo.lock").open("a", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Misconfigured(
                f"a demo is open in {home} already: end it with Ctrl-C, or play in another folder "
                "(make demo ARGS='--home FOLDER')",
                code="demo-open",
            ) from None
        yield


@contextmanager
def open_stage(home: Path, *, everybody: bool = False) -> Iterator[Stage]:
    """Open the folder, making what is not there, and hold its ports as long as it is open.

    `everybody`: it has all agencies from now on.

    Ports that others have taken meanwhile are replaced. Raises Misconfigured `demo-damaged`, `port-taken`.
    """
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = home / "demo.json"
    try:
        kept = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    except ValueError:
        raise Misconfigured(f"{path} cannot be read: delete {home} to begin anew", code="demo-damaged") from None
    has = kept.get("ports", {})
    agencies = (*AGENCIES, *(each for each in OTHERS if everybody or each in has))
    with HeldPorts(("hub", *agencies), has) as ports:
        yield _find(home, path, kept, ports.numbers, agencies)


def _find(home: Path, path: Path, kept: Mapping[str, Any], ports: Mapping[str, int], agencies: Sequence[str]) -> Stage:
    stage = Stage(
        home=home,
        agencies=agencies,
        ports=ports,
        # a folder of an older version lacks newer agencies and newer secrets
        secrets={agency: made | kept.get("secrets", {}).get(agency, {}) for agency, made in _secrets().items()},
        tokens=kept.get("tokens") or {each["id"]: secrets.token_urlsafe(32) for each in STAFF},
    )
    said = {"ports": stage.ports, "secrets": stage.secrets, "tokens": stage.tokens}
    _write_secret(path, said)
    make_keys(stage.settings())
    for agency in agencies:
        _write_config(stage, agency)
    return stage


def furnish(stage: Stage, store: Store) -> None:
    """Staff, tokens, agreements, endpoints and credentials; each only when it is not there."""
    adapters = load_adapters()
    for agreement in latest_agreements(local_date(now())).values():
        if agreement.agency not in stage.agencies:
            continue
        store.registry.import_agreement(agreement, adapters[agreement.agency], ACTOR)
        store.registry.activate_for_development(agreement.id, agreement.version, ACTOR)
    for agency in stage.agencies:
        if agency not in NOT_CALLED:
            url = stage.agency_url(agency) + PATHS.get(agency, "")
            store.registry.set_endpoint(agency, url, ACTOR)
        known = {row.name for row in store.reader.credentials(agency)}
        for name, secret in stage.secrets[agency].items():
            if name not in known and name != "passphrase":  # that is the official's, and the hub never keeps it
                store.registry.set_credential(agency, name, secret, ACTOR)
    for each in STAFF:
        _employ(stage, store, each)


def _employ(stage: Stage, store: Store, each: Mapping[str, Any]) -> None:
    known = store.reader.staff(each["id"])
    if known is not None and known.nik is None and "nik" in each:  # a folder from before officials had one
        commit(store.unit_of_work, Plan.of(Update(StaffRow, {"id": known.id}, {"nik": None}, {"nik": each["nik"]})))
    if known is None:
        delegated = "delegation" in each
        values = {
            "id": each["id"],
            "name": each["name"],
            "title": each["title"],
            "nip": each.get("nip"),
            "phone": each.get("phone"),
            "nik": each.get("nik"),
            "delegation": each.get("delegation"),
            "delegation_from": date(2026, 1, 1) if delegated else None,
            "delegation_until": now().date() + timedelta(days=3650) if delegated else None,
            "delegation_electronic": delegated,
        }
        commit(store.unit_of_work, Plan.of(Claim(StaffRow, ("id",), values)))
    hashed = token_hash(stage.tokens[each["id"]])
    if store.reader.token(hashed) is None:
        values = {
            "hash": hashed,
            "staff": each["id"],
            "scopes": each["scopes"],
            "made_at": now(),
            "expires_at": now() + timedelta(days=30),
        }
        commit(store.unit_of_work, Plan.of(Claim(TokenRow, ("hash",), values)))


def _write_config(stage: Stage, agency: str) -> None:
    folder = stage.agency_home(agency)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    config = {
        "agency": agency,
        "port": stage.ports[agency],
        "hub": stage.hub_url,
        "hub_certificate": str(stage.home / "keys" / "hub.pem"),
        "secrets": dict(stage.secrets[agency]),
        "delay_ms": 0,
    }
    _write_secret(folder / "config.json", config)


def _write_secret(path: Path, said: Mapping[str, Any]) -> None:
    """Write a file that only its owner reads, whole or not at all."""
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    part.touch(mode=0o600)
    part.write_text(json.dumps(said, indent=2), encoding="utf-8")
    part.replace(path)


def _secrets() -> dict[str, dict[str, str]]:
    def made(*names: str) -> dict[str, str]:
        return {name: secrets.token_urlsafe(16) for name in names}

    return {
        "dukcapil": {**made("basic_user", "basic_password", "user_id", "password"), "ip_user": "127.0.0.1"},
        "djp": made("basic_user", "basic_password"),
        "dpupr": {},
        "bank": {
            **made("client_id", "client_secret", "partner_id", "merchant_id"),
            "channel_id": "95051",
            "partner_service_id": "88726",
        },
        "oss": made("username", "password", "user_key"),
        "sms": made("userkey", "passkey", "report_key"),
        "bsre": made("basic_user", "basic_password", "passphrase"),
        **{agency: {} for agency in OTHERS},
    }
