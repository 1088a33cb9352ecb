"""The hub's certificate that travels in a receipt: carried for the signature of the sealed answer, not vouched for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
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
    return CarriedCertificate(
        loaded.fingerprint(SHA256()).hex(),
        _subject(loaded),
        loaded.not_valid_before_utc,
        loaded.not_valid_after_utc,
    )


def _subject(loaded: x509.Certificate) -> str:
    try:
        return loaded.subject.rfc4514_string()
    except ValueError:
        return ""  # a name in an encoding that is none: the fingerprint still says which certificate it is
