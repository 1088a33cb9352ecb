"""Detached JWS (RFC 7515 appendix F) over the exact bytes of a REST body."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from conformance.signing.keys import Identity, is_valid_at
from gateway.domain.errors import Unauthenticated

HEADER = "X-JWS-Signature"
LIFE_S = 300
SKEW = timedelta(seconds=60)
_P256_BYTES = 32
_MAX_TIME = 2**33


def base64url(data: bytes) -> str:
    """Encode without padding (RFC 7515 section 2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def thumbprint(certificate: x509.Certificate) -> str:
    """Give x5t#S256: base64url of the SHA-256 of the certificate's DER."""
    return base64url(certificate.fingerprint(hashes.SHA256()))


def body_digest(body: bytes) -> str:
    """Give `rel`: base64url of the SHA-256 of a request's bytes."""
    return base64url(hashlib.sha256(body).digest())


def sign_detached(body: bytes, identity: Identity, claims: Mapping[str, str | int], *, at: datetime) -> str:
    """Sign `body` at `at`. `claims` are iss, aud, jti, agr, int and, in answers, rel and leaf; the rest is added."""
    issued = int(at.timestamp())
    protected = {
        "alg": _algorithm(identity),
        "x5t#S256": thumbprint(identity.certificate),
        "iat": issued,
        "exp": issued + LIFE_S,
        **claims,
    }
    head = base64url(json.dumps(protected, separators=(",", ":")).encode())
    return f"{head}..{base64url(_sign(identity, f'{head}.{base64url(body)}'.encode()))}"


def verify_detached(
    token: str,
    body: bytes,
    trusted: Sequence[x509.Certificate],
    *,
    issuer: str,
    audience: str,
    at: datetime,
    kept: bool = False,
) -> dict[str, str | int]:
    """Verify a detached JWS over `body` and give its protected header. Raises Unauthenticated.

    `kept`: it is of a document that was fetched from a folder, not of a message on its way: it may hold for years, and
    the certificate has to have been valid when it was made.

    Codes: not-signed, certificate-unknown, certificate-expired, algorithm-forbidden, signature-wrong,
    signature-claims, timestamp-stale.
    """
    head, _, rest = token.partition(".")
    empty, _, tail = rest.partition(".")
    try:
        protected, signature = json.loads(_decode(head)), _decode(tail)
    except ValueError as fault:
        raise Unauthenticated("there is no readable detached JWS", code="not-signed") from fault
    if empty or not isinstance(protected, dict) or "crit" in protected or protected.get("b64", True) is not True:
        raise Unauthenticated("the JWS is not detached, or asks for an extension", code="not-signed")
    certificate = next((each for each in trusted if thumbprint(each) == protected.get("x5t#S256")), None)
    if certificate is None:
        raise Unauthenticated("x5t#S256 names no registered certificate", code="certificate-unknown")
    if not is_valid_at(certificate, _made_at(protected) if kept else at):
        raise Unauthenticated("the certificate is not valid now", code="certificate-expired")
    _check(certificate, str(protected.get("alg")), signature, f"{head}.{base64url(body)}".encode())
    if (protected.get("iss"), protected.get("aud")) != (issuer, audience):
        raise Unauthenticated(f"the JWS is not from {issuer} for {audience}", code="signature-claims")
    _check_times(protected.get("iat"), protected.get("exp"), at, None if kept else LIFE_S)
    return protected


def _decode(text: str) -> bytes:
    if not text:
        raise ValueError("empty part")
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def _algorithm(identity: Identity) -> str:
    if isinstance(identity.key, rsa.RSAPrivateKey):
        return "RS256"
    if isinstance(identity.key, ed25519.Ed25519PrivateKey):
        return "Ed25519"
    return "ES256"


def _sign(identity: Identity, data: bytes) -> bytes:
    key = identity.key
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(data, padding.PKCS1v15(), hashes.SHA256())
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(data)
    if not isinstance(key.curve, ec.SECP256R1):
        raise Unauthenticated("ES256 needs a P-256 key", code="key-unfit")
    r, s = decode_dss_signature(key.sign(data, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(_P256_BYTES, "big") + s.to_bytes(_P256_BYTES, "big")


def _check(certificate: x509.Certificate, algorithm: str, signature: bytes, data: bytes) -> None:
    key = certificate.public_key()
    try:
        if isinstance(key, rsa.RSAPublicKey) and algorithm == "RS256":
            key.verify(signature, data, padding.PKCS1v15(), hashes.SHA256())
        elif isinstance(key, rsa.RSAPublicKey) and algorithm == "PS256":
            pss = padding.PSS(padding.MGF1(hashes.SHA256()), hashes.SHA256().digest_size)
            key.verify(signature, data, pss, hashes.SHA256())
        elif isinstance(key, ed25519.Ed25519PublicKey) and algorithm in ("Ed25519", "EdDSA"):
            key.verify(signature, data)
        elif isinstance(key, ec.EllipticCurvePublicKey) and algorithm == "ES256" and len(signature) == 2 * _P256_BYTES:
            r, s = (int.from_bytes(half, "big") for half in (signature[:_P256_BYTES], signature[_P256_BYTES:]))
            key.verify(encode_dss_signature(r, s), data, ec.ECDSA(hashes.SHA256()))
        else:
            text = f"alg {algorithm!r} is not allowed with this certificate's key"
            raise Unauthenticated(text, code="algorithm-forbidden")
    except InvalidSignature as fault:
        raise Unauthenticated("the signature does not match the body", code="signature-wrong") from fault


def _made_at(protected: Mapping[str, object]) -> datetime:
    issued = protected.get("iat")
    if not isinstance(issued, int) or not 0 <= issued < _MAX_TIME:
        raise Unauthenticated("iat is no time in whole seconds", code="timestamp-stale")
    return datetime.fromtimestamp(issued, UTC)


def _check_times(issued: object, expires: object, at: datetime, life_s: int | None) -> None:
    if not isinstance(issued, int) or not isinstance(expires, int):
        raise Unauthenticated("iat and exp are whole seconds", code="timestamp-stale")
    now, skew = at.timestamp(), SKEW.total_seconds()
    is_bounded = expires - issued > 0 and (life_s is None or expires - issued <= life_s)
    if not (issued - skew <= now <= expires + skew and is_bounded):
        raise Unauthenticated(f"iat {issued} to exp {expires} does not cover now", code="timestamp-stale")
