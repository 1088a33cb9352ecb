"""OCSP (RFC 6960): asking a responder about one certificate, and reading its answer. Pure: bytes in.

What an answer says counts only when all of this holds:

    1. it answers about this certificate of this issuer
    2. signed by the issuer, or by a responder that the issuer made one (id-kp-OCSPSigning), which is valid now and
       carries id-pkix-ocsp-nocheck, since nothing could be asked about the responder itself
    3. the nonce, where one is given back, is the one that was sent
    4. thisUpdate is not in the future, nextUpdate not past; without nextUpdate a word is good for an hour
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1, Hash, HashAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

from gateway.trust.chains import issued_by
from gateway.trust.revocation import Word, check_times, strongly_signed, web_addresses, wrong

WITHOUT_END: Final = timedelta(hours=1)
"""How long an OCSP answer without nextUpdate is good for, from its thisUpdate on."""


def responder_addresses(certificate: x509.Certificate) -> tuple[str, ...]:
    """Where its issuer answers OCSP, by HTTP."""
    try:
        access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except (x509.ExtensionNotFound, ValueError):
        return ()
    asked = (each for each in access if each.access_method == AuthorityInformationAccessOID.OCSP)
    return tuple(web_addresses(each.access_location for each in asked))


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
            raise wrong(f"the responder says {response.response_status.name}")
        about = next((each for each in response.responses if _is_about(each, certificate, issuer)), None)  # 1.
        if about is None:
            raise wrong("the answer is about another certificate")
        _check_responder(response, issuer, at)  # 2.
        _check_nonce(response, nonce)  # 3.
        return _word(about, at, source)  # 4.
    except (ValueError, TypeError, UnsupportedAlgorithm) as fault:
        raise wrong("it is no OCSP response that can be read") from fault


def _word(about: ocsp.OCSPSingleResponse, at: datetime, source: str) -> Word:
    next_update = about.next_update_utc or about.this_update_utc + WITHOUT_END
    check_times(about.this_update_utc, next_update, at)
    status = about.certificate_status
    if status is ocsp.OCSPCertStatus.UNKNOWN:
        raise wrong("the responder does not know the certificate")
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
        if not strongly_signed(response.signature_hash_algorithm, signer) or not _is_response_signed(response, signer):
            continue
        if signer != issuer:
            _check_delegated(signer, issuer, at)
        return
    raise wrong("the answer is not signed by the issuer, nor by a responder that came with it, over SHA-256 or better")


def _check_delegated(responder: x509.Certificate, issuer: x509.Certificate, at: datetime) -> None:
    if not issued_by(responder, issuer):
        raise wrong("the responder's certificate is not of the issuer")
    if not responder.not_valid_before_utc <= at <= responder.not_valid_after_utc:
        raise wrong("the responder's certificate is not valid now")
    try:
        uses = responder.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        responder.extensions.get_extension_for_class(x509.OCSPNoCheck)
    except x509.ExtensionNotFound as fault:
        raise wrong("the responder's certificate lacks id-kp-OCSPSigning or id-pkix-ocsp-nocheck") from fault
    if ExtendedKeyUsageOID.OCSP_SIGNING not in uses:
        raise wrong("the responder's certificate is not for OCSP signing")


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
        raise wrong("the answer is one to another question (nonce)")


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
