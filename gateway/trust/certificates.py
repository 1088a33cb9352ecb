"""Certificates of agencies, as staff registered them. A certificate inside a message only says which of them is meant.

Registration: the certificate is strong enough (`check_registrable`), and its holder has signed a challenge
(`possession_challenge`, then `openssl dgst -sha256 -sign key.pem challenge.txt`, then `verify_possession`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512

from gateway.domain.errors import Malformed, Misconfigured, Refused, Unauthenticated
from gateway.trust.keys import fingerprint
from gateway.trust.policy import KeyKind, kind_of

_STRONG_HASHES = (SHA256, SHA384, SHA512)
MAX_CERTIFICATE_BYTES = 16 * 1024


class Use(StrEnum):
    """What an agency uses a certificate for."""

    SIGN = "sign"
    """It signs messages to us."""
    ENCRYPT = "encrypt"
    """We encrypt confidential messages to it."""
    TLS = "tls"
    """It is shown in the TLS handshake (mTLS)."""


ALL_USES = frozenset(Use)


@dataclass(frozen=True, kw_only=True)
class RegisteredCertificate:
    """A certificate that staff registered for an agency, for `uses`; `revoked_at` is None while it stands."""

    agency: str
    certificate: x509.Certificate
    fingerprint: str
    revoked_at: datetime | None = None
    uses: frozenset[Use] = ALL_USES


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


def load_certificate(data: bytes) -> x509.Certificate:
    """Read one certificate, PEM or DER. Raises Malformed `certificate-malformed`."""
    try:
        if len(data) > MAX_CERTIFICATE_BYTES:
            raise ValueError("too large")
        certificate = (
            x509.load_pem_x509_certificate(data)
            if data.lstrip().startswith(b"-----BEGIN")
            else x509.load_der_x509_certificate(data)
        )
        certificate.public_key()
    except (ValueError, UnsupportedAlgorithm) as fault:
        raise Malformed("this is not an X.509 certificate in PEM or DER form", code="certificate-malformed") from fault
    return certificate


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
    """Let a certificate pass that is valid at `at` and not revoked by then.

    Raises Unauthenticated: `certificate-revoked`, `certificate-not-yet-valid`, `certificate-expired`.
    """
    shown = registered.fingerprint[:16]
    if registered.revoked_at is not None and registered.revoked_at <= at:
        raise Unauthenticated(
            f"certificate {shown} was revoked at {registered.revoked_at.isoformat()}; sign with another registered one",
            code="certificate-revoked",
        )
    if at < registered.certificate.not_valid_before_utc:
        raise Unauthenticated(
            f"certificate {shown} is valid from {registered.certificate.not_valid_before_utc.isoformat()}; "
            "sign with the current one",
            code="certificate-not-yet-valid",
        )
    if at > registered.certificate.not_valid_after_utc:
        raise Unauthenticated(
            f"certificate {shown} expired at {registered.certificate.not_valid_after_utc.isoformat()}; "
            "register its successor and sign with that",
            code="certificate-expired",
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
        and each.revoked_at is None
        and each.certificate.not_valid_before_utc <= at <= each.certificate.not_valid_after_utc
        and kind_of(each.certificate.public_key()) in kinds
        and _may_encrypt(each.certificate)
    ]
    if not usable:
        raise Misconfigured(
            f"no usable certificate of {agency} is registered for encryption ({' or '.join(sorted(kinds))}): "
            f"simojo agency certify {agency} CERTIFICATE CHALLENGE PROOF --use encrypt",
            code="encryption-certificate-missing",
            clause="Pasal 20 c",
        )
    return max(reversed(usable), key=lambda certificate: certificate.not_valid_before_utc)


def _may_encrypt(certificate: x509.Certificate) -> bool:
    """Say whether a certificate leaves encryption among its key's usages; one that names no usages leaves all."""
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except (x509.ExtensionNotFound, ValueError):
        return True
    if isinstance(certificate.public_key(), rsa.RSAPublicKey):
        return usage.key_encipherment or usage.data_encipherment
    return usage.key_agreement


def check_registrable(certificate: x509.Certificate) -> None:
    """Let a certificate pass whose key and own signature are strong enough and which is meant for signing.

    Raises Refused: `certificate-weak` (key kind or size, signature over SHA-1 or MD5), `certificate-not-for-signing`
    (a key usage that leaves out digital signatures).
    """
    if kind_of(certificate.public_key()) is None:
        raise Refused(
            "the key of the certificate is not allowed: use RSA of 2048 to 8192 bits, EC P-256 or P-384, or Ed25519",
            code="certificate-weak",
        )
    if not _is_strongly_signed(certificate):
        raise Refused(
            "the certificate itself is signed with a weak algorithm: have it issued with SHA-256 or better",
            code="certificate-weak",
        )
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return
    except ValueError as fault:
        raise Malformed("the extensions of the certificate cannot be read", code="certificate-malformed") from fault
    if not (usage.digital_signature or usage.content_commitment):
        raise Refused(
            "the certificate's key usage leaves out digital signatures; have one issued for signing",
            code="certificate-not-for-signing",
        )


def _is_strongly_signed(certificate: x509.Certificate) -> bool:
    if certificate.signature_algorithm_oid == x509.SignatureAlgorithmOID.ED25519:
        return True
    try:
        return isinstance(certificate.signature_hash_algorithm, _STRONG_HASHES)
    except UnsupportedAlgorithm:
        return False


def possession_challenge(agency: str, certificate_fingerprint: str, nonce: str) -> bytes:
    """Give the text that the holder of the certificate's key signs, UTF-8 with a final newline.

    The first line says what the signature means, so that it cannot be passed off as one over a message. Raises
    ValueError for parts that are empty or hold white space.
    """
    parts = {"agency": agency, "certificate": certificate_fingerprint, "nonce": nonce}
    for name, value in parts.items():
        if not value or not value.isprintable() or len(value.split()) != 1:
            raise ValueError(f"{name} is one word")
    lines = ["SIMOJO Gateway: I hold the private key of this certificate and ask to register it."]
    lines += [f"{name}: {value}" for name, value in parts.items()]
    return ("\n".join(lines) + "\n").encode()


def verify_possession(certificate: x509.Certificate, challenge: bytes, signature: bytes) -> None:
    """Check a signature over `challenge` as `openssl dgst -sha256 -sign` makes it (Ed25519: `pkeyutl -sign -rawin`).

    Raises Unauthenticated `possession-not-proven`.
    """
    public_key = certificate.public_key()
    try:
        match public_key:
            case rsa.RSAPublicKey():
                public_key.verify(signature, challenge, padding.PKCS1v15(), SHA256())
            case ec.EllipticCurvePublicKey():
                public_key.verify(signature, challenge, ec.ECDSA(SHA256()))
            case ed25519.Ed25519PublicKey():
                public_key.verify(signature, challenge)
            case _:
                raise InvalidSignature
    except InvalidSignature as fault:
        raise Unauthenticated(
            "the signature over the challenge was not made with the key of this certificate; "
            "sign the challenge file unchanged: openssl dgst -sha256 -sign key.pem challenge.txt",
            code="possession-not-proven",
        ) from fault
