"""Detached JWS (RFC 7515 appendix F) over the exact bytes of a body: `header..signature`.

The protected header holds `alg`, `x5t#S256` and the claims. Verification, in this order:
1. size and shape of the three parts
2. algorithm on the allow-list, no extension that must be understood, no key that the message brings itself
3. certificate by fingerprint among the registered ones, usable now; algorithm and key go together
4. signature over header and payload
5. claims: complete, issuer is the certificate's agency, audience is us, lifetime bounded
Freshness (`gateway.trust.freshness`) is the caller's next step but one: replay comes in between.

Steps 1 to 3 (`read_signer`) need nothing but the header line: what is encrypted is decrypted after them alone, so that
nobody without a registered certificate to name costs an operation of our private key.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils
from cryptography.hazmat.primitives.hashes import SHA256

from gateway.domain.errors import Unauthenticated
from gateway.primitives.json_writer import JsonWriter
from gateway.trust.certificates import RegisteredCertificate, check_usable, find_certificate
from gateway.trust.compact import decode, encode, header_of
from gateway.trust.freshness import WINDOW_S
from gateway.trust.keys import SigningKey
from gateway.trust.policy import (
    JWS_SIGNING,
    Padding,
    PublicKey,
    SignatureAlgorithm,
    check_key,
    jws_signature,
)

MAX_SIGNATURE_CHARACTERS = 8192
REFUSED_MEMBERS = ("crit", "b64", "jwk", "jku", "x5c", "x5u")
"""Members that change what is signed, or bring or name a key: the registered certificate alone decides."""
MAX_CLAIM_CHARACTERS = 256
_MAX_TIME = 2**33
_writer = JsonWriter(ensure_ascii=True)
_PSS = padding.PSS(mgf=padding.MGF1(SHA256()), salt_length=padding.PSS.DIGEST_LENGTH)


@dataclass(frozen=True, kw_only=True)
class JwsClaims:
    """What the header says of its message.

    `iss` sender, `aud` receiver, `iat` and `exp` (whole seconds, UTC), `jti` message id, `agr` agreement id and
    version (`dpupr-2026/1.0`), `int_` interaction (in the header: `int`). In answers also `rel`, the base64url SHA-256
    of the request's body, and `leaf`, the hex hash of the accepted leaf.
    """

    iss: str
    aud: str
    iat: datetime
    exp: datetime
    jti: str
    agr: str
    int_: str
    rel: str | None = None
    leaf: str | None = None


@dataclass(frozen=True, kw_only=True)
class VerifiedJws:
    """What was verified: these bytes, these claims, by this certificate, with this algorithm (`alg`)."""

    payload: bytes
    claims: JwsClaims
    certificate: RegisteredCertificate
    algorithm: str


@dataclass(frozen=True, kw_only=True)
class Signer:
    """Whom a detached JWS names. Nothing is proven yet: anybody can write the name of somebody's certificate."""

    certificate: RegisteredCertificate
    algorithm: SignatureAlgorithm
    public_key: PublicKey
    protected: str
    header: Mapping[str, object]
    signature: bytes


def sign_detached(payload: bytes, key: SigningKey, claims: JwsClaims) -> str:
    """Give the detached JWS over `payload`: ES256, ES384, PS256 or Ed25519, as the key is."""
    algorithm = JWS_SIGNING[key.kind]
    header: dict[str, str | int] = {
        "alg": algorithm.name,
        "x5t#S256": encode(bytes.fromhex(key.fingerprint)),
        "iss": claims.iss,
        "aud": claims.aud,
        "iat": int(claims.iat.timestamp()),
        "exp": int(claims.exp.timestamp()),
        "jti": claims.jti,
        "agr": claims.agr,
        "int": claims.int_,
    }
    header |= {name: value for name, value in (("rel", claims.rel), ("leaf", claims.leaf)) if value is not None}
    protected = encode(_writer.write(header).encode())
    return f"{protected}..{encode(key.operations.sign(algorithm, _signing_input(protected, payload)))}"


def read_signer(signature: str, certificates: Sequence[RegisteredCertificate], at: datetime) -> Signer:
    """Read a detached JWS as far as it goes without its payload: well-formed, allowed, and by one of `certificates`.

    Raises Unauthenticated: `signature-missing`, `signature-malformed`, `signature-policy`, and what `find_certificate`
    and `check_usable` raise.
    """
    # 1. size and shape
    protected, raw_signature = _parts(signature)
    header = _header(protected)
    # 2. algorithm
    for member in REFUSED_MEMBERS:
        if member in header:
            raise Unauthenticated(
                f"the header member {member} is not allowed; leave it out: the certificate is known by x5t#S256",
                code="signature-policy",
            )
    algorithm = jws_signature(_word(header, "alg", "signature-malformed"))
    # 3. certificate
    thumbprint = _decode(_word(header, "x5t#S256", "signature-malformed"), "x5t#S256")
    registered = find_certificate(certificates, thumbprint.hex())
    check_usable(registered, at)
    return Signer(
        certificate=registered,
        algorithm=algorithm,
        public_key=check_key(algorithm, registered.public_key),
        protected=protected,
        header=header,
        signature=raw_signature,
    )


def verify_detached(
    signature: str,
    payload: bytes,
    certificates: Sequence[RegisteredCertificate],
    at: datetime,
    *,
    audience: str,
) -> VerifiedJws:
    """Verify a detached JWS over `payload` by one of `certificates`, meant for `audience`.

    Raises Unauthenticated: what `read_signer` raises, `signature-wrong`, `signature-claims`.
    """
    # 1. to 3. shape, algorithm, certificate
    signer = read_signer(signature, certificates, at)
    registered = signer.certificate
    # 4. signature
    try:
        _verify(signer.algorithm, signer.public_key, signer.signature, _signing_input(signer.protected, payload))
    except InvalidSignature as fault:
        raise Unauthenticated(
            "the signature does not belong to this body, this header and the registered certificate; "
            "sign the exact bytes that are sent",
            code="signature-wrong",
        ) from fault
    # 5. claims
    claims = _claims(signer.header)
    if claims.iss != registered.agency:
        raise _claim("iss", f"is {claims.iss[:100]!r}, and has to be {registered.agency!r}, as the certificate's")
    if claims.aud != audience:
        raise _claim("aud", f"is {claims.aud[:100]!r}, and has to be {audience!r}, this receiver")
    lifetime = (claims.exp - claims.iat).total_seconds()
    if not 0 < lifetime <= WINDOW_S:
        raise _claim("exp", f"is {lifetime:.0f} s after iat, and has to be 1 to {WINDOW_S} s after it")
    return VerifiedJws(payload=payload, claims=claims, certificate=registered, algorithm=signer.algorithm.name)


def _parts(signature: str) -> tuple[str, bytes]:
    if not signature:
        raise Unauthenticated("the message has no signature; send a detached JWS", code="signature-missing")
    if len(signature) > MAX_SIGNATURE_CHARACTERS:
        raise _malformed(f"it has more than {MAX_SIGNATURE_CHARACTERS} characters")
    protected, *rest = signature.split(".")
    if len(rest) != 2 or rest[0]:
        raise _malformed("it is not of the form header..signature")
    return protected, _decode(rest[1], "signature")


def _header(protected: str) -> Mapping[str, object]:
    try:
        return header_of(_decode(protected, "header"))
    except ValueError as fault:
        raise _malformed("its header is not a JSON object with each member once") from fault


def _word(header: Mapping[str, object], name: str, code: str) -> str:
    value = header.get(name)
    if not isinstance(value, str) or not value.isprintable() or not 0 < len(value) <= MAX_CLAIM_CHARACTERS:
        raise Unauthenticated(
            f"the header member {name} is not a text of 1 to {MAX_CLAIM_CHARACTERS} printable characters", code=code
        )
    return value


def _claims(header: Mapping[str, object]) -> JwsClaims:
    return JwsClaims(
        iss=_word(header, "iss", "signature-claims"),
        aud=_word(header, "aud", "signature-claims"),
        jti=_word(header, "jti", "signature-claims"),
        agr=_word(header, "agr", "signature-claims"),
        int_=_word(header, "int", "signature-claims"),
        rel=_word(header, "rel", "signature-claims") if "rel" in header else None,
        leaf=_word(header, "leaf", "signature-claims") if "leaf" in header else None,
        iat=_time(header, "iat"),
        exp=_time(header, "exp"),
    )


def _time(header: Mapping[str, object], name: str) -> datetime:
    value = header.get(name)
    # bool is an int in Python and not in JSON
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < _MAX_TIME:
        raise _claim(name, "is not a time in whole seconds")
    return datetime.fromtimestamp(value, UTC)


def _claim(name: str, fault: str) -> Unauthenticated:
    return Unauthenticated(f"the header member {name} {fault}", code="signature-claims")


def _malformed(fault: str) -> Unauthenticated:
    return Unauthenticated(f"the detached JWS cannot be read: {fault}", code="signature-malformed")


def _decode(text: str, place: str) -> bytes:
    try:
        data = decode(text)
    except ValueError as fault:
        raise _malformed(f"its {place} is not base64url without padding") from fault
    if not data:
        raise _malformed(f"its {place} is empty")
    return data


def _signing_input(protected: str, payload: bytes) -> bytes:
    return f"{protected}.{encode(payload)}".encode()


def _verify(algorithm: SignatureAlgorithm, public_key: PublicKey, signature: bytes, data: bytes) -> None:
    match public_key:
        case ed25519.Ed25519PublicKey():
            public_key.verify(signature, data)
        case rsa.RSAPublicKey():
            scheme = _PSS if algorithm.padding is Padding.PSS else padding.PKCS1v15()
            public_key.verify(signature, data, scheme, SHA256())
        case ec.EllipticCurvePublicKey():
            size = public_key.curve.key_size // 8
            if len(signature) != 2 * size:
                raise InvalidSignature
            r, s = int.from_bytes(signature[:size]), int.from_bytes(signature[size:])
            public_key.verify(utils.encode_dss_signature(r, s), data, _ecdsa(algorithm))


def _ecdsa(algorithm: SignatureAlgorithm) -> ec.ECDSA:
    if algorithm.hash is None:
        raise AssertionError("every ECDSA algorithm of the allow-list has a hash")
    return ec.ECDSA(algorithm.hash())
