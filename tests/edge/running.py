"""The hub behind its own server, in a thread of this process, on a folder that `hostile.bed` furnished."""

from __future__ import annotations

import shutil
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import httpx2
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID

from conformance.signing.keys import Identity
from gateway.app import Gateway
from gateway.edge.server.listening import HubServer, bound_sockets
from gateway.edge.server.serving import Serving, make_server
from gateway.settings import Settings
from tests.edge.hostile.bed import VALIDITY, Grounds, now, signed_question
from tests.office.house import settings_in


@dataclass
class Running:
    """A hub that answers at `port`."""

    gateway: Gateway
    server: HubServer
    port: int
    grounds: Grounds
    scheme: str = "http"

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    def ask(self, number: str = "1", verify: Any = False, **headers: str) -> httpx2.Response:
        """A genuine question of DPUPR's about a permit that nobody has."""
        said = signed_question(self.grounds, number)
        said["headers"] |= {name.replace("_", "-"): value for name, value in headers.items()}
        with httpx2.Client(trust_env=False, verify=verify) as client:
            return client.post(f"{self.url}{VALIDITY}", **said)

    def connect(self, source: str = "127.0.0.1") -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=20, source_address=(source, 0))

    def refusals(self) -> dict[str, int]:
        """Counted refusals of unproven senders, by code."""
        with self.gateway.store.engine.connect() as connection:
            rows = connection.exec_driver_sql("SELECT code, count FROM refusal_tally").fetchall()
        return {row[0]: row[1] for row in rows}


@contextmanager
def running(
    grounds: Grounds, folder: Path, *, seconds: Callable[[], float] = time.monotonic, **settings: Any
) -> Iterator[Running]:
    """Start a hub on a copy of the grounds; `settings` are those of `Settings`, `head_timeout_s` among them."""
    if grounds.database is None:
        shutil.copytree(grounds.folder, folder, dirs_exist_ok=True)
        with serving_from(grounds, folder, seconds, **settings) as hub:
            yield hub
    else:
        with (
            grounds.database.copied(folder) as url,
            serving_from(grounds, folder, seconds, database_url=url, **settings) as hub,
        ):
            yield hub


@contextmanager
def serving_from(grounds: Grounds, folder: Path, seconds: Callable[[], float], **settings: Any) -> Iterator[Running]:
    """Start a hub in a folder that is its own."""
    made: Settings = settings_in(folder, **settings)
    gateway = Gateway(made, seconds=seconds)
    serving = Serving(
        host="127.0.0.1",
        port=0,
        certificate=made.tls_certificate_file,
        key=made.tls_key_file,
        client_ca=made.tls_client_ca_file,
        max_connections=made.max_connections,
        max_connections_per_address=made.max_connections_per_address,
        head_timeout_s=made.head_timeout_s,
    )
    server = make_server(gateway.api, serving, gateway.proxies)
    sockets = list(bound_sockets("127.0.0.1", 0, 64))
    port = sockets[0].getsockname()[1]
    thread = threading.Thread(target=server.run, kwargs={"sockets": sockets}, daemon=True)
    thread.start()
    try:
        yield Running(gateway, server, port, grounds, "https" if made.tls_certificate_file else "http")
    finally:
        server.should_exit = True
        thread.join(30)
        assert not thread.is_alive()
        gateway.stop()


@dataclass(frozen=True)
class Authority:
    """A small authority in a folder: `ca.pem`, and what it issues."""

    folder: Path
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @classmethod
    def make(cls, folder: Path, name: str = "CA Contoh") -> Authority:
        folder.mkdir(parents=True, exist_ok=True)
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _certificate(name, name, key, key, ca=True)
        (folder / "ca.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        return cls(folder, key, certificate)

    @property
    def file(self) -> Path:
        return self.folder / "ca.pem"

    def issue(self, name: str, host: str = "", extra: int = 0) -> Identity:
        """Issue, and write `<name>.pem` and `<name>.key`; `extra` bytes make it larger."""
        key = ec.generate_private_key(ec.SECP256R1())
        issuer = self.certificate.subject.rfc4514_string().removeprefix("CN=")
        identity = Identity(key, _certificate(name, issuer, key, self.key, host=host, extra=extra))
        (self.folder / f"{name}.pem").write_bytes(identity.certificate.public_bytes(serialization.Encoding.PEM))
        (self.folder / f"{name}.key").write_bytes(identity.key_pem)
        return identity

    def client(self, name: str | None = None) -> ssl.SSLContext:
        """A client that trusts this authority, and shows that certificate."""
        context = ssl.create_default_context(cafile=self.file)
        if name is not None:
            context.load_cert_chain(self.folder / f"{name}.pem", self.folder / f"{name}.key")
        return context


def _certificate(
    name: str,
    issuer: str,
    key: ec.EllipticCurvePrivateKey,
    signer: ec.EllipticCurvePrivateKey,
    *,
    ca: bool = False,
    host: str = "",
    extra: int = 0,
) -> x509.Certificate:
    def named(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    builder = (
        x509.CertificateBuilder()
        .subject_name(named(name))
        .issuer_name(named(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now() - timedelta(hours=1))
        .not_valid_after(now() + timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    if host:
        names = x509.SubjectAlternativeName([x509.IPAddress(ip_address(host))])
        builder = builder.add_extension(names, critical=False)
    if extra:
        comment = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.16.840.1.113730.1.13"), b"\x16" + bytes(extra))
        builder = builder.add_extension(comment, critical=False)
    return builder.sign(signer, SHA256())
