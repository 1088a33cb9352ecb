"""Certificates as trust wants them, from the rows that staff and the status loop wrote.

What an unknown status means is the policy's:

    off, soft   nothing: staff are warned, the certificate is taken
    hard        the last good word holds until its nextUpdate and a grace beyond it; one that never had a good word
                has the grace from its registration on. Afterwards `certificate-status-unknown`
    all three   a certificate that its authority revoked is refused, and so is one below a revoked authority

Where authorities are configured, a certificate whose kept chain does not end in one of them (it was registered before
there were any, or its authority was taken out of the file) is refused in hard mode, `certificate-chain-missing`, and
staff are warned of it in the others.
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
from gateway.trust.keys import fingerprint, key_fingerprint


@dataclass(frozen=True, kw_only=True)
class RevocationPolicy:
    """What an unknown status means, and for how long the last word holds beyond its end.

    `authorities` are the fingerprints of those that are configured now; none: trusted as registered.
    """

    mode: RevocationMode = RevocationMode.SOFT
    grace: timedelta = timedelta(hours=24)
    authorities: frozenset[str] = frozenset()


SOFT = RevocationPolicy()


def chain_of(row: CertificateRow) -> tuple[x509.Certificate, ...]:
    """The certificate of a row and what stands above it; the certificate alone where it is trusted as registered."""
    return (x509.load_pem_x509_certificate(row.pem.encode()), *_above(row.chain))


def asked_about(row: CertificateRow) -> tuple[str, ...]:
    """Fingerprints of those in the chain that an authority has a word about: all but the configured authority."""
    above = _fingerprints(row.chain)
    return (row.fingerprint, *above[:-1]) if above else ()


def lacks_chain(row: CertificateRow, authorities: Collection[str]) -> bool:
    """Whether authorities (fingerprints) are configured and the certificate's kept chain ends in none of them."""
    return bool(authorities) and (not row.chain or _fingerprints(row.chain)[-1] not in authorities)


def key_of(row: CertificateRow) -> str:
    """The fingerprint of the certificate's key, also of a row from before it was kept."""
    return row.spki_sha256 or key_fingerprint(x509.load_pem_x509_certificate(row.pem.encode()))


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
    missing = policy.mode is RevocationMode.HARD and lacks_chain(row, policy.authorities)
    if not members:
        return CertificateStatus(chain_missing=True) if missing else UNWATCHED
    words = [statuses.get(each) for each in members]
    revoked = [word.revoked_at for word in words if word is not None and word.revoked_at is not None]
    return CertificateStatus(
        revoked_at=min(revoked, default=None),
        good_until=_good_until(row.registered_at, words, policy.grace) if policy.mode is RevocationMode.HARD else None,
        chain_until=chain_ends(_above(row.chain)),
        chain_missing=missing,
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
