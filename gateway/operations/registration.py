"""The rules of registering a certificate: whose key it is, what a second registration changes, what is kept of it.

A key belongs to one agency, and is never trusted again once any certificate over it was revoked: by staff, by its
authority, or together with its authority.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.domain.errors import Refused
from gateway.operations.admission import Admitted
from gateway.operations.revocation import word_values
from gateway.store.certificate_status import asked_about, key_of
from gateway.store.plan import Change, Claim, Update
from gateway.store.reading import Reader
from gateway.store.tables import CertificateRow, CertificateStatusRow
from gateway.trust.certificates import Use, check_registrable
from gateway.trust.keys import key_fingerprint
from gateway.trust.revocation import Word


class Step(StrEnum):
    """What became of a certificate that was to be registered."""

    REGISTERED = "registered"
    CHANGED = "changed"
    """It was registered already, with other uses or another chain."""
    UNCHANGED = "unchanged"


@dataclass(frozen=True, kw_only=True)
class Registered:
    """A certificate as it stands after its registration."""

    fingerprint: str
    uses: frozenset[Use]
    step: Step


def free_key(reader: Reader, agency: str, certificate: x509.Certificate) -> list[Change]:
    """Guards that no certificate over the same key is revoked meanwhile, once all of them are the agency's.

    Raises Refused `key-revoked` or `key-taken`.
    """
    key = key_fingerprint(certificate)
    rows = [row for row in reader.certificates_over(key) if key_of(row) == key]
    words = reader.certificate_statuses({each for row in rows for each in asked_about(row)})
    revoked = [row for row in rows if row.revoked_at or any(_said_revoked(words, row))]
    if revoked:
        raise Refused(
            f"certificate {revoked[0].fingerprint[:16]} over the same key was revoked: let the agency make a new "
            "key and have that certified",
            code="key-revoked",
        )
    taken = next((row for row in rows if row.agency != agency), None)
    if taken is not None:
        raise Refused(
            f"certificate {taken.fingerprint[:16]} of {taken.agency} is over the same key, and a key belongs to "
            f"one agency: let {agency} make its own",
            code="key-taken",
        )
    return [Update(CertificateRow, {"fingerprint": row.fingerprint}, {"revoked_at": None}, {}) for row in rows]


def changed(
    row: CertificateRow, certificate: x509.Certificate, uses: frozenset[Use] | None, admitted: Admitted
) -> dict[str, str]:
    """What is new of a certificate that is registered already: uses if named, its chain if one was followed."""
    wanted = {
        "uses": row.uses if uses is None else words_of(check_registrable(certificate, uses)),
        "chain": pem_of(admitted.chain) or row.chain,
    }
    return {name: value for name, value in wanted.items() if value != getattr(row, name)}


def words_at_registration(reader: Reader, admitted: Admitted, now: datetime) -> list[Change]:
    """What authorities said at registration, where nothing was known yet."""
    known = reader.certificate_statuses(admitted.words)
    return [
        Claim(
            CertificateStatusRow,
            ("fingerprint",),
            {
                "fingerprint": each,
                "since": now,
                "asked_at": now,
                **(word_values(word) if isinstance(word, Word) else {"fault": word}),
            },
        )
        for each, word in admitted.words.items()
        if each not in known
    ]


def _said_revoked(words: Mapping[str, CertificateStatusRow], row: CertificateRow) -> Iterator[bool]:
    return (each in words and words[each].revoked_at is not None for each in asked_about(row))


def words_of(uses: frozenset[Use]) -> str:
    """Uses as a row keeps them."""
    return " ".join(sorted(uses))


def pem_of(certificates: Sequence[x509.Certificate]) -> str:
    """Certificates in PEM, one after the other."""
    return "".join(each.public_bytes(Encoding.PEM).decode() for each in certificates)
