"""A certification authority for development, demo and tests. It does not exist in production.

Every certificate it makes carries the organisational unit `SIMOJO development only`, so that one that strays into a
real registry is recognised (`is_development`) and refused there.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from gateway.domain.errors import Misconfigured
from gateway.trust.keys import SigningKey, load_signing_key, signing_key

MARK = "SIMOJO development only"
"""The organisational unit in the subject of every certificate made here."""

DAYS = 365
_CA_NAME = "SIMOJO development CA"
_CA_KEY_FILE = "development-ca-key.pem"
_CA_FILE = "development-ca.pem"
_BACKDATED = timedelta(minutes=5)


class LeafKind(StrEnum):
    """What key a leaf certificate gets."""

    RSA = "rsa-3072"
    EC = "ec-p-256"


@dataclass(frozen=True)
class IssuedLeaf:
    """A leaf certificate and its private key, as PEM (the key unencrypted) and as a signing key."""

    name: str
    key: SigningKey

    @property
    def key_pem(self) -> bytes:
        """The private key, PKCS#8 PEM."""
        return self.key.private_pem()

    @property
    def certificate_pem(self) -> bytes:
        """The certificate, PEM."""
        return self.key.certificate.public_bytes(Encoding.PEM)

    def write(self, folder: Path) -> tuple[Path, Path]:
        """Write `<name>-key.pem` (readable by its owner alone) and `<name>.pem`; give both paths."""
        folder.mkdir(parents=True, exist_ok=True)
        paths = folder / f"{self.name}-key.pem", folder / f"{self.name}.pem"
        _write_secret(paths[0], self.key_pem)
        paths[1].write_bytes(self.certificate_pem)
        return paths


@dataclass(frozen=True)
class DevelopmentCa:
    """The authority: its key and self-signed certificate. Made or found by `make`."""

    key: SigningKey

    @classmethod
    def make(cls, folder: Path, *, production: bool, at: datetime) -> DevelopmentCa:
        """Load the authority kept under `folder`, or make one valid from `at` and keep it there.

        Raises Misconfigured: `development-only` when `production` is True, and what `load_signing_key` raises for
        damaged files.
        """
        if production:
            raise Misconfigured(
                "the development CA does not run in production mode; have certificates issued by a real authority",
                code="development-only",
            )
        key_file, certificate_file = folder / _CA_KEY_FILE, folder / _CA_FILE
        if key_file.exists() and certificate_file.exists():
            return cls(load_signing_key(key_file.read_bytes(), certificate_file.read_bytes()))
        private_key = ec.generate_private_key(ec.SECP256R1())
        name = _name(_CA_NAME)
        certificate = (
            _builder(name, name, private_key.public_key(), at, DAYS * 2)
            .add_extension(_authority_key(private_key.public_key()), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(ca=True, kind=None), critical=True)
            .sign(private_key, SHA256())
        )
        authority = cls(signing_key(private_key, certificate))
        folder.mkdir(parents=True, exist_ok=True)
        _write_secret(key_file, authority.key.private_pem())
        certificate_file.write_bytes(authority.certificate_pem)
        return authority

    @property
    def certificate_pem(self) -> bytes:
        """The authority's certificate, PEM: what development clients trust."""
        return self.key.certificate.public_bytes(Encoding.PEM)

    def issue(
        self,
        name: str,
        *,
        at: datetime,
        kind: LeafKind = LeafKind.EC,
        hosts: tuple[str, ...] = (),
        days: int = DAYS,
    ) -> IssuedLeaf:
        """Issue a leaf for `name` (an agency id), valid from `at` for `days`; `hosts` make it good for TLS too.

        Keys and serial numbers come from the operating system's generator: the one randomness that nobody passes in.
        """
        private_key = (
            rsa.generate_private_key(public_exponent=65537, key_size=3072)
            if kind is LeafKind.RSA
            else ec.generate_private_key(ec.SECP256R1())
        )
        builder = (
            _builder(_name(name), self.key.certificate.subject, private_key.public_key(), at, days)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(ca=False, kind=kind), critical=True)
            .add_extension(_authority_key(self._private_key().public_key()), critical=False)
        )
        if hosts:
            uses = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
            builder = builder.add_extension(
                x509.SubjectAlternativeName([_alternative(host) for host in hosts]), critical=False
            ).add_extension(x509.ExtendedKeyUsage(uses), critical=False)
        certificate = builder.sign(self._private_key(), SHA256())
        return IssuedLeaf(name, signing_key(private_key, certificate))

    def _private_key(self) -> ec.EllipticCurvePrivateKey:
        if not isinstance(self.key.private_key, ec.EllipticCurvePrivateKey):
            raise Misconfigured(
                "the key under the development CA's name is not one that it made; remove its two files",
                code="key-mismatch",
            )
        return self.key.private_key


def is_development(certificate: x509.Certificate) -> bool:
    """Say whether a development CA made this certificate, by the mark in its subject or its issuer."""
    units = [
        attribute.value
        for name in (certificate.subject, certificate.issuer)
        for attribute in name.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)
    ]
    return MARK in units


def _name(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, MARK),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    public_key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey,
    at: datetime,
    days: int,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - _BACKDATED)
        .not_valid_after(at + timedelta(days=days))
        # Python 3.13's TLS refuses chains without the two key identifiers.
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    )


def _authority_key(public_key: ec.EllipticCurvePublicKey) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(public_key)


def _usage(*, ca: bool, kind: LeafKind | None) -> x509.KeyUsage:
    """The usages of a key: an authority's signs certificates; a leaf's signs messages and is encrypted to."""
    return x509.KeyUsage(
        digital_signature=not ca,
        content_commitment=False,
        key_encipherment=kind is LeafKind.RSA,
        data_encipherment=False,
        key_agreement=kind is LeafKind.EC,
        key_cert_sign=ca,
        crl_sign=ca,
        encipher_only=False,
        decipher_only=False,
    )


def _alternative(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _write_secret(path: Path, data: bytes) -> None:
    path.touch(mode=0o600)
    path.write_bytes(data)
