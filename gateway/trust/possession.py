"""Proof that an agency holds the key of a certificate, before the certificate is registered for it.

Its holder signs a challenge: `openssl dgst -sha256 -sign key.pem challenge.txt`.
"""

from __future__ import annotations

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

from gateway.domain.errors import Unauthenticated


def possession_challenge(agency: str, certificate_fingerprint: str, nonce: str) -> bytes:
    """Give the text that the holder of the certificate's key signs, UTF-8 with a final newline.

    The first line says what the signature means, so that it cannot be passed off as one over a message. Raises
    ValueError for parts that are empty or hold white space.
    """
    parts = {"agency": agency, "certificate": certificate_fingerprint, "nonce": nonce}
    for name, value in parts.items():
        if not value or not value.isprintable() or len(value.split()) != 1:
            raise ValueError(f"{name} is one word")
    lines = ["SIMOJO Gateway: I hold the private key of this certificate and ask to register it."]
    lines += [f"{name}: {value}" for name, value in parts.items()]
    return ("\n".join(lines) + "\n").encode()


def verify_possession(certificate: x509.Certificate, challenge: bytes, signature: bytes) -> None:
    """Check a signature over `challenge` as `openssl dgst -sha256 -sign` makes it (Ed25519: `pkeyutl -sign -rawin`).

    Raises Unauthenticated `possession-not-proven`.
    """
    public_key = certificate.public_key()
    try:
        match public_key:
            case rsa.RSAPublicKey():
                public_key.verify(signature, challenge, padding.PKCS1v15(), SHA256())
            case ec.EllipticCurvePublicKey():
                public_key.verify(signature, challenge, ec.ECDSA(SHA256()))
            case ed25519.Ed25519PublicKey():
                public_key.verify(signature, challenge)
            case _:
                raise InvalidSignature
    except InvalidSignature as fault:
        raise Unauthenticated(
            "the signature over the challenge was not made with the key of this certificate; "
            "sign the challenge file unchanged: openssl dgst -sha256 -sign key.pem challenge.txt",
            code="possession-not-proven",
        ) from fault
