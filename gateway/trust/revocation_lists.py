"""Revocation lists (RFC 5280, 5). Pure: bytes in.

What a list says counts only when all of this holds:

    1. issued by the certificate's issuer, which may sign lists, over SHA-256 or better
    2. whole and about such certificates: no delta, no indirect list, not for other kinds or some reasons alone
    3. thisUpdate is not in the future, nextUpdate is there and not past
"""

from __future__ import annotations

from datetime import datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from gateway.trust.chains import may_sign_lists
from gateway.trust.revocation import Word, check_times, strongly_signed, web_addresses, wrong


def list_addresses(certificate: x509.Certificate) -> tuple[str, ...]:
    """Where its issuer publishes revocation lists, by HTTP; lists for some reasons alone or by others are left out."""
    try:
        points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    except (x509.ExtensionNotFound, ValueError):
        return ()
    whole = (each for each in points if each.reasons is None and each.crl_issuer is None)
    return tuple(web_addresses(name for point in whole for name in point.full_name or ()))


def load_list(data: bytes) -> x509.CertificateRevocationList:
    """Read a revocation list, DER or PEM. Raises Refused `revocation-answer-wrong`."""
    try:
        if data.lstrip().startswith(b"-----BEGIN"):
            return x509.load_pem_x509_crl(data)
        return x509.load_der_x509_crl(data)
    except (ValueError, TypeError, UnsupportedAlgorithm) as fault:
        raise wrong("it is no revocation list in DER or PEM") from fault


def read_list(
    found: x509.CertificateRevocationList,
    certificate: x509.Certificate,
    issuer: x509.Certificate,
    at: datetime,
    source: str,
) -> Word:
    """Give what a list says about a certificate of `issuer`. Raises Refused `revocation-answer-wrong`."""
    # 1.
    if found.issuer != issuer.subject or certificate.issuer != issuer.subject:
        raise wrong("the list is another issuer's")
    if not may_sign_lists(issuer):
        raise wrong("the issuer's key usage does not allow it to sign lists")
    if not strongly_signed(found.signature_hash_algorithm, issuer) or not _is_list_signed(found, issuer):
        raise wrong("the list is not signed with the issuer's key, over SHA-256 or better")
    _check_scope(found, certificate)  # 2.
    next_update = found.next_update_utc
    if next_update is None:
        raise wrong("the list does not say when the next one comes")
    check_times(found.last_update_utc, next_update, at)  # 3.
    entry = found.get_revoked_certificate_by_serial_number(certificate.serial_number)
    reason = "" if entry is None else _reason(entry)
    is_revoked = entry is not None and reason != x509.ReasonFlags.remove_from_crl.value
    return Word(
        this_update=found.last_update_utc,
        next_update=next_update,
        source=source,
        revoked_at=entry.revocation_date_utc if entry is not None and is_revoked else None,
        reason=reason if is_revoked else "",
    )


def _check_scope(found: x509.CertificateRevocationList, certificate: x509.Certificate) -> None:
    is_authority = False
    try:
        is_authority = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        is_authority = False
    try:
        critical = [each.value for each in found.extensions if each.critical]
        deltas = [each for each in found.extensions if isinstance(each.value, x509.DeltaCRLIndicator)]
    except ValueError as fault:
        raise wrong("the list's extensions cannot be read") from fault
    if deltas or any(not isinstance(each, x509.IssuingDistributionPoint) for each in critical):
        raise wrong("the list has critical extensions that are not processed, or is a delta")
    for point in critical:
        if not isinstance(point, x509.IssuingDistributionPoint):
            continue
        others = point.only_contains_user_certs if is_authority else point.only_contains_ca_certs
        if others or point.indirect_crl or point.only_some_reasons or point.only_contains_attribute_certs:
            raise wrong("the list is about other certificates, or about some reasons alone")


def _is_list_signed(found: x509.CertificateRevocationList, issuer: x509.Certificate) -> bool:
    key = issuer.public_key()
    if not isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey):
        return False
    try:
        return found.is_signature_valid(key)
    except (TypeError, ValueError, UnsupportedAlgorithm):
        return False


def _reason(entry: x509.RevokedCertificate) -> str:
    try:
        return entry.extensions.get_extension_for_class(x509.CRLReason).value.reason.value
    except (x509.ExtensionNotFound, ValueError):
        return ""
