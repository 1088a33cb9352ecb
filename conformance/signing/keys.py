"""A party's signing key and certificate, as the files `key.pem` (mode 0600) and `certificate.pem`."""

from __future__ import annotations

import base64
import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.x509.oid import NameOID

from gateway.domain.errors import Misconfigured

PrivateKey: TypeAlias = "rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey"

KEY_FILE = "key.pem"
CERTIFICATE_FILE = "certificate.pem"
RSA_BITS = 3072
VALID_DAYS = 730


@dataclass(frozen=True)
class Identity:
    """A private key and the certificate of its public half."""

    key: PrivateKey
    certificate: x509.Certificate

    @property
    def key_pem(self) -> bytes:
        """The private key as PKCS #8 PEM, unencrypted: for the signing library, in memory alone."""
        return self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    def prove_possession(self, challenge: str) -> str:
        """Sign the UTF-8 bytes of a challenge with RSA PKCS #1 v1.5 and SHA-256; base64.

        Raises Misconfigured when the key is not RSA.
        """
        if not isinstance(self.key, rsa.RSAPrivateKey):
            raise Misconfigured("possession is proved with an RSA key: put one into key.pem")
        return base64.b64encode(self.key.sign(challenge.encode(), padding.PKCS1v15(), hashes.SHA256())).decode()


def make_identity(folder: Path, common_name: str, *, serial: int, at: datetime) -> Identity:
    """Give the identity that lies in `folder`; make what is missing (RSA-3072, self-signed, two years).

    Raises Misconfigured when a file cannot be read or the certificate belongs to another key.
    """
    key_path, certificate_path = folder / KEY_FILE, folder / CERTIFICATE_FILE
    if not key_path.exists():
        made = rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS)
        descriptor = os.open(key_path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(
                made.private_bytes(
                    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
                )
            )
    if not certificate_path.exists():
        certificate = self_signed(load_key(key_path), common_name, serial=serial, at=at)
        certificate_path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return load_identity(key_path, certificate_path)


def self_signed(key: PrivateKey, common_name: str, *, serial: int, at: datetime) -> x509.Certificate:
    """Make a certificate to sign with and be encrypted to, from a day before `at`: a slow clock still takes it."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=True,
        key_encipherment=isinstance(key, rsa.RSAPrivateKey),
        data_encipherment=False,
        key_agreement=isinstance(key, ec.EllipticCurvePrivateKey),
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(at - timedelta(days=1))
        .not_valid_after(at + timedelta(days=VALID_DAYS))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256())
    )


def load_identity(key_path: Path, certificate_path: Path) -> Identity:
    """Read a key and its certificate. Raises Misconfigured when they cannot be read or do not belong together."""
    identity = Identity(load_key(key_path), load_certificates(certificate_path)[0])
    if identity.key.public_key() != identity.certificate.public_key():
        raise Misconfigured(f"{certificate_path} is not the certificate of {key_path}: put the two that match there")
    return identity


def load_key(path: Path) -> PrivateKey:
    """Read a PEM private key (RSA, EC or Ed25519). Raises Misconfigured."""
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), None)
    except (OSError, ValueError, TypeError) as fault:
        raise Misconfigured(f"the key {path} cannot be read ({fault}): put an unencrypted PEM key there") from fault
    if not isinstance(key, (rsa.RSAPrivateKey, ec.EllipticCurvePrivateKey, ed25519.Ed25519PrivateKey)):
        raise Misconfigured(f"the key {path} is neither RSA, EC nor Ed25519")
    return key


def load_certificates(path: Path) -> tuple[x509.Certificate, ...]:
    """Read one or more PEM certificates (several while a key rolls over). Raises Misconfigured."""
    try:
        return tuple(x509.load_pem_x509_certificates(path.read_bytes()))
    except (OSError, ValueError) as fault:
        raise Misconfigured(f"the certificate {path} cannot be read ({fault}): put a PEM certificate there") from fault


def is_valid_at(certificate: x509.Certificate, at: datetime) -> bool:
    """Tell whether `at` (aware) lies inside the certificate's validity."""
    return certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc
