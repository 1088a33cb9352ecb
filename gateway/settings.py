"""Settings, read once from the environment (SIMOJO_*) and from `.env` in the working directory.

Secrets may be given as values or, better, as files. README lists every setting; a test holds the two together.
"""

from __future__ import annotations

import base64
import binascii
import os
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path

from dotenv import dotenv_values
from pydantic import AwareDatetime, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from gateway.domain.errors import Misconfigured
from gateway.edge.proxies import AddressHeader
from gateway.exchange.client_certificates import ClientCertificates
from gateway.trust.certificates import RevocationMode

MASTER_KEY_SIZE = 32
PREFIX = "SIMOJO_"


class Mode(StrEnum):
    """`development` allows a development CA and activation without a conformance run; `production` allows neither."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"


class Settings(BaseSettings):
    """Every setting, with its default and its meaning."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_file=".env", extra="ignore")

    mode: Mode = Field(Mode.DEVELOPMENT, description="`production` refuses development certificates and activation")
    database_url: str = Field(
        "sqlite:///simojo.db",
        description="where the store is: sqlite:///path/to/file or postgresql://user:password@host/database",
    )
    database_connections: int = Field(12, ge=4, le=200, description="connections of one process to PostgreSQL, at most")
    host: str = Field("127.0.0.1", description="address that the hub listens on")
    port: int = Field(8080, ge=1, le=65535, description="port that the hub listens on")
    public_url: str = Field(
        "http://127.0.0.1:8080",
        description="the hub's URL as agencies and browsers see it; in WSDL and OpenAPI. https: cookies are Secure",
    )
    erasure_journal: Path | None = Field(
        None, description="journal of erasures, outside the database; unset: `erasures.jsonl` beside the master key"
    )
    hub_id: str = Field("dpmptsp", description="the office's id in signatures (`iss`, `aud`)")
    master_key_file: Path = Field(
        Path("keys/master.key"),
        description="32 random bytes in base64; seals what is secret. Several: a line each, the newest first",
    )
    master_key: SecretStr | None = Field(
        None, description="the same as a value, in place of the file; several with spaces between"
    )
    signing_key_file: Path = Field(Path("keys/hub.key.pem"), description="the hub's private signing key, PEM")
    signing_certificate_file: Path = Field(
        Path("keys/hub.pem"), description="the certificate of that key, PEM, followed by its chain"
    )
    signing_key: SecretStr | None = Field(None, description="the private signing key as a value, in place of the file")
    signing_key_password: SecretStr | None = Field(
        None, description="the password of that key and of the previous one, if they have one"
    )
    pkcs11_module: Path | None = Field(
        None, description="library of the token that holds the signing key, in place of file and value"
    )
    pkcs11_token: str = Field("", description="label of the token")
    pkcs11_key_label: str = Field("", description="label of the key pair in the token")
    pkcs11_pin: SecretStr | None = Field(None, description="user PIN of the token")
    pkcs11_pin_file: Path | None = Field(None, description="the same in a file, which is better")
    previous_signing_key_file: Path | None = Field(
        None, description="the key before this one: messages still encrypted to it are decrypted"
    )
    previous_pkcs11_key_label: str = Field("", description="its label, where it is in the token")
    previous_signing_certificate_file: Path | None = Field(None, description="the certificate of the previous key")
    next_signing_certificate_file: Path | None = Field(
        None, description="the certificate that will follow, published ahead at `/hub/certificates.json`"
    )
    next_signs_from: AwareDatetime | None = Field(
        None, description="when the next one is to sign, such as 2026-12-01T00:00+07:00; published with it"
    )
    agency_ca_file: Path | None = Field(
        None, description="authorities (PEM) that agencies' certificates must chain to; unset: trusted as registered"
    )
    signer_ca_file: Path | None = Field(
        None, description="authorities (PEM) that signers of certified signatures must chain to; unset: not judged"
    )
    revocation: RevocationMode | None = Field(
        None, description="`off`, `soft` or `hard`; unset: soft in development, hard in production"
    )
    revocation_grace_h: float = Field(
        24, ge=0, le=720, description="hours that a status holds beyond its end while its source cannot be reached"
    )
    revocation_interval_min: float = Field(
        60, gt=0, le=1440, description="minutes between two questions about the status of one certificate"
    )
    crl_files: str = Field("", description="local revocation lists, PEM or DER, commas between; asked first")
    ledger_origin: str = Field("simojo.mojokertokota.example/ledger", description="the ledger's name in checkpoints")
    ledger_key_file: Path = Field(Path("keys/ledger.key"), description="32 random bytes in base64: the ledger's key")
    previous_ledger_key_file: Path | None = Field(
        None, description="the ledger's key before, while checkpoints are signed by both (`docs/ledger-verify.md`)"
    )
    earlier_ledger_keys: str = Field(
        "", description="verifier keys that signed the ledger before (lines of `simojo ledger key`), apart by spaces"
    )
    earlier_permit_keys: str = Field(
        "", description="public keys of earlier statements on permits (lines of `/periksa/kunci`), apart by spaces"
    )
    timestamp_url: str = Field("", description="a timestamp authority (RFC 3161) for checkpoints; empty: none is asked")
    timestamp_ca_file: Path | None = Field(
        None, description="authorities (PEM) that the timestamp authority's certificate must chain to"
    )
    timestamp_interval_min: float = Field(
        60, gt=0, le=10080, description="minutes between two timestamps, where the ledger has grown"
    )
    max_body_bytes: int = Field(10 * 2**20, ge=1024, description="largest body that is read at all, in bytes")
    body_timeout_s: float = Field(15.0, gt=0, description="seconds within which a client has to send its body")
    tls_certificate_file: Path | None = Field(None, description="the hub's own TLS certificate and chain, PEM")
    tls_key_file: Path | None = Field(None, description="the key of that certificate, PEM")
    tls_client_ca_file: Path | None = Field(
        None, description="authorities of clients' certificates, PEM; set: clients are asked for one (mTLS)"
    )
    client_certificates: ClientCertificates = Field(
        ClientCertificates.OFF, description="`offered`: who shows one shows its agency's own; `required`: all do"
    )
    trusted_proxies: str = Field("", description="addresses and networks of proxies that are believed, with commas")
    proxy_address_header: AddressHeader = Field(
        AddressHeader.X_FORWARDED_FOR, description="where they tell the client's address; or `Forwarded`"
    )
    tls_client_certificate_file: Path | None = Field(None, description="what the hub shows to agencies in TLS, PEM")
    tls_client_key_file: Path | None = Field(None, description="the key of that certificate, PEM")
    outbound_ca_file: Path | None = Field(
        None, description="authorities of agencies' servers, PEM, in place of the system's"
    )
    rate_per_address: str = Field("100/second", description="requests of one address; 429 beyond; empty: no limit")
    rate_per_agency: str = Field("20/second", description="messages of one agency whose agreement names no rate")
    max_exchanges: int = Field(16, ge=1, le=256, description="exchanges at once; others wait a little, then 503")
    max_requests_per_address: int = Field(32, ge=1, description="requests of one address to agencies' doors at once")
    busy_wait_s: float = Field(2.0, gt=0, le=60, description="seconds that an exchange waits for its place")
    body_memory_bytes: int = Field(64 * 2**20, ge=2**20, description="bytes of all bodies in hand; a quarter for one")
    max_connections: int = Field(512, ge=1, description="open connections; 16 more are left for health")
    max_connections_per_address: int = Field(64, ge=1, description="the same for one address, proxies excepted")
    head_timeout_s: float = Field(10.0, gt=0, description="seconds within which a client has to send a request's head")
    workers: int = Field(32, ge=0, le=64, description="delivery threads; 0: this process delivers nothing")
    concurrency_per_lane: int = Field(
        4, ge=1, le=64, description="calls at once for one interaction of an agency whose agreement names no number"
    )
    concurrency_per_agency: int = Field(
        16, ge=1, le=512, description="calls at once for all interactions of an agency; more where one is agreed more"
    )
    circuit_failures: int = Field(
        5, ge=1, le=1000, description="failed calls in a row after which an endpoint is left alone for a while"
    )
    max_waiting_per_agency: int = Field(
        10_000, ge=1, description="deliveries that may wait for one agency; beyond, steps that would add one get 503"
    )
    worker_health_port: int | None = Field(
        None, ge=1, le=65535, description="port on which `simojo worker` says how it is; unset: it listens on none"
    )
    batch_folder: Path | None = Field(
        None, description="folder in which agencies put files of records, and find results; unset: none is watched"
    )
    drain_s: float = Field(
        0.0, ge=0, le=300, description="seconds of answering on after the word to end, not ready: for a balancer"
    )
    stop_within_s: int = Field(25, ge=1, le=600, description="seconds after that within which all is finished")
    merge_interval_s: float = Field(0.25, gt=0, le=60, description="seconds between runs of the ledger integrator")
    catalogue_file: Path | None = Field(
        None, description="permit types and service standards, TOML, in place of the sample; keep those of old cases"
    )
    joint_leave: bool = Field(True, description="cuti bersama counts as no hari kerja")
    partner_service_id: str = Field(
        "88726", pattern="^[0-9]{1,8}$", description="the office's company code at the bank"
    )
    log_level: str = Field("INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$", description="what is logged, as JSON lines")

    @property
    def is_production(self) -> bool:
        """True in production mode."""
        return self.mode is Mode.PRODUCTION

    def master_keys(self) -> tuple[bytes, ...]:
        """The master keys, the newest first. Raises Misconfigured: missing, or a line is not 32 bytes in base64."""
        if self.master_key is not None:
            return _keys(self.master_key.get_secret_value(), "SIMOJO_MASTER_KEY")
        return _keys(_text_of(self.master_key_file, "SIMOJO_MASTER_KEY_FILE"), "SIMOJO_MASTER_KEY_FILE")

    @property
    def erasure_journal_file(self) -> Path:
        """Where erasures are written down that a restored copy of the database must not undo."""
        return self.erasure_journal or self.master_key_file.parent / "erasures.jsonl"

    def ledger_seed(self) -> bytes:
        """The seed of the ledger's Ed25519 key. Raises Misconfigured as above."""
        return _key(_text_of(self.ledger_key_file, "SIMOJO_LEDGER_KEY_FILE"), "SIMOJO_LEDGER_KEY_FILE")

    def previous_ledger_seed(self) -> bytes | None:
        """The seed of the key before, while both sign. Raises Misconfigured as above."""
        if self.previous_ledger_key_file is None:
            return None
        name = "SIMOJO_PREVIOUS_LEDGER_KEY_FILE"
        return _key(_text_of(self.previous_ledger_key_file, name), name)

    def signing_key_pem(self) -> bytes:
        """The hub's private key as PEM, by value or from its file. Raises Misconfigured when it cannot be read."""
        if self.signing_key is not None:
            return self.signing_key.get_secret_value().encode()
        return _bytes_of(self.signing_key_file, "SIMOJO_SIGNING_KEY_FILE")

    def signing_pems(self) -> tuple[bytes, bytes]:
        """The hub's private key and certificate as PEM. Raises Misconfigured when a file cannot be read."""
        return self.signing_key_pem(), _bytes_of(self.signing_certificate_file, "SIMOJO_SIGNING_CERTIFICATE_FILE")

    def file(self, name: str) -> bytes | None:
        """What stands in the file that an optional setting names, None when it names none. Raises Misconfigured."""
        path = getattr(self, name)
        return None if path is None else _bytes_of(path, f"SIMOJO_{name.upper()}")

    @property
    def revocation_mode(self) -> RevocationMode:
        """What an unknown status means."""
        return self.revocation or (RevocationMode.HARD if self.is_production else RevocationMode.SOFT)

    def revocation_lists(self) -> tuple[bytes, ...]:
        """The local revocation lists. Raises Misconfigured when one cannot be read."""
        paths = [Path(each.strip()) for each in self.crl_files.split(",") if each.strip()]
        return tuple(_bytes_of(path, "SIMOJO_CRL_FILES") for path in paths)

    def pkcs11_user_pin(self) -> str:
        """The PIN of the token. Raises Misconfigured `pkcs11-pin-missing`."""
        if self.pkcs11_pin is not None:
            return self.pkcs11_pin.get_secret_value()
        if self.pkcs11_pin_file is not None:
            return _text_of(self.pkcs11_pin_file, "SIMOJO_PKCS11_PIN_FILE").strip()
        raise Misconfigured(
            "the token's PIN is not set: name a file in SIMOJO_PKCS11_PIN_FILE", code="pkcs11-pin-missing"
        )


def load_settings() -> Settings:
    """Read the settings. Raises Misconfigured that names each wrong setting and what it may be.

    A SIMOJO_* that is none is wrong too: a setting that is misspelt would leave its default in force, and nobody would
    see it.
    """
    try:
        settings = Settings()
    except ValidationError as error:
        wrong = "; ".join(
            f"SIMOJO_{str(each['loc'][0]).upper()}: {each['msg']}" for each in error.errors(include_url=False)
        )
        raise Misconfigured(f"settings cannot be used: {wrong}", code="settings-invalid") from None
    if unknown := _unknown({*os.environ, *dotenv_values(".env")}):
        raise Misconfigured(f"these are no settings: {'; '.join(unknown)}; take them away", code="settings-unknown")
    return settings


def _unknown(names: set[str]) -> list[str]:
    known = [f"{PREFIX}{name.upper()}" for name in Settings.model_fields]
    found = sorted(name for name in names if name.upper().startswith(PREFIX) and name.upper() not in known)
    near = {name: get_close_matches(name.upper(), known, n=1) for name in found}
    return [f"{name} (is {near[name][0]} meant?)" if near[name] else name for name in found]


def _bytes_of(path: Path, setting: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise Misconfigured(
            f"{setting} names {path}, which cannot be read ({error.strerror}); `simojo init` makes development keys",
            code="key-file-missing",
        ) from None


def _text_of(path: Path, setting: str) -> str:
    return _bytes_of(path, setting).decode("ascii", "replace")


def _keys(text: str, setting: str) -> tuple[bytes, ...]:
    """One key or several, apart by spaces or ends of lines."""
    return tuple(_key(each, setting) for each in text.split()) or (_key("", setting),)


def _key(text: str, setting: str) -> bytes:
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != MASTER_KEY_SIZE:
        raise Misconfigured(f"{setting} must hold {MASTER_KEY_SIZE} random bytes in base64", code="key-malformed")
    return key
