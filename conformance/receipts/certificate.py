"""The hub's certificate that travels in a receipt: carried for the signature of the sealed answer, not vouched for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.hashes import SHA256

from conformance.receipts.damage import MALFORMED, Damaged


@dataclass(frozen=True)
class CarriedCertificate:
    """SHA-256 fingerprint in hex, subject, and the time for which it was issued (UTC)."""

    sha256: str
    subject: str
    not_before: datetime
    not_after: datetime


def read_certificate(pem: str) -> CarriedCertificate:
    """Read the certificate. Raises Damaged `receipt-malformed`."""
    try:
        loaded = x509.load_pem_x509_certificate(pem.encode())
    except (ValueError, x509.InvalidVersion):
        raise Damaged(MALFORMED, "receipt", "its certificate is not PEM of an X.509 certificate") from None
    if not _agrees_with_itself(loaded):
        raise Damaged(MALFORMED, "receipt", "its certificate names itself as issuer, and was changed since it signed")
    return CarriedCertificate(
        loaded.fingerprint(SHA256()).hex(),
        _subject(loaded),
        loaded.not_valid_before_utc,
        loaded.not_valid_after_utc,
    )


def _agrees_with_itself(loaded: x509.Certificate) -> bool:
    """False for a bad signature of its own key. That of an authority is not judged: its certificate is not at hand."""
    try:
        is_own = loaded.issuer == loaded.subject
    except ValueError:
        return True  # names in an encoding that is none: carried, and not vouched for
    try:
        if is_own:
            loaded.verify_directly_issued_by(loaded)
    except (InvalidSignature, ValueError):
        return False
    except (TypeError, UnsupportedAlgorithm):
        return True  # a kind of key that is not read here
    return True


def _subject(loaded: x509.Certificate) -> str:
    try:
        return loaded.subject.rfc4514_string()
    except ValueError:
        return ""  # a name in an encoding that is none: the fingerprint still says which certificate it is
