"""Certificates of agencies, as staff registered them. A certificate inside a message only says which of them is meant.

Registration: the certificate is strong enough (`check_registrable`), and its holder has signed a challenge
(`possession_challenge`, then `openssl dgst -sha256 -sign key.pem challenge.txt`, then `verify_possession`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID

from gateway.domain.errors import Malformed, Misconfigured, Refused, Unauthenticated
from gateway.trust.keys import fingerprint
from gateway.trust.policy import KeyKind, kind_of

_STRONG_HASHES = (SHA256, SHA384, SHA512)


class Use(StrEnum):
    """What an agency uses a certificate for."""

    SIGN = "sign"
    """It signs messages to us."""
    ENCRYPT = "encrypt"
    """We encrypt confidential messages to it."""
    TLS = "tls"
    """It is shown in the TLS handshake (mTLS)."""


ALL_USES = frozenset(Use)


class RevocationMode(StrEnum):
    """What it means that an authority's word about a certificate cannot be had. A revoked one is always refused."""

    OFF = "off"
    """Nobody asks."""
    SOFT = "soft"
    """A warning for staff."""
    HARD = "hard"
    """The certificate is refused once the last word is too old."""


@dataclass(frozen=True, kw_only=True)
class CertificateStatus:
    """What is known of a certificate beyond itself, as `gateway.store.certificate_status` reads it from the store.

    `revoked_at` is when its authority (or one above it) revoked it, by the authority's own date. `good_until` is how
    long the last good word may be built on, grace included; None where nothing depends on it. `chain_until` is when
    the first certificate above it expires. `chain_missing`: a chain to one of the configured authorities is wanted, and
    none was kept at its registration.
    """

    revoked_at: datetime | None = None
    good_until: datetime | None = None
    chain_until: datetime | None = None
    chain_missing: bool = False


UNWATCHED = CertificateStatus()
"""The status of a certificate that is trusted because staff registered it, and by nobody else's word."""


@dataclass(frozen=True, kw_only=True)
class RegisteredCertificate:
    """A certificate that staff registered for an agency, for `uses`; `revoked_at` is None while it stands."""

    agency: str
    certificate: x509.Certificate
    fingerprint: str
    revoked_at: datetime | None = None
    uses: frozenset[Use] = ALL_USES
    status: CertificateStatus = UNWATCHED

    @cached_property
    def public_key(self) -> CertificatePublicKeyTypes:
        """The key in it, read once."""
        return self.certificate.public_key()

    @cached_property
    def public_key_der(self) -> bytes:
        """That key as SubjectPublicKeyInfo in DER form, written once."""
        return self.public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    @cached_property
    def valid(self) -> tuple[datetime, datetime]:
        """From when until when, by the certificate itself."""
        return self.certificate.not_valid_before_utc, self.certificate.not_valid_after_utc


def register(
    agency: str,
    certificate: x509.Certificate,
    revoked_at: datetime | None = None,
    uses: frozenset[Use] = ALL_USES,
) -> RegisteredCertificate:
    """Make the registered value, with its fingerprint computed. Checks nothing."""
    return RegisteredCertificate(
        agency=agency, certificate=certificate, fingerprint=fingerprint(certificate), revoked_at=revoked_at, uses=uses
    )


def find_certificate(certificates: Sequence[RegisteredCertificate], wanted: str) -> RegisteredCertificate:
    """Give the certificate with the fingerprint `wanted` that is registered for signing.

    Raises Unauthenticated `certificate-unknown`, or `certificate-not-for-signing` for one registered for other uses.
    """
    for registered in certificates:
        if registered.fingerprint == wanted:
            if Use.SIGN not in registered.uses:
                raise Unauthenticated(
                    f"certificate {wanted[:16]} is registered for {', '.join(sorted(registered.uses))} and not for "
                    "signing; sign with another registered one, or have this one registered for signing too",
                    code="certificate-not-for-signing",
                )
            return registered
    raise Unauthenticated(
        "the signing certificate is not registered for this agency; register it, or sign with the registered one",
        code="certificate-unknown",
    )


def check_usable(registered: RegisteredCertificate, at: datetime) -> None:
    """Let a certificate pass that is valid at `at`, neither revoked by then nor of a status that is not known.

    `at` is when the message came, by our clock. A signature is judged by that and not by the time that it claims,
    which whoever has a stolen key can choose. So what came before the date of revocation stands, what came after it
    is refused, and the ledger tells which is which. Raises Unauthenticated: `certificate-revoked`,
    `certificate-not-yet-valid`, `certificate-expired`, `certificate-chain-missing`, `certificate-chain-expired`,
    `certificate-status-unknown`.
    """
    shown = registered.fingerprint[:16]
    status = registered.status
    for who, revoked_at in (("", registered.revoked_at), (" by its authority", status.revoked_at)):
        if revoked_at is not None and revoked_at <= at:
            raise Unauthenticated(
                f"certificate {shown} was revoked{who} at {revoked_at.isoformat()}; sign with another registered one",
                code="certificate-revoked",
            )
    begins, ends = registered.valid
    if at < begins:
        raise Unauthenticated(
            f"certificate {shown} is valid from {begins.isoformat()}; sign with the current one",
            code="certificate-not-yet-valid",
        )
    if at > ends:
        raise Unauthenticated(
            f"certificate {shown} expired at {ends.isoformat()}; register its successor and sign with that",
            code="certificate-expired",
        )
    if status.chain_missing:
        raise Unauthenticated(
            f"certificate {shown} is registered without a chain to an authority that this hub takes; register it again "
            "with its chain (the certificates between in the same PEM file), or one of such an authority",
            code="certificate-chain-missing",
        )
    if status.chain_until is not None and at > status.chain_until:
        raise Unauthenticated(
            f"an authority above certificate {shown} expired at {status.chain_until.isoformat()}; register a "
            "certificate of its successor and sign with that",
            code="certificate-chain-expired",
        )
    if status.good_until is not None and at > status.good_until:
        raise Unauthenticated(
            f"whether certificate {shown} was revoked could not be learned from its authority since "
            f"{status.good_until.isoformat()}; send the same message again later, or sign with another registered one",
            code="certificate-status-unknown",
        )


def encryption_certificate(
    agency: str, certificates: Sequence[RegisteredCertificate], kinds: frozenset[KeyKind], at: datetime
) -> x509.Certificate:
    """Give the certificate of `agency` that we encrypt to: the newest one for encryption, of `kinds`, usable at `at`.

    Newest is the one that became valid last, of equal ones that which was registered last: so a successor is used as
    soon as it is valid, and its predecessor while it is not. Raises Misconfigured `encryption-certificate-missing`.
    """
    usable = [
        each.certificate
        for each in certificates
        if Use.ENCRYPT in each.uses
        and _is_usable(each, at)
        and kind_of(each.certificate.public_key()) in kinds
        and Use.ENCRYPT in permitted_uses(each.certificate)
    ]
    if not usable:
        raise Misconfigured(
            f"no usable certificate of {agency} is registered for encryption ({' or '.join(sorted(kinds))}): "
            f"simojo agency certify {agency} CERTIFICATE CHALLENGE PROOF --use encrypt",
            code="encryption-certificate-missing",
            clause="Pasal 20 c",
        )
    return max(reversed(usable), key=lambda certificate: certificate.not_valid_before_utc)


def _is_usable(registered: RegisteredCertificate, at: datetime) -> bool:
    """Whether `check_usable` lets a certificate pass that nobody has revoked, not even for a later moment."""
    try:
        check_usable(registered, at)
    except Unauthenticated:
        return False
    return registered.revoked_at is None


def permitted_uses(certificate: x509.Certificate) -> frozenset[Use]:
    """What a certificate allows by its key usage (RFC 5280, 4.2.1.3) and extended key usage (4.2.1.12).

    Without a key usage all are allowed that the key can do; an Ed25519 key encrypts nothing. TLS needs the extended
    usage clientAuth where there is one. Raises Malformed `certificate-malformed`.
    """
    usage = _extension(certificate, x509.KeyUsage)
    extended = _extension(certificate, x509.ExtendedKeyUsage)
    key = certificate.public_key()
    found = set()
    signs = usage is None or usage.digital_signature
    if signs or (usage is not None and usage.content_commitment):
        found.add(Use.SIGN)
    by_transport = isinstance(key, rsa.RSAPublicKey) and (usage is None or usage.key_encipherment)
    by_agreement = isinstance(key, ec.EllipticCurvePublicKey) and (usage is None or usage.key_agreement)
    if by_transport or by_agreement:
        found.add(Use.ENCRYPT)
    clients = {ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE}
    if signs and (extended is None or clients & set(extended)):
        found.add(Use.TLS)
    return frozenset(found)


def check_registrable(certificate: x509.Certificate, uses: frozenset[Use] | None = None) -> frozenset[Use]:
    """Let a certificate pass whose key and own signature are strong enough; give what it is registered for.

    That is `uses`, or, when None, all that the certificate allows, signing among it. Raises Refused:
    `certificate-weak` (key kind or size, signature over SHA-1 or MD5), `certificate-not-for-use` (its key usage or
    extended key usage leaves a use out), `uses-missing`; Malformed `certificate-malformed`.
    """
    if kind_of(certificate.public_key()) is None:
        raise Refused(
            "the key of the certificate is not allowed: use RSA of 2048 to 8192 bits, EC P-256 or P-384, or Ed25519",
            code="certificate-weak",
        )
    if not is_strongly_signed(certificate):
        raise Refused(
            "the certificate itself is signed with a weak algorithm: have it issued with SHA-256 or better",
            code="certificate-weak",
        )
    permitted = permitted_uses(certificate)
    wanted = permitted | {Use.SIGN} if uses is None else uses
    if not wanted:
        raise Refused("a certificate is registered for something: name a use", code="uses-missing")
    if missing := wanted - permitted:
        raise Refused(
            f"the certificate's key usage does not allow {', '.join(sorted(missing))} (it allows "
            f"{', '.join(sorted(permitted)) or 'nothing of ours'}); have one issued for it, or register it for less",
            code="certificate-not-for-use",
        )
    return wanted


_Extension = TypeVar("_Extension", bound=x509.ExtensionType)


def _extension(certificate: x509.Certificate, kind: type[_Extension]) -> _Extension | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None
    except ValueError as fault:
        raise Malformed("the extensions of the certificate cannot be read", code="certificate-malformed") from fault


def is_strongly_signed(certificate: x509.Certificate) -> bool:
    """Whether a certificate is signed over SHA-256 or better."""
    if certificate.signature_algorithm_oid == x509.SignatureAlgorithmOID.ED25519:
        return True
    try:
        return isinstance(certificate.signature_hash_algorithm, _STRONG_HASHES)
    except UnsupportedAlgorithm:
        return False
