"""Chains from a certificate to an authority that staff configured (RFC 5280, 6.1, as far as it is used).

    1. every certificate is valid at the moment, and strongly signed
    2. each is signed by the next: names, key identifiers and signature agree
    3. each above the leaf is an authority: basic constraints, key usage, and not more below it than its path length
    4. nothing critical in it goes unread; name constraints are not processed, so a chain with them is refused
    5. the last is one of the configured authorities, byte for byte

Pure: whether one of them was revoked is another question (`gateway.trust.revocation`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final, TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.x509.oid import ExtensionOID

from gateway.domain.errors import Refused
from gateway.trust.certificates import is_strongly_signed
from gateway.trust.policy import kind_of

Extension = TypeVar("Extension", bound=x509.ExtensionType)

MAX_LENGTH: Final = 6
"""Certificates in a chain, leaf and root among them: more only costs time."""

_READ: Final = frozenset(
    {
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.KEY_USAGE,
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
        ExtensionOID.CERTIFICATE_POLICIES,  # any policy will do, so none is left out
    }
)
"""Critical extensions that are read here or in `permitted_uses`, or that restrict nothing that we rely on."""


def build_chain(
    leaf: x509.Certificate,
    given: Sequence[x509.Certificate],
    authorities: Sequence[x509.Certificate],
    at: datetime,
) -> tuple[x509.Certificate, ...]:
    """Give what stands above the leaf, up to and with a configured authority; `given` are certificates between.

    The shortest chain wins. Raises Refused `certificate-chain`, which says how far the best attempt came.
    """
    chain, reasons = _search(leaf, given, authorities, at)
    if chain is None:
        raise Refused(
            f"the certificate does not chain to a configured authority: {reasons}. Give the certificates between in "
            "the same PEM file, or have it issued by one of the authorities in SIMOJO_AGENCY_CA_FILE",
            code="certificate-chain",
        )
    return chain


def why_unchained(
    leaf: x509.Certificate,
    given: Sequence[x509.Certificate],
    authorities: Sequence[x509.Certificate],
    at: datetime,
) -> str | None:
    """Say how far the best attempt from the leaf came that reached no authority; None when one reaches it."""
    chain, reasons = _search(leaf, given, authorities, at)
    return reasons if chain is None else None


def _search(
    leaf: x509.Certificate,
    given: Sequence[x509.Certificate],
    authorities: Sequence[x509.Certificate],
    at: datetime,
) -> tuple[tuple[x509.Certificate, ...] | None, str]:
    """The shortest chain above the leaf, None when there is none; and why the last attempts failed."""
    reasons: list[str] = []
    paths: list[tuple[x509.Certificate, ...]] = [(leaf,)]
    while paths:
        path = paths.pop(0)
        fault = _unfit(path[-1], depth=len(path) - 1, at=at)  # 1., 3. and 4.
        if fault:
            reasons.append(f"{_name(path[-1])} {fault}")
            continue
        if len(path) > 1 and path[-1] in authorities:  # 5.
            return path[1:], ""
        if len(path) < MAX_LENGTH:
            above = [each for each in _issuers(path[-1], (*authorities, *given)) if each not in path]
            if not above:
                reasons.append(f"no authority that is configured or was given has issued {_name(path[-1])}")
            paths += [(*path, each) for each in above]
    return None, "; ".join(reasons[-3:])


def chain_ends(chain: Sequence[x509.Certificate]) -> datetime | None:
    """When the first of these expires; None for none."""
    return min((each.not_valid_after_utc for each in chain), default=None)


def issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether `issuer` issued `certificate`: its name, its key identifier where both name one, and its signature."""
    if certificate.issuer != issuer.subject:
        return False
    claimed, held = _authority_key(certificate), _subject_key(issuer)
    if claimed is not None and held is not None and claimed != held:
        return False
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def may_sign_lists(issuer: x509.Certificate) -> bool:
    """Whether an authority's key usage allows it to sign revocation lists."""
    usage = _value(issuer, x509.KeyUsage)
    return usage is None or bool(usage.crl_sign)


def _issuers(certificate: x509.Certificate, candidates: Sequence[x509.Certificate]) -> Iterator[x509.Certificate]:
    seen: list[x509.Certificate] = []
    for each in candidates:
        if each not in seen and issued_by(certificate, each):  # 2.
            seen.append(each)
            yield each


def _unfit(certificate: x509.Certificate, *, depth: int, at: datetime) -> str:
    """Say why a certificate cannot stand `depth` places above the leaf, or "" when it can."""
    if not certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc:
        return (
            f"is valid from {certificate.not_valid_before_utc.isoformat()} to "
            f"{certificate.not_valid_after_utc.isoformat()}"
        )
    if kind_of(certificate.public_key()) is None or not is_strongly_signed(certificate):
        return "has a weak key or is signed with a weak algorithm"
    try:
        unread = [each.oid.dotted_string for each in certificate.extensions if each.critical and each.oid not in _READ]
        limited = _value(certificate, x509.NameConstraints) is not None
        fault = _unfit_authority(certificate, depth) if depth else ""
    except ValueError:
        return "has extensions that cannot be read"
    if unread or limited:
        return f"has extensions that are not processed ({', '.join(unread) or 'name constraints'})"
    return fault


def _unfit_authority(certificate: x509.Certificate, depth: int) -> str:
    constraints = _value(certificate, x509.BasicConstraints)
    usage = _value(certificate, x509.KeyUsage)
    if constraints is None or not constraints.ca:
        return "is no authority (basic constraints)"
    if usage is not None and not usage.key_cert_sign:
        return "may not sign certificates (key usage)"
    if constraints.path_length is not None and constraints.path_length < depth - 1:
        return f"allows {constraints.path_length} authorities below it"
    return ""


def _name(certificate: x509.Certificate) -> str:
    return certificate.subject.rfc4514_string()[:120] or "a certificate without a name"


def _authority_key(certificate: x509.Certificate) -> bytes | None:
    found = _value(certificate, x509.AuthorityKeyIdentifier)
    return None if found is None else found.key_identifier


def _subject_key(certificate: x509.Certificate) -> bytes | None:
    found = _value(certificate, x509.SubjectKeyIdentifier)
    return None if found is None else found.digest


def _value(certificate: x509.Certificate, kind: type[Extension]) -> Extension | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None
