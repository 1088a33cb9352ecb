"""One signature of CMS (RFC 5652) over signed attributes, by the key of a certificate."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

HASHES: Mapping[str, Callable[[], hashes.HashAlgorithm]] = {
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
}
"""By the names of asn1crypto; anything weaker is not read."""


def verify_by(certificate: x509.Certificate, signature: bytes, covered: bytes, digest_name: str) -> None:
    """Verify a signature over the attributes in DER. Raises InvalidSignature, ValueError for a key of another kind."""
    match certificate.public_key():
        case rsa.RSAPublicKey() as key:
            key.verify(signature, covered, padding.PKCS1v15(), HASHES[digest_name]())
        case ec.EllipticCurvePublicKey() as key:
            key.verify(signature, covered, ec.ECDSA(HASHES[digest_name]()))
        case ed25519.Ed25519PublicKey() as key:
            key.verify(signature, covered)
        case _:
            raise ValueError("a key of another kind")
