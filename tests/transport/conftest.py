"""Loopback agencies, a client, and a certificate authority of one day."""

from __future__ import annotations

import datetime as dt
import ipaddress
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gateway.transport.http import HttpClient
from tests.transport.agencies import Agency, received


@pytest.fixture
def agency() -> Iterator[Callable[..., Agency]]:
    started: list[Agency] = []

    def start(behave: Callable[[Agency, socket.socket], None], tls: ssl.SSLContext | None = None) -> Agency:
        started.append(Agency(behave, tls))
        return started[-1]

    yield start
    for each in started:
        each.close()


@pytest.fixture
def answering(agency: Callable[..., Agency]) -> Callable[..., Agency]:
    """Start an agency that reads each request and answers these bytes, again and again on one connection."""

    def start(*answers: bytes, tls: ssl.SSLContext | None = None) -> Agency:
        def behave(self: Agency, conn: socket.socket) -> None:
            while request := received(conn):
                self.requests.append(request)
                conn.sendall(answers[(len(self.requests) - 1) % len(answers)])

        return agency(behave, tls)

    return start


@pytest.fixture
def client() -> Iterator[HttpClient]:
    with HttpClient(clock=time.monotonic) as opened:
        yield opened


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext]:
    """A CA file, and a server's context with a certificate for 127.0.0.1 that this CA signed."""
    folder = tmp_path_factory.mktemp("ca")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "CA Contoh")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(17)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    ca_file, key_file = folder / "ca.pem", folder / "key.pem"
    ca_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(ca_file, key_file)
    return ca_file, context
