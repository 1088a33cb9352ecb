"""What an authority says about a certificate: revocation lists (RFC 5280, 5) and OCSP (RFC 6960). Pure: bytes in.

A word counts only when all of this holds:

    list   1. issued by the certificate's issuer, which may sign lists, over SHA-256 or better
           2. whole and about such certificates: no delta, no indirect list, not for other kinds or some reasons alone
           3. thisUpdate is not in the future, nextUpdate is there and not past
    OCSP   1. it answers about this certificate of this issuer
           2. signed by the issuer, or by a responder that the issuer made one (id-kp-OCSPSigning), which is valid now
              and carries id-pkix-ocsp-nocheck, since nothing could be asked about the responder itself
           3. the nonce, where one is given back, is the one that was sent
           4. the same times; without nextUpdate a word is good for an hour
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, SHA384, SHA512, Hash, HashAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

from gateway.domain.errors import Refused
from gateway.trust.chains import issued_by, may_sign_lists

SKEW: Final = timedelta(minutes=5)
"""How far an authority's clock may be before ours."""

WITHOUT_END: Final = timedelta(hours=1)
"""How long an OCSP answer without nextUpdate is good for, from its thisUpdate on."""

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


def list_addresses(certificate: x509.Certificate) -> tuple[str, ...]:
    """Where its issuer publishes revocation lists, by HTTP; lists for some reasons alone or by others are left out."""
    try:
        points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    except (x509.ExtensionNotFound, ValueError):
        return ()
    whole = (each for each in points if each.reasons is None and each.crl_issuer is None)
    return tuple(_web(name for point in whole for name in point.full_name or ()))


def responder_addresses(certificate: x509.Certificate) -> tuple[str, ...]:
    """Where its issuer answers OCSP, by HTTP."""
    try:
        access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except (x509.ExtensionNotFound, ValueError):
        return ()
    return tuple(
        _web(each.access_location for each in access if each.access_method == AuthorityInformationAccessOID.OCSP)
    )


def load_list(data: bytes) -> x509.CertificateRevocationList:
    """Read a revocation list, DER or PEM. Raises Refused `revocation-answer-wrong`."""
    try:
        if data.lstrip().startswith(b"-----BEGIN"):
            return x509.load_pem_x509_crl(data)
        return x509.load_der_x509_crl(data)
    except (ValueError, TypeError, UnsupportedAlgorithm) as fault:
        raise _wrong("it is no revocation list in DER or PEM") from fault


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
        raise _wrong("the list is another issuer's")
    if not may_sign_lists(issuer):
        raise _wrong("the issuer's key usage does not allow it to sign lists")
    if not _strongly_signed(found.signature_hash_algorithm, issuer) or not _is_list_signed(found, issuer):
        raise _wrong("the list is not signed with the issuer's key, over SHA-256 or better")
    _check_scope(found, certificate)  # 2.
    next_update = found.next_update_utc
    if next_update is None:
        raise _wrong("the list does not say when the next one comes")
    _check_times(found.last_update_utc, next_update, at)  # 3.
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


def ocsp_question(certificate: x509.Certificate, issuer: x509.Certificate, nonce: bytes) -> bytes:
    """Make a request about one certificate. SHA-1 names the issuer, as responders expect (RFC 5019, 2.1.1)."""
    builder = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, SHA1())  # noqa: S303 - a name, no proof
    return builder.add_extension(x509.OCSPNonce(nonce), critical=False).build().public_bytes(Encoding.DER)


def read_ocsp(
    data: bytes, certificate: x509.Certificate, issuer: x509.Certificate, nonce: bytes, at: datetime, source: str
) -> Word:
    """Give what an OCSP response says about a certificate of `issuer`. Raises Refused `revocation-answer-wrong`."""
    try:
        response = ocsp.load_der_ocsp_response(data)
        if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            raise _wrong(f"the responder says {response.response_status.name}")
        about = next((each for each in response.responses if _is_about(each, certificate, issuer)), None)  # 1.
        if about is None:
            raise _wrong("the answer is about another certificate")
        _check_responder(response, issuer, at)  # 2.
        _check_nonce(response, nonce)  # 3.
        return _word(about, at, source)  # 4.
    except (ValueError, TypeError, UnsupportedAlgorithm) as fault:
        raise _wrong("it is no OCSP response that can be read") from fault


# --- OCSP -------------------------------------------------------------------------------------------------------------


def _word(about: ocsp.OCSPSingleResponse, at: datetime, source: str) -> Word:
    next_update = about.next_update_utc or about.this_update_utc + WITHOUT_END
    _check_times(about.this_update_utc, next_update, at)
    status = about.certificate_status
    if status is ocsp.OCSPCertStatus.UNKNOWN:
        raise _wrong("the responder does not know the certificate")
    revoked = status is ocsp.OCSPCertStatus.REVOKED
    reason = about.revocation_reason.value if revoked and about.revocation_reason is not None else ""
    return Word(
        this_update=about.this_update_utc,
        next_update=next_update,
        source=source,
        revoked_at=about.revocation_time_utc if revoked else None,
        reason=reason,
    )


def _is_about(single: ocsp.OCSPSingleResponse, certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    return (
        single.serial_number == certificate.serial_number
        and single.issuer_name_hash == _digest(single.hash_algorithm, issuer.subject.public_bytes())
        and single.issuer_key_hash == _digest(single.hash_algorithm, _key_bits(issuer))
    )


def _check_responder(response: ocsp.OCSPResponse, issuer: x509.Certificate, at: datetime) -> None:
    signers = [issuer, *(each for each in response.certificates if each != issuer)]
    named = [each for each in signers if _is_named(response, each)]
    for signer in named:
        if not _strongly_signed(response.signature_hash_algorithm, signer) or not _is_response_signed(response, signer):
            continue
        if signer != issuer:
            _check_delegated(signer, issuer, at)
        return
    raise _wrong("the answer is not signed by the issuer, nor by a responder that came with it, over SHA-256 or better")


def _check_delegated(responder: x509.Certificate, issuer: x509.Certificate, at: datetime) -> None:
    if not issued_by(responder, issuer):
        raise _wrong("the responder's certificate is not of the issuer")
    if not responder.not_valid_before_utc <= at <= responder.not_valid_after_utc:
        raise _wrong("the responder's certificate is not valid now")
    try:
        uses = responder.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        responder.extensions.get_extension_for_class(x509.OCSPNoCheck)
    except x509.ExtensionNotFound as fault:
        raise _wrong("the responder's certificate lacks id-kp-OCSPSigning or id-pkix-ocsp-nocheck") from fault
    if ExtendedKeyUsageOID.OCSP_SIGNING not in uses:
        raise _wrong("the responder's certificate is not for OCSP signing")


def _is_named(response: ocsp.OCSPResponse, signer: x509.Certificate) -> bool:
    if response.responder_name is not None:
        return response.responder_name == signer.subject
    return response.responder_key_hash == _digest(SHA1(), _key_bits(signer))  # noqa: S303 - RFC 6960, 4.2.2.3 fixes it


def _is_response_signed(response: ocsp.OCSPResponse, signer: x509.Certificate) -> bool:
    key, signature, signed = signer.public_key(), response.signature, response.tbs_response_bytes
    hashed = response.signature_hash_algorithm
    try:
        match key:
            case rsa.RSAPublicKey() if hashed is not None:
                key.verify(signature, signed, padding.PKCS1v15(), hashed)
            case ec.EllipticCurvePublicKey() if hashed is not None:
                key.verify(signature, signed, ec.ECDSA(hashed))
            case ed25519.Ed25519PublicKey():
                key.verify(signature, signed)
            case _:
                return False
    except InvalidSignature:
        return False
    return True


def _check_nonce(response: ocsp.OCSPResponse, nonce: bytes) -> None:
    try:
        given = response.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce
    except x509.ExtensionNotFound:
        return  # responders that sign ahead give none; then the times tell how old the word is
    if given != nonce:
        raise _wrong("the answer is one to another question (nonce)")


# --- lists and both ---------------------------------------------------------------------------------------------------


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
        raise _wrong("the list's extensions cannot be read") from fault
    if deltas or any(not isinstance(each, x509.IssuingDistributionPoint) for each in critical):
        raise _wrong("the list has critical extensions that are not processed, or is a delta")
    for point in critical:
        if not isinstance(point, x509.IssuingDistributionPoint):
            continue
        others = point.only_contains_user_certs if is_authority else point.only_contains_ca_certs
        if others or point.indirect_crl or point.only_some_reasons or point.only_contains_attribute_certs:
            raise _wrong("the list is about other certificates, or about some reasons alone")


def _is_list_signed(found: x509.CertificateRevocationList, issuer: x509.Certificate) -> bool:
    key = issuer.public_key()
    if not isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey):
        return False
    try:
        return found.is_signature_valid(key)
    except (TypeError, ValueError, UnsupportedAlgorithm):
        return False


def _strongly_signed(hashed: HashAlgorithm | None, signer: x509.Certificate) -> bool:
    if isinstance(signer.public_key(), ed25519.Ed25519PublicKey):
        return hashed is None
    return isinstance(hashed, _STRONG)


def _check_times(this_update: datetime, next_update: datetime, at: datetime) -> None:
    if this_update > at + SKEW:
        raise _wrong(f"it is from the future ({this_update.isoformat()})")
    if next_update < at:
        raise _wrong(f"it is stale since {next_update.isoformat()}")


def _reason(entry: x509.RevokedCertificate) -> str:
    try:
        return entry.extensions.get_extension_for_class(x509.CRLReason).value.reason.value
    except (x509.ExtensionNotFound, ValueError):
        return ""


def _key_bits(certificate: x509.Certificate) -> bytes:
    """What stands in the BIT STRING of the public key: OCSP hashes that (RFC 6960, 4.1.1)."""
    match certificate.public_key():
        case rsa.RSAPublicKey() as key:
            return key.public_bytes(Encoding.DER, PublicFormat.PKCS1)
        case ec.EllipticCurvePublicKey() as key:
            return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        case ed25519.Ed25519PublicKey() as key:
            return key.public_bytes_raw()
        case _:
            raise ValueError("no key that an authority may have here")


def _digest(algorithm: HashAlgorithm, data: bytes) -> bytes:
    made = Hash(algorithm)
    made.update(data)
    return made.finalize()


def _web(names: Iterable[x509.GeneralName]) -> list[str]:
    found = [each.value for each in names if isinstance(each, x509.UniformResourceIdentifier)]
    return [each for each in found if each.lower().startswith(("http://", "https://"))]


def _wrong(why: str) -> Refused:
    return Refused(f"the authority's answer does not count: {why}", code="revocation-answer-wrong")
