"""The certificate that a receipt carries: read, and held against itself. Nobody vouches for it here."""

from __future__ import annotations

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.hashes import SHA256


def certificate_sha256(certificate: str) -> str:
    """The SHA-256 of a PEM certificate, in hex. Raises ValueError for one that is none, or was changed once signed."""
    try:
        loaded = x509.load_pem_x509_certificate(certificate.encode())
    except (ValueError, x509.InvalidVersion):
        raise ValueError("a certificate that is not PEM of an X.509 certificate") from None
    if not _agrees_with_itself(loaded):
        raise ValueError("a certificate that names itself as issuer, and was changed since it signed")
    return loaded.fingerprint(SHA256()).hex()


def _agrees_with_itself(certificate: x509.Certificate) -> bool:
    """Whether one that names itself as issuer has its own good signature. Whom another issued is not judged here."""
    try:
        is_own = certificate.issuer == certificate.subject
    except ValueError:
        return True  # names in an encoding that is none: carried, and not vouched for
    try:
        if is_own:
            certificate.verify_directly_issued_by(certificate)
    except (InvalidSignature, ValueError):
        return False
    except (TypeError, UnsupportedAlgorithm):
        return True  # a kind of key that is not read here
    return True
