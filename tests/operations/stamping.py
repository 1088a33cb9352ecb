"""A timestamp authority on loopback: `openssl ts`, as anybody may run it, behind a small HTTP server."""

from __future__ import annotations

import subprocess
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

Key: TypeAlias = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

CONFIG = """
[ tsa ]
default_tsa = it
[ it ]
serial = {folder}/serial
signer_cert = {folder}/tsa.pem
certs = {folder}/ca.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
ordering = no
tsa_name = no
ess_cert_id_chain = no
ess_cert_id_alg = sha256
"""


def _certificate(
    name: str, key: Key, issuer: str, by: ec.EllipticCurvePrivateKey, *, usage: bool, ca: bool
) -> x509.Certificate:
    now = datetime.now(UTC)
    named = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, each)]) for each in (name, issuer)]
    builder = x509.CertificateBuilder().subject_name(named[0]).issuer_name(named[1]).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=9))
    builder = builder.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    if usage:
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
    return builder.sign(by, hashes.SHA256())


@dataclass
class Authority:
    """One that runs until it is closed. `spoil` changes a reply on its way."""

    folder: Path
    usage: bool = True
    spoil: Any = field(default=lambda reply: reply)

    def __post_init__(self) -> None:
        root = ec.generate_private_key(ec.SECP256R1())
        own: Key = ec.generate_private_key(ec.SECP256R1())
        if not self.usage:  # for pyHanko, whose stamps are RSA's
            own = rsa.generate_private_key(65537, 2048)
        self.root = _certificate("Otoritas Contoh", root, "Otoritas Contoh", root, usage=False, ca=True)
        leaf = _certificate("Penanda Waktu Contoh", own, "Otoritas Contoh", root, usage=self.usage, ca=False)
        pem = serialization.Encoding.PEM
        self.ca_file = self.folder / "ca.pem"
        self.ca_file.write_bytes(self.root.public_bytes(pem))
        (self.folder / "tsa.pem").write_bytes(leaf.public_bytes(pem))
        private = own.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        (self.folder / "tsa.key").write_bytes(private)
        (self.folder / "tsa.cnf").write_text(CONFIG.format(folder=self.folder))
        authority = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = authority.spoil(authority.stamp(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(200)
                self.send_header("Content-Type", "application/timestamp-reply")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's name
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/tsa"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def stamp(self, question: bytes) -> bytes:
        """The reply of `openssl ts`; it does not begin with a certificate that is not for timestamps."""
        asked, config = self.folder / "asked.tsq", str(self.folder / "tsa.cnf")
        asked.write_bytes(question)
        command = ["openssl", "ts", "-reply", "-config", config, "-queryfile", str(asked), "-out", "-"]
        return subprocess.run(command, capture_output=True, check=True, timeout=30).stdout

    def verified(self, data: bytes, token: bytes) -> bool:
        """What `openssl ts -verify` says of a token over these bytes."""
        for name, content in (("data", data), ("token.der", token)):
            (self.folder / name).write_bytes(content)
        command = ["openssl", "ts", "-verify", "-data", "data", "-in", "token.der", "-token_in", "-CAfile", "ca.pem"]
        done = subprocess.run(command, capture_output=True, cwd=self.folder, check=False, timeout=30)
        return done.returncode == 0 and b"Verification: OK" in done.stdout

    def close(self) -> None:
        """End it."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
