"""The certificate that a message names, beside those that are registered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from gateway.domain.errors import Refused, Unauthenticated
from gateway.trust.certificate_files import load_certificate
from gateway.trust.certificates import RegisteredCertificate, check_usable, find_certificate
from gateway.trust.diagnosis.finding import Finding, Step, bad, good
from gateway.trust.keys import fingerprint

MAX_NAMED = 8
"""Certificates of an agency that a finding lists."""


def about_certificate(
    certificates: Sequence[RegisteredCertificate], named: str, came: x509.Certificate | None, at: datetime
) -> Finding:
    """Say whether the certificate with the fingerprint `named` is registered and usable; `came` is the message's."""
    expected = f"one registered for this agency: {registered(certificates, at)}"
    found = f"certificate {named}" + (f", {described(came)}" if came is not None else "")
    try:
        one = find_certificate(certificates, named)
        check_usable(one, at)
    except Unauthenticated as fault:
        hidden = [] if came is None or named_in(certificates, named) is not None else [described(came)]
        return bad(Step.CERTIFICATE, expected=expected, found=found, advice=fault.text, quoted=hidden)
    return good(Step.CERTIFICATE, f"certificate {named}, {described(one.certificate)}", expected)


def registered(certificates: Sequence[RegisteredCertificate], at: datetime) -> str:
    """Name the registered certificates that may be used at `at`, by fingerprint."""
    if not certificates:
        return "none is registered yet"
    usable = [each.fingerprint for each in certificates if _is_usable(each, at)]
    return ", ".join(usable[-MAX_NAMED:]) or f"none of the {len(certificates)} registered may be used now"


def _is_usable(one: RegisteredCertificate, at: datetime) -> bool:
    try:
        check_usable(one, at)
    except Unauthenticated:
        return False
    return True


def described(certificate: x509.Certificate) -> str:
    """Say what stands in a certificate: subject, issuer, dates."""
    try:
        return (
            f"subject {certificate.subject.rfc4514_string()[:120]}, "
            f"issuer {certificate.issuer.rfc4514_string()[:120]}, "
            f"valid {certificate.not_valid_before_utc.isoformat()} to {certificate.not_valid_after_utc.isoformat()}"
        )
    except ValueError:
        return "with a name or a date that cannot be read"


def read_der(data: bytes) -> x509.Certificate | None:
    """Read a certificate that a message brings; None for what is none."""
    try:
        return load_certificate(data)
    except Refused:
        return None


def key_of(certificate: x509.Certificate | None) -> object | None:
    """Give the public key of a certificate, None where it has none that can be read."""
    if certificate is None:
        return None
    try:
        return certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return None


def named_in(certificates: Sequence[RegisteredCertificate], wanted: str) -> RegisteredCertificate | None:
    """Give the registered certificate of that fingerprint, whatever its state."""
    return next((each for each in certificates if each.fingerprint == wanted), None)


def short_name(certificate: x509.Certificate) -> str:
    """The beginning of a fingerprint, enough to tell an agency's certificates apart."""
    return fingerprint(certificate)[:16]
