"""Our own signing key, and the fingerprint by which certificates are known.

A private key is known by what it does (`KeyOperations`), so that it may live in memory (`SoftwareKey`) or in a token
that never gives it out.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Protocol, TypeAlias

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils
from cryptography.hazmat.primitives.hashes import HashAlgorithm
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from gateway.domain.errors import Misconfigured
from gateway.trust.policy import KeyKind, Padding, PublicKey, SignatureAlgorithm, kind_of

PrivateKey: TypeAlias = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


class KeyOperations(Protocol):
    """What a private key does, wherever it lives. Safe to use from many threads."""

    def public_key(self) -> PublicKey:
        """Give the public half."""
        ...

    def sign(self, algorithm: SignatureAlgorithm, data: bytes) -> bytes:
        """Sign `data`. An ECDSA signature is r and s side by side (XML Signature and JWS alike).

        Raises ValueError when the algorithm does not go with the key.
        """
        ...

    def unwrap(self, wrapped: bytes, digest: type[HashAlgorithm], mask: type[HashAlgorithm]) -> bytes:
        """Decrypt by RSA-OAEP with `digest` and MGF1 over `mask`. Raises ValueError for what does not decrypt."""
        ...

    def agree(self, theirs: ec.EllipticCurvePublicKey) -> bytes:
        """Give the shared secret of ECDH with a public key on the same curve. Raises ValueError for another one."""
        ...


@dataclass(frozen=True)
class SoftwareKey:
    """A private key in the memory of this process."""

    private_key: PrivateKey

    def public_key(self) -> PublicKey:
        """Give the public half."""
        return self.private_key.public_key()

    def sign(self, algorithm: SignatureAlgorithm, data: bytes) -> bytes:
        """Sign as `KeyOperations.sign` says."""
        match self.private_key, algorithm.hash:
            case ed25519.Ed25519PrivateKey(), None:
                return self.private_key.sign(data)
            case rsa.RSAPrivateKey(), hashed if hashed is not None:
                return self.private_key.sign(data, _rsa_scheme(algorithm.padding, hashed), hashed())
            case ec.EllipticCurvePrivateKey(), hashed if hashed is not None:
                size = self.private_key.curve.key_size // 8
                r, s = utils.decode_dss_signature(self.private_key.sign(data, ec.ECDSA(hashed())))
                return r.to_bytes(size) + s.to_bytes(size)
            case _:
                raise ValueError(f"{algorithm.name} does not go with this key")

    def unwrap(self, wrapped: bytes, digest: type[HashAlgorithm], mask: type[HashAlgorithm]) -> bytes:
        """Decrypt as `KeyOperations.unwrap` says."""
        match self.private_key:
            case rsa.RSAPrivateKey() as key:
                return key.decrypt(wrapped, padding.OAEP(padding.MGF1(mask()), digest(), None))
            case _:
                raise ValueError("only an RSA key decrypts by OAEP")

    def agree(self, theirs: ec.EllipticCurvePublicKey) -> bytes:
        """Agree as `KeyOperations.agree` says."""
        match self.private_key:
            case ec.EllipticCurvePrivateKey() as key:
                return key.exchange(ec.ECDH(), theirs)
            case _:
                raise ValueError("only an EC key agrees by ECDH")


def _rsa_scheme(scheme: Padding | None, hashed: type[HashAlgorithm]) -> padding.PSS | padding.PKCS1v15:
    if scheme is Padding.PSS:
        return padding.PSS(mgf=padding.MGF1(hashed()), salt_length=padding.PSS.DIGEST_LENGTH)
    return padding.PKCS1v15()


def fingerprint(certificate: x509.Certificate) -> str:
    """Give the SHA-256 of the certificate's DER form: 64 lower-case hex digits."""
    return sha256(certificate.public_bytes(Encoding.DER)).hexdigest()


def key_fingerprint(certificate: x509.Certificate) -> str:
    """Give the SHA-256 of the certificate's SubjectPublicKeyInfo: 64 lower-case hex digits.

    The key is written anew first, so that it is the same however a certificate encodes it (RSA keys that are named for
    PSS alone, points of a curve in their short form).
    """
    return sha256(certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


@dataclass(frozen=True)
class SigningKey:
    """What a private key does, and the certificate that carries its public half. Made by `signing_key`."""

    operations: KeyOperations
    certificate: x509.Certificate
    kind: KeyKind

    @cached_property
    def fingerprint(self) -> str:
        """The fingerprint of the certificate: 64 lower-case hex digits."""
        return fingerprint(self.certificate)

    @cached_property
    def certificate_der(self) -> bytes:
        """The certificate in DER form."""
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def private_key(self) -> PrivateKey:
        """The private key itself. Raises Misconfigured `key-not-at-hand` for one that its token does not give out."""
        if not isinstance(self.operations, SoftwareKey):
            raise Misconfigured(
                "this signing key lives in a token (PKCS#11) and cannot be taken out of it", code="key-not-at-hand"
            )
        return self.operations.private_key

    def private_pem(self) -> bytes:
        """The private key as unencrypted PKCS#8 PEM, for libraries in this process. Never written to a log or row.

        Raises Misconfigured as `private_key` does.
        """
        return self.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def load_signing_key(key_pem: bytes, certificate_pem: bytes, password: bytes | None = None) -> SigningKey:
    """Read a private key and its certificate (the first of the file: the leaf), both PEM.

    Raises Misconfigured: `key-unreadable` (also for a wrong or missing password), `certificate-unreadable`,
    `key-mismatch` (the certificate belongs to another key), `key-weak` (not RSA of 2048 to 8192 bits, P-256, P-384 or
    Ed25519).
    """
    operations = load_private_key(key_pem, password)
    try:
        certificate = x509.load_pem_x509_certificate(certificate_pem)
    except ValueError as fault:
        raise Misconfigured(
            "the certificate of the signing key cannot be read: give a PEM certificate", code="certificate-unreadable"
        ) from fault
    return join(operations, certificate)


def load_private_key(key_pem: bytes, password: bytes | None = None) -> SoftwareKey:
    """Read a private key in PEM. A password that an unencrypted key does not need is refused, as it was not meant so.

    Raises Misconfigured `key-unreadable` (also for a wrong or missing password) or `key-weak` (not RSA, EC or Ed25519).
    """
    try:
        private_key = load_pem_private_key(key_pem, password)
    except (ValueError, TypeError, UnsupportedAlgorithm) as fault:
        raise Misconfigured(
            "the signing key cannot be read: give a PEM private key, and its password if it has one",
            code="key-unreadable",
        ) from fault
    return _software(private_key)


def signing_key(private_key: object, certificate: x509.Certificate) -> SigningKey:
    """Join a private key and its certificate. Raises Misconfigured `key-mismatch` or `key-weak`."""
    return join(_software(private_key), certificate)


def _software(private_key: object) -> SoftwareKey:
    if not isinstance(private_key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey):
        raise _weak()
    return SoftwareKey(private_key)


def join(operations: KeyOperations, certificate: x509.Certificate) -> SigningKey:
    """Join what a private key does and its certificate. Raises Misconfigured `key-mismatch` or `key-weak`."""
    public_key = operations.public_key()
    kind = kind_of(public_key)
    if kind is None:
        raise _weak()
    der = public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if der != certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo):
        raise Misconfigured(
            "the certificate belongs to another key; give the certificate that was issued for this signing key",
            code="key-mismatch",
        )
    return SigningKey(operations, certificate, kind)


def _weak() -> Misconfigured:
    return Misconfigured(
        "the signing key is of a kind or size that is not allowed; make RSA of 3072 bits or EC P-256", code="key-weak"
    )
