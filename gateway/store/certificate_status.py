"""Certificates as trust wants them, from the rows that staff and the status loop wrote.

What an unknown status means is the policy's:

    off, soft   nothing: staff are warned, the certificate is taken
    hard        the last good word holds until its nextUpdate and a grace beyond it; one that never had a good word
                has the grace from its registration on. Afterwards `certificate-status-unknown`
    all three   a certificate that its authority revoked is refused, and so is one below a revoked authority
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from cryptography import x509

from gateway.store.tables import CertificateRow, CertificateStatusRow
from gateway.trust.certificates import UNWATCHED, CertificateStatus, RegisteredCertificate, RevocationMode, Use
from gateway.trust.chains import chain_ends
from gateway.trust.keys import fingerprint


@dataclass(frozen=True, kw_only=True)
class RevocationPolicy:
    """What an unknown status means, and for how long the last word holds beyond its end."""

    mode: RevocationMode = RevocationMode.SOFT
    grace: timedelta = timedelta(hours=24)


SOFT = RevocationPolicy()


def chain_of(row: CertificateRow) -> tuple[x509.Certificate, ...]:
    """The certificate of a row and what stands above it; the certificate alone where it is trusted as registered."""
    return (x509.load_pem_x509_certificate(row.pem.encode()), *_above(row.chain))


def asked_about(row: CertificateRow) -> tuple[str, ...]:
    """Fingerprints of those in the chain that an authority has a word about: all but the configured authority."""
    above = _fingerprints(row.chain)
    return (row.fingerprint, *above[:-1]) if above else ()


def registered_certificates(
    rows: Iterable[CertificateRow], statuses: Mapping[str, CertificateStatusRow], policy: RevocationPolicy
) -> tuple[RegisteredCertificate, ...]:
    """The certificates of rows, each with what is known of it."""
    return tuple(
        RegisteredCertificate(
            agency=row.agency,
            certificate=x509.load_pem_x509_certificate(row.pem.encode()),
            fingerprint=row.fingerprint,
            revoked_at=row.revoked_at,
            uses=frozenset(Use(word) for word in row.uses.split()),
            status=status_of(row, statuses, policy),
        )
        for row in rows
    )


def status_of(
    row: CertificateRow, statuses: Mapping[str, CertificateStatusRow], policy: RevocationPolicy
) -> CertificateStatus:
    """What is known of one certificate and of those above it."""
    members = asked_about(row)
    if not members:
        return UNWATCHED
    words = [statuses.get(each) for each in members]
    revoked = [word.revoked_at for word in words if word is not None and word.revoked_at is not None]
    return CertificateStatus(
        revoked_at=min(revoked, default=None),
        good_until=_good_until(row.registered_at, words, policy.grace) if policy.mode is RevocationMode.HARD else None,
        chain_until=chain_ends(_above(row.chain)),
    )


def _good_until(registered_at: datetime, words: Collection[CertificateStatusRow | None], grace: timedelta) -> datetime:
    ends = (registered_at if word is None else word.next_update or word.since for word in words)
    return min(ends) + grace


@lru_cache(maxsize=512)
def _above(chain: str) -> tuple[x509.Certificate, ...]:
    return tuple(x509.load_pem_x509_certificates(chain.encode())) if chain else ()


@lru_cache(maxsize=512)
def _fingerprints(chain: str) -> tuple[str, ...]:
    return tuple(fingerprint(each) for each in _above(chain))
