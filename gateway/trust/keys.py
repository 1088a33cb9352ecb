"""Our own signing key, and the fingerprint by which certificates are known."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TypeAlias

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from gateway.domain.errors import Misconfigured
from gateway.trust.policy import KeyKind, kind_of

PrivateKey: TypeAlias = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


def fingerprint(certificate: x509.Certificate) -> str:
    """Give the SHA-256 of the certificate's DER form: 64 lower-case hex digits."""
    return sha256(certificate.public_bytes(Encoding.DER)).hexdigest()


@dataclass(frozen=True)
class SigningKey:
    """A private key and the certificate that carries its public half. Made by `load_signing_key`."""

    private_key: PrivateKey
    certificate: x509.Certificate
    kind: KeyKind

    @property
    def fingerprint(self) -> str:
        """The fingerprint of the certificate: 64 lower-case hex digits."""
        return fingerprint(self.certificate)

    @property
    def certificate_der(self) -> bytes:
        """The certificate in DER form."""
        return self.certificate.public_bytes(Encoding.DER)

    def private_pem(self) -> bytes:
        """The private key as unencrypted PKCS#8 PEM, for libraries in this process. Never written to a log or row."""
        return self.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def load_signing_key(key_pem: bytes, certificate_pem: bytes, password: bytes | None = None) -> SigningKey:
    """Read a private key and its certificate (the first of the file: the leaf), both PEM.

    Raises Misconfigured: `key-unreadable` (also for a wrong or missing password), `certificate-unreadable`,
    `key-mismatch` (the certificate belongs to another key), `key-weak` (not RSA of 2048 to 8192 bits, P-256, P-384 or
    Ed25519).
    """
    try:
        private_key = load_pem_private_key(key_pem, password)
    except (ValueError, TypeError, UnsupportedAlgorithm) as fault:
        raise Misconfigured(
            "the signing key cannot be read: give a PEM private key, and its password if it has one",
            code="key-unreadable",
        ) from fault
    try:
        certificate = x509.load_pem_x509_certificate(certificate_pem)
    except ValueError as fault:
        raise Misconfigured(
            "the certificate of the signing key cannot be read: give a PEM certificate", code="certificate-unreadable"
        ) from fault
    return signing_key(private_key, certificate)


def signing_key(private_key: object, certificate: x509.Certificate) -> SigningKey:
    """Join a private key and its certificate. Raises Misconfigured `key-mismatch` or `key-weak`."""
    if not isinstance(private_key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey):
        raise _weak()
    public_key = private_key.public_key()
    kind = kind_of(public_key)
    if kind is None:
        raise _weak()
    der = public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if der != certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo):
        raise Misconfigured(
            "the certificate belongs to another key; give the certificate that was issued for this signing key",
            code="key-mismatch",
        )
    return SigningKey(private_key, certificate, kind)


def _weak() -> Misconfigured:
    return Misconfigured(
        "the signing key is of a kind or size that is not allowed; make RSA of 3072 bits or EC P-256", code="key-weak"
    )
