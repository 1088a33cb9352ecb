"""Tools that sign whatever they are told, with code of their own and not the gateway's."""

from __future__ import annotations

import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
ALGORITHM = {"p256": "ES256", "p384": "ES384", "rsa": "PS256", "ed25519": "Ed25519"}


def b64(data: bytes) -> str:
    """base64url without padding."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()


@dataclass(frozen=True)
class Signer:
    """A private key and its certificate."""

    key: Any
    certificate: x509.Certificate

    @property
    def thumbprint(self) -> str:
        """x5t#S256."""
        return b64(self.certificate.fingerprint(hashes.SHA256()))

    @property
    def der(self) -> bytes:
        """The certificate."""
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def public_pem(self) -> bytes:
        """The public key, as everybody has it."""
        return self.certificate.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    @property
    def public_der(self) -> bytes:
        """The same in DER."""
        return self.certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    @property
    def jwk(self) -> dict[str, str]:
        """The public key as a JWK (RFC 7518 section 6)."""
        key = self.certificate.public_key()
        if isinstance(key, rsa.RSAPublicKey):
            numbers = key.public_numbers()
            size = key.key_size // 8
            return {"kty": "RSA", "n": b64(numbers.n.to_bytes(size)), "e": b64(numbers.e.to_bytes(3))}
        if isinstance(key, ec.EllipticCurvePublicKey):
            point, size = key.public_numbers(), key.curve.key_size // 8
            name = f"P-{key.curve.key_size}"
            return {"kty": "EC", "crv": name, "x": b64(point.x.to_bytes(size)), "y": b64(point.y.to_bytes(size))}
        assert isinstance(key, ed25519.Ed25519PublicKey)
        return {"kty": "OKP", "crv": "Ed25519", "x": b64(key.public_bytes(Encoding.Raw, PublicFormat.Raw))}


@dataclass(frozen=True, kw_only=True)
class Genuine:
    """What a sender signs, his key, a stranger's, and that of another agency."""

    kind: str
    sender: Signer
    stranger: Signer
    other_agency: Signer
    payload: bytes
    at: datetime
    claims: Mapping[str, Any] = field(default_factory=dict)

    def header(self, **changes: Any) -> dict[str, Any]:
        """The genuine protected header, with changes; a value of None takes the member out."""
        issued = int(self.at.timestamp())
        header = {
            "alg": ALGORITHM[self.kind],
            "x5t#S256": self.sender.thumbprint,
            **self.claims,
            "iat": issued,
            "exp": issued + 300,
            **changes,
        }
        return {name: value for name, value in header.items() if value is not None}

    def token(
        self, header: Mapping[str, Any] | bytes | None = None, payload: bytes | None = None, by: Signer | None = None
    ) -> str:
        """A detached JWS whose signature is right, by the key that there is."""
        protected = protected_of(self.header() if header is None else header)
        body = self.payload if payload is None else payload
        return f"{protected}..{b64(sign((by or self.sender).key, f'{protected}.{b64(body)}'.encode()))}"

    def with_signature(self, signature: bytes, header: Mapping[str, Any] | None = None) -> str:
        """A detached JWS with these bytes for a signature."""
        return f"{protected_of(header or self.header())}..{b64(signature)}"

    def with_secret(self, algorithm: str, secret: bytes) -> str:
        """A detached JWS whose signature is an HMAC under a secret."""
        protected = protected_of(self.header(alg=algorithm))
        digest = {"HS256": "sha256", "HS384": "sha384", "HS512": "sha512"}[algorithm]
        return f"{protected}..{b64(hmac.digest(secret, f'{protected}.{b64(self.payload)}'.encode(), digest))}"

    @property
    def parts(self) -> tuple[str, str]:
        """Header and signature of the genuine token."""
        protected, _, signature = self.token().split(".")
        return protected, signature


def protected_of(header: Mapping[str, Any] | bytes) -> str:
    """The header on the wire."""
    return b64(header if isinstance(header, bytes) else json.dumps(header).encode())


def sign(key: Any, data: bytes, algorithm: str | None = None) -> bytes:
    """Sign as JWS does with that kind of key. `algorithm` "RS256" is PKCS #1, "DER" an ECDSA signature in DER."""
    if isinstance(key, rsa.RSAPrivateKey):
        if algorithm == "RS256":
            return key.sign(data, padding.PKCS1v15(), hashes.SHA256())
        scheme = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
        return key.sign(data, scheme, hashes.SHA256())
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(data)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    made = key.sign(data, ec.ECDSA(hashes.SHA384() if key.curve.key_size == 384 else hashes.SHA256()))
    if algorithm == "DER":
        return made
    size = key.curve.key_size // 8
    return b"".join(each.to_bytes(size) for each in utils.decode_dss_signature(made))
