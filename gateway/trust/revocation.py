"""What an authority says about a certificate, and when its word counts. Pure: bytes in.

A word comes as a revocation list (RFC 5280, 5: `gateway.trust.revocation_lists`) or as an OCSP answer (RFC 6960:
`gateway.trust.ocsp`). Either is signed over SHA-256 or better, and its times hold: thisUpdate is not in the future,
nextUpdate not past.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512, HashAlgorithm

from gateway.domain.errors import Refused

SKEW: Final = timedelta(minutes=5)
"""How far an authority's clock may be before ours."""

HOLD: Final = "certificateHold"
"""The one reason from which a certificate may come back (RFC 5280, 5.3.1)."""

_STRONG: Final = (SHA256, SHA384, SHA512)


@dataclass(frozen=True, kw_only=True)
class Word:
    """What an authority said: good when `revoked_at` is None. `source` is where it came from."""

    this_update: datetime
    next_update: datetime
    source: str
    revoked_at: datetime | None = None
    reason: str = ""


def strongly_signed(hashed: HashAlgorithm | None, signer: x509.Certificate) -> bool:
    """Say whether a signature of that certificate's key is over SHA-256 or better; Ed25519 names no hash."""
    if isinstance(signer.public_key(), ed25519.Ed25519PublicKey):
        return hashed is None
    return isinstance(hashed, _STRONG)


def check_times(this_update: datetime, next_update: datetime, at: datetime) -> None:
    """Raise Refused `revocation-answer-wrong` for a word that is not of now."""
    if this_update > at + SKEW:
        raise wrong(f"it is from the future ({this_update.isoformat()})")
    if next_update < at:
        raise wrong(f"it is stale since {next_update.isoformat()}")


def web_addresses(names: Iterable[x509.GeneralName]) -> list[str]:
    """Those of the names that are addresses to be asked by HTTP."""
    found = [each.value for each in names if isinstance(each, x509.UniformResourceIdentifier)]
    return [each for each in found if each.lower().startswith(("http://", "https://"))]


def wrong(why: str) -> Refused:
    """Give the error for a word that does not count."""
    return Refused(f"the authority's answer does not count: {why}", code="revocation-answer-wrong")
