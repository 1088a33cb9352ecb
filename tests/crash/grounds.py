"""A furnished store in a folder of its own: keys, agreements, endpoints, credentials and staff; on either engine."""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from conformance.signing.keys import Identity, self_signed
from gateway.app import Store, open_store
from gateway.cli.init import make_keys
from gateway.domain.calendar import local_date
from gateway.edge.parts import token_hash
from gateway.exchange.plugins import load_adapters
from gateway.settings import Settings
from gateway.store.plan import Claim, Plan
from gateway.store.tables import StaffRow, TokenRow
from gateway.validation.agreement_file import latest_agreements, packaged_agreements, read_agreement
from tests.postgres import Server

ACTOR = "staff/siti"
AGENCIES = ("dukcapil", "djp", "dpupr", "oss", "sms", "bank")
"""Those that the hub speaks to."""

SECRETS: Mapping[str, Mapping[str, str]] = {
    "dukcapil": {
        "basic_user": "basic-user-7Q",
        "basic_password": "basic-password-7Q",
        "user_id": "user-id-7Q",
        "password": "body-password-7Q",
        "ip_user": "127.0.0.1",
    },
    "djp": {"basic_user": "djp-user-7Q", "basic_password": "djp-password-7Q"},
    "bank": {
        "client_id": "client-7Q",
        "client_secret": "client-secret-7Q",
        "partner_id": "partner-7Q",
        "channel_id": "95051",
        "merchant_id": "merchant-7Q",
    },
    "oss": {"username": "oss-user-7Q", "password": "oss-password-7Q", "user_key": "oss-key-7Q"},
    "sms": {"userkey": "sms-userkey-7Q", "passkey": "sms-passkey-7Q", "report_key": "report-key-7Q"},
}
STAFF: tuple[Mapping[str, Any], ...] = (
    {"id": "rina", "name": "Rina Contoh", "title": "Petugas verifikasi", "scopes": "office"},
    {"id": "agus", "name": "Agus Contoh", "title": "Petugas validasi", "scopes": "office admin"},
    {"id": "dewi", "name": "Dewi Contoh", "title": "Kepala Dinas", "scopes": "office", "phone": "+6281200000090"},
)
QUICK = 'retry = { first = "500ms", factor = 2, max = "2s", attempts = 100 }'
"""Retries for a town in which processes die every second: sooner than in the sample agreements, and more of them."""

CALL_TIMEOUT_S = 3
VISIBLE_AGAIN = "3s"
"""What is collected and not acknowledged is there again so soon."""

BOTH = """
[[permit_type]]
code = "pbg"
name = "Persetujuan Bangunan Gedung (contoh)"
service_class = "non-usaha"
recommended_by = ["dpupr"]
levied = true
signing = "electronic"
required_documents = ["ktp", "bukti-tanah", "gambar-rencana"]
duration_days = 14
valid_from = 2020-03-10
legal_basis = "contoh, bukan ketetapan"

[[permit_type]]
code = "reklame"
name = "Izin Penyelenggaraan Reklame (contoh)"
service_class = "usaha"
recommended_by = ["satpolpp"]
levied = false
signing = "electronic"
duration_days = 7
valid_from = 2020-03-10
legal_basis = "contoh, bukan ketetapan"
"""
"""The catalogue of a town with a mailbox: every second permit needs a recommendation of Satpol PP, which collects."""


def now() -> datetime:
    """The time."""
    return datetime.now(UTC)


@dataclass(kw_only=True)
class Grounds:
    """The folder and what the processes of the town need to know. `server` None: the store is a SQLite file."""

    folder: Path
    agencies_url: str
    hub_url: str
    server: Server | None = None
    database: str = "simojo"
    more: Mapping[str, str] = field(default_factory=dict)
    """Further settings, without their prefix."""
    mailbox: bool = False
    """Whether Satpol PP is in the town, which comes for its messages."""

    tokens: Mapping[str, str] = field(default_factory=lambda: {each["id"]: f"token-of-{each['id']}" for each in STAFF})

    def __post_init__(self) -> None:
        ec_key = ec.generate_private_key(ec.SECP256R1())
        rsa_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.dpupr = Identity(ec_key, self_signed(ec_key, "dpupr", serial=1, at=now()))
        self.bank = Identity(rsa_key, self_signed(rsa_key, "bank", serial=2, at=now()))
        own_key = ec.generate_private_key(ec.SECP256R1())  # a key belongs to one agency
        self.satpolpp = Identity(own_key, self_signed(own_key, "satpolpp", serial=3, at=now()))

    @property
    def engine(self) -> str:
        """The engine's name."""
        return "sqlite" if self.server is None else "postgres"

    @property
    def store_file(self) -> Path:
        """The SQLite file."""
        return self.folder / "store" / "simojo.db"

    @property
    def url(self) -> str:
        """The database URL."""
        return f"sqlite:///{self.store_file}" if self.server is None else self.server.url(self.database)

    @property
    def settings(self) -> Settings:
        """The settings of every process of the town."""
        said: dict[str, Any] = {name.lower(): value for name, value in self.said().items()}
        return Settings(**said, _env_file=None)

    def said(self) -> dict[str, str]:
        """The same as words, without prefix."""
        keys = self.folder / "keys"
        return {
            "DATABASE_URL": self.url,
            "PUBLIC_URL": self.hub_url,
            "MASTER_KEY_FILE": str(keys / "master.key"),
            "LEDGER_KEY_FILE": str(keys / "ledger.key"),
            "SIGNING_KEY_FILE": str(keys / "hub.key.pem"),
            "SIGNING_CERTIFICATE_FILE": str(keys / "hub.pem"),
            "RATE_PER_ADDRESS": "",
            "LOG_LEVEL": "WARNING",
            **({"CATALOGUE_FILE": str(self.folder / "catalogue.toml")} if self.mailbox else {}),
            **self.more,
        }

    def environment(self, **more: str) -> dict[str, str]:
        """The environment of a process of the town; `more` are settings of its own."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("SIMOJO_")}
        return {**kept, **{f"SIMOJO_{name}": value for name, value in {**self.said(), **more}.items()}}

    @property
    def hub_certificate(self) -> x509.Certificate:
        """The hub's certificate, as agencies trust it."""
        return x509.load_pem_x509_certificate((self.folder / "keys" / "hub.pem").read_bytes())

    def furnish(self) -> None:
        """Fill an empty store with what staff would enter."""
        self.store_file.parent.mkdir(parents=True, exist_ok=True)
        (self.folder / "catalogue.toml").write_text(BOTH, encoding="utf-8")
        make_keys(self.settings)
        store = open_store(self.settings)
        try:
            self._agree(store)
            self._employ(store)
        finally:
            store.close()

    def _agree(self, store: Store) -> None:
        adapters = load_adapters()
        for name in latest_agreements(local_date(now())):
            agreement = read_agreement(_quick(packaged_agreements()[name]))
            if agreement.agency not in self._agencies:  # others are not in this town
                continue
            store.registry.import_agreement(agreement, adapters[agreement.agency], ACTOR)
            store.registry.activate_for_development(agreement.id, agreement.version, ACTOR)
        for agency in AGENCIES:
            store.registry.set_endpoint(agency, f"{self.agencies_url}/{agency}", ACTOR)
        for agency, named in SECRETS.items():
            for name, secret in named.items():
                store.registry.set_credential(agency, name, secret, ACTOR)
        signing = {"dpupr": self.dpupr, "bank": self.bank, "satpolpp": self.satpolpp}
        for agency, identity in signing.items():
            if agency not in self._agencies:
                continue
            challenge = store.registry.challenge(agency, identity.certificate, secrets.token_hex(8))
            proof = _proof(identity, challenge)
            store.registry.register_certificate(agency, identity.certificate, challenge, proof, ACTOR)

    @property
    def _agencies(self) -> tuple[str, ...]:
        return (*AGENCIES, "satpolpp") if self.mailbox else AGENCIES

    def _employ(self, store: Store) -> None:
        for each in STAFF:
            signs = "phone" in each
            member = {
                "id": each["id"],
                "name": each["name"],
                "title": each["title"],
                "nip": "198001012005012001" if signs else None,
                "phone": each.get("phone"),
                "delegation": "SK contoh 188.45/1/2026" if signs else None,
                "delegation_from": date(2026, 1, 1) if signs else None,
                "delegation_until": now().date() + timedelta(days=365) if signs else None,
                "delegation_electronic": signs,
            }
            token = {
                "hash": token_hash(self.tokens[each["id"]]),
                "staff": each["id"],
                "scopes": each["scopes"],
                "made_at": now(),
                "expires_at": now() + timedelta(days=30),
            }
            store.unit_of_work.commit(Plan.of(Claim(StaffRow, ("id",), member), Claim(TokenRow, ("hash",), token)))


def _quick(said: str) -> str:
    """A sample agreement whose limits leave room for a load, and whose retries come soon."""
    said = re.sub(r"valid_until = \S+", f"valid_until = {now().year + 2}-12-31", said)
    said = re.sub(r'rate = "\d+/s"', 'rate = "2000/s"', said)
    said = re.sub(r'visible_again = "\w+"', f'visible_again = "{VISIBLE_AGAIN}"', said)
    said = re.sub(r'call_timeout = "\d+s"', f'call_timeout = "{CALL_TIMEOUT_S}s"', said)
    return re.sub(r"retry = \{[^}]*\}", QUICK, said)


def _proof(identity: Identity, challenge: bytes) -> bytes:
    if isinstance(identity.key, rsa.RSAPrivateKey):
        return identity.key.sign(challenge, padding.PKCS1v15(), hashes.SHA256())
    assert isinstance(identity.key, ec.EllipticCurvePrivateKey)
    return identity.key.sign(challenge, ec.ECDSA(hashes.SHA256()))


def compact(said: object) -> bytes:
    """JSON without white space between tokens."""
    return json.dumps(said, separators=(",", ":"), ensure_ascii=False).encode()
