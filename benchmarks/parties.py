"""Keys and certificates of the two sides, made anew for each run: P-256 for REST (ES256), RSA-2048 for SOAP."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from benchmarks.choice import Protocol
from conformance.signing.keys import Identity, load_identity, self_signed
from gateway.machine import now

HUB_ID = "dpmptsp"
AGREEMENT = "bench-2026/1.0"


@dataclass(frozen=True)
class Parties:
    """Who speaks to whom. Both sides of a protocol have keys of the same kind."""

    agency: Identity
    hub: Identity

    @classmethod
    def make(cls, protocol: Protocol, folder: Path) -> Parties:
        """Make both identities and write them into `folder`, where the programs that are measured read them."""
        folder.mkdir(parents=True, exist_ok=True)
        for number, name in enumerate(("bench", HUB_ID), 1):
            key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
            if protocol is Protocol.REST:
                key = ec.generate_private_key(ec.SECP256R1())
            else:
                key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
            identity = Identity(key, self_signed(key, name, serial=number, at=now()))
            key_path, certificate_path = paths(folder, name)
            key_path.write_bytes(identity.key_pem)
            certificate_path.write_bytes(identity.certificate.public_bytes(serialization.Encoding.PEM))
        return cls.load(folder)

    @classmethod
    def load(cls, folder: Path) -> Parties:
        """Read what `make` wrote."""
        return cls(agency=load_identity(*paths(folder, "bench")), hub=load_identity(*paths(folder, HUB_ID)))


def paths(folder: Path, name: str) -> tuple[Path, Path]:
    """Where the key and the certificate of one side are."""
    return folder / f"{name}.key.pem", folder / f"{name}.pem"
