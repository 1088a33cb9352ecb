"""The algorithms that are trusted, in one place; everything else is refused by its name.

RSA from 2048 bits and ECDSA on P-256 or P-384, with SHA-256 or better, over exclusive canonical XML. RSA-PSS and
Ed25519 in JWS alone, because python-xmlsec has neither usable. Content is encrypted by AES-GCM, its key by RSA-OAEP
or, in JWE alone, by ECDH-ES. A policy refusal (`signature-policy`, `encryption-policy`) is another thing than a wrong
signature: the sender changes its configuration, nobody looks for an attacker.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias, TypeVar

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, SHA384, SHA512, HashAlgorithm

from gateway.domain.errors import Unauthenticated
from gateway.trust import names

_DSIG = "http://www.w3.org/2000/09/xmldsig#"
_DSIG_MORE = "http://www.w3.org/2001/04/xmldsig-more#"
_DSIG_MORE_2007 = "http://www.w3.org/2007/05/xmldsig-more#"
_XENC = "http://www.w3.org/2001/04/xmlenc#"
_XENC11 = "http://www.w3.org/2009/xmlenc11#"

MIN_RSA_BITS: Final = 2048
MIN_RSA_EXPONENT: Final = 65537
MAX_RSA_BITS: Final = 8192
"""Above this a verification costs more than an honest sender needs to ask for."""


class KeyKind(StrEnum):
    """What a public key is, as far as an algorithm cares."""

    RSA = "rsa"
    P256 = "p-256"
    P384 = "p-384"
    ED25519 = "ed25519"


PublicKey: TypeAlias = rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey
"""The public keys that a certificate may hold here."""


class Padding(StrEnum):
    """How an RSA signature is padded."""

    PKCS1 = "pkcs1v15"
    PSS = "pss"


@dataclass(frozen=True)
class SignatureAlgorithm:
    """A signature algorithm: the keys that it goes with, its hash (None: built in), its padding (RSA alone)."""

    name: str
    keys: frozenset[KeyKind]
    hash: type[HashAlgorithm] | None
    padding: Padding | None = None


_RSA = frozenset({KeyKind.RSA})
_EC = frozenset({KeyKind.P256, KeyKind.P384})

XML_SIGNATURES: Final = {
    algorithm.name: algorithm
    for algorithm in (
        SignatureAlgorithm(f"{_DSIG_MORE}rsa-sha256", _RSA, SHA256, Padding.PKCS1),
        SignatureAlgorithm(f"{_DSIG_MORE}rsa-sha384", _RSA, SHA384, Padding.PKCS1),
        SignatureAlgorithm(f"{_DSIG_MORE}rsa-sha512", _RSA, SHA512, Padding.PKCS1),
        SignatureAlgorithm(f"{_DSIG_MORE}ecdsa-sha256", _EC, SHA256),
        SignatureAlgorithm(f"{_DSIG_MORE}ecdsa-sha384", _EC, SHA384),
        SignatureAlgorithm(f"{_DSIG_MORE}ecdsa-sha512", _EC, SHA512),
    )
}
XML_DIGESTS: Final = {
    f"{_XENC}sha256": "sha256",
    f"{_DSIG_MORE}sha384": "sha384",
    f"{_XENC}sha512": "sha512",
}
XML_CANONICAL_FORMS: Final = frozenset({names.EXCLUSIVE_C14N})
"""The one canonical form, and the one transform of a reference."""

JWS_SIGNATURES: Final = {
    algorithm.name: algorithm
    for algorithm in (
        SignatureAlgorithm("ES256", frozenset({KeyKind.P256}), SHA256),
        SignatureAlgorithm("ES384", frozenset({KeyKind.P384}), SHA384),
        SignatureAlgorithm("PS256", _RSA, SHA256, Padding.PSS),
        SignatureAlgorithm("RS256", _RSA, SHA256, Padding.PKCS1),
        SignatureAlgorithm("Ed25519", frozenset({KeyKind.ED25519}), None),
        # The name of RFC 8037 for what RFC 9864 calls Ed25519: read, never written.
        SignatureAlgorithm("EdDSA", frozenset({KeyKind.ED25519}), None),
    )
}

XML_SIGNING: Final = {
    KeyKind.RSA: XML_SIGNATURES[f"{_DSIG_MORE}rsa-sha256"],
    KeyKind.P256: XML_SIGNATURES[f"{_DSIG_MORE}ecdsa-sha256"],
    KeyKind.P384: XML_SIGNATURES[f"{_DSIG_MORE}ecdsa-sha384"],
}
"""What we sign XML with, by our key."""

JWS_SIGNING: Final = {
    KeyKind.RSA: JWS_SIGNATURES["PS256"],
    KeyKind.P256: JWS_SIGNATURES["ES256"],
    KeyKind.P384: JWS_SIGNATURES["ES384"],
    KeyKind.ED25519: JWS_SIGNATURES["Ed25519"],
}
"""What we sign a JWS with, by our key."""

XML_CONTENT_ENCRYPTION: Final = {f"{_XENC11}aes128-gcm": 16, f"{_XENC11}aes256-gcm": 32}
JWE_CONTENT_ENCRYPTION: Final = {"A128GCM": 16, "A256GCM": 32}
"""What content is encrypted with, and the length of its key in bytes."""

# rsa-oaep-mgf1p fixes MGF1 to SHA-1, where no collision helps anybody: the one named exemption, with SHA-256 digest.
XML_KEY_TRANSPORT: Final[Mapping[str, type[HashAlgorithm]]] = {
    f"{_XENC}rsa-oaep-mgf1p": SHA1,
    f"{_XENC11}rsa-oaep": SHA256,
}
"""What a content key is encrypted with in XML: RSA-OAEP, and the hash of its MGF1. Its digest is SHA-256 in both."""

XML_OAEP_DIGEST: Final = f"{_XENC}sha256"
XML_OAEP_MASK: Final = f"{_XENC11}mgf1sha256"

JWE_KEY_MANAGEMENT: Final = {"RSA-OAEP-256": _RSA, "ECDH-ES": _EC, "ECDH-ES+A256KW": _EC}
"""How a content key is given in JWE, and the keys that it goes with."""

XML_ENCRYPTING: Final = (f"{_XENC11}aes256-gcm", f"{_XENC}rsa-oaep-mgf1p")
"""What we encrypt XML with: content, key. WSS4J 1.6 and libxmlsec read this pair; it goes with RSA keys alone."""

JWE_ENCRYPTING: Final = {KeyKind.RSA: "RSA-OAEP-256", KeyKind.P256: "ECDH-ES", KeyKind.P384: "ECDH-ES"}
"""What we encrypt a JWE with, by the recipient's key; the content by A256GCM."""

_SHA1 = "SHA-1 is broken"
_MD5 = "MD5 is broken"
_CBC = "CBC without authentication can be opened by asking"
_SHARED = "a shared secret proves no sender"
_REWRITES = "it lets the sender choose afterwards what was signed"
_COMMENTS = "it signs comments, which readers drop"
_BARE_KEY_WRAP = "a shared key encrypts it; use RSA-OAEP"
_INCLUSIVE = "inclusive canonical form depends on the surroundings; use exclusive"
REFUSED: Final = {
    f"{_DSIG}sha1": _SHA1,
    f"{_DSIG}rsa-sha1": _SHA1,
    f"{_DSIG}dsa-sha1": "DSA keys are too small",
    f"{_DSIG_MORE}ecdsa-sha1": _SHA1,
    f"{_DSIG}hmac-sha1": _SHARED,
    f"{_DSIG_MORE}hmac-sha256": _SHARED,
    f"{_DSIG_MORE}hmac-sha384": _SHARED,
    f"{_DSIG_MORE}hmac-sha512": _SHARED,
    f"{_DSIG_MORE}md5": _MD5,
    f"{_DSIG_MORE}rsa-md5": _MD5,
    "http://www.w3.org/2009/xmldsig11#dsa-sha256": "DSA keys are too small",
    f"{_DSIG_MORE_2007}sha256-rsa-MGF1": "RSA-PSS is read in JWS alone",
    f"{_DSIG}enveloped-signature": _REWRITES,
    f"{_DSIG}base64": _REWRITES,
    "http://www.w3.org/TR/1999/REC-xslt-19991116": _REWRITES,
    "http://www.w3.org/TR/1999/REC-xpath-19991116": _REWRITES,
    "http://www.w3.org/2002/06/xmldsig-filter2": _REWRITES,
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#STR-Transform": _REWRITES,
    "http://www.w3.org/TR/2001/REC-xml-c14n-20010315": _INCLUSIVE,
    "http://www.w3.org/2006/12/xml-c14n11": _INCLUSIVE,
    f"{names.EXCLUSIVE_C14N}WithComments": _COMMENTS,
    f"{_XENC}rsa-1_5": "PKCS#1 v1.5 encryption can be opened by asking",
    f"{_XENC}tripledes-cbc": "triple DES has blocks of 64 bits",
    f"{_XENC}aes128-cbc": _CBC,
    f"{_XENC}aes192-cbc": _CBC,
    f"{_XENC}aes256-cbc": _CBC,
    f"{_XENC}kw-aes128": _BARE_KEY_WRAP,
    f"{_XENC}kw-aes256": _BARE_KEY_WRAP,
    f"{_XENC11}mgf1sha1": "with xmlenc11#rsa-oaep name mgf1sha256, or use rsa-oaep-mgf1p",
    "none": "an unsigned token proves no sender",
    "HS256": _SHARED,
    "HS384": _SHARED,
    "HS512": _SHARED,
    "RSA1_5": "PKCS#1 v1.5 encryption can be opened by asking",
    "dir": _SHARED,
    "A128KW": _SHARED,
    "A256KW": _SHARED,
    "A128CBC-HS256": _CBC,
    "A192CBC-HS384": _CBC,
    "A256CBC-HS512": _CBC,
    "RSA-OAEP": "its hash is SHA-1; use RSA-OAEP-256",
}
"""Names that senders do send, and why the answer is no. A name on no list is refused as unknown."""


def well_known(name: str) -> bool:
    """Say whether this is the name of an algorithm that is refused for a reason of its own."""
    return name in REFUSED


def refusal(name: str, place: str, code: str = "signature-policy") -> Unauthenticated:
    """Give the error for an algorithm `name` that `place` does not allow: Unauthenticated `code`."""
    shown = name if name.isascii() and name.isprintable() and 0 < len(name) <= 100 else "(unreadable)"
    reason = REFUSED.get(name, "it is not on the allow-list")
    return Unauthenticated(f"{place}: {shown} is refused: {reason}", code=code)


def xml_signature(name: str) -> SignatureAlgorithm:
    """Give the XML signature algorithm of this name. Raises Unauthenticated `signature-policy`."""
    if name not in XML_SIGNATURES:
        raise refusal(name, "SignatureMethod")
    return XML_SIGNATURES[name]


def xml_digest(name: str) -> str:
    """Give hashlib's name of an XML digest algorithm. Raises Unauthenticated `signature-policy`."""
    if name not in XML_DIGESTS:
        raise refusal(name, "DigestMethod")
    return XML_DIGESTS[name]


def check_canonical_form(name: str, place: str) -> None:
    """Allow exclusive canonical XML and no other transform. Raises Unauthenticated `signature-policy`."""
    if name not in XML_CANONICAL_FORMS:
        raise refusal(name, place)


def jws_signature(name: str) -> SignatureAlgorithm:
    """Give the JWS algorithm of this name. Raises Unauthenticated `signature-policy`."""
    if name not in JWS_SIGNATURES:
        raise refusal(name, "alg")
    return JWS_SIGNATURES[name]


def xml_content_encryption(name: str) -> int:
    """Give the length of the content key in bytes. Raises Unauthenticated `encryption-policy`."""
    return _encryption(XML_CONTENT_ENCRYPTION, name, "EncryptionMethod of EncryptedData")


def xml_key_transport(name: str) -> type[HashAlgorithm]:
    """Give the hash of the MGF1 of this RSA-OAEP. Raises Unauthenticated `encryption-policy`."""
    return _encryption(XML_KEY_TRANSPORT, name, "EncryptionMethod of EncryptedKey")


def check_xml_oaep(digest: str, mask: str | None) -> None:
    """Allow SHA-256 as digest of RSA-OAEP and, where a mask is named, MGF1 with SHA-256.

    Raises Unauthenticated `encryption-policy`.
    """
    _encryption({XML_OAEP_DIGEST: None}, digest, "DigestMethod of RSA-OAEP (use SHA-256)")
    if mask is not None:
        _encryption({XML_OAEP_MASK: None}, mask, "MGF of RSA-OAEP")


def jwe_content_encryption(name: str) -> int:
    """Give the length of the content key in bytes. Raises Unauthenticated `encryption-policy`."""
    return _encryption(JWE_CONTENT_ENCRYPTION, name, "enc")


def jwe_key_management(name: str) -> frozenset[KeyKind]:
    """Give the kinds of key that it goes with. Raises Unauthenticated `encryption-policy`."""
    return _encryption(JWE_KEY_MANAGEMENT, name, "alg")


_T = TypeVar("_T")


def _encryption(allowed: Mapping[str, _T], name: str, place: str) -> _T:
    if name not in allowed:
        raise refusal(name, place, "encryption-policy")
    return allowed[name]


def check_key(algorithm: SignatureAlgorithm, public_key: object) -> PublicKey:
    """Give the public key back when `algorithm` goes with it. Raises Unauthenticated `signature-policy`.

    The kind of the registered key decides which algorithms can be meant, never the message: so an RSA key is not
    taken for a shared secret.
    """
    kind = kind_of(public_key)
    if kind is None or kind not in algorithm.keys:
        raise Unauthenticated(
            f"{algorithm.name} does not go with the key of the registered certificate ({kind or 'not allowed'})",
            code="signature-policy",
        )
    return public_key  # type: ignore[return-value]  # kind_of gives a kind for the three classes of PublicKey alone


def kind_of(public_key: object) -> KeyKind | None:
    """Give the kind of a public key, or None when it is too small, too large, or on another curve."""
    match public_key:
        case rsa.RSAPublicKey():
            fits = MIN_RSA_BITS <= public_key.key_size <= MAX_RSA_BITS
            return KeyKind.RSA if fits and public_key.public_numbers().e >= MIN_RSA_EXPONENT else None
        case ec.EllipticCurvePublicKey(curve=ec.SECP256R1()):
            return KeyKind.P256
        case ec.EllipticCurvePublicKey(curve=ec.SECP384R1()):
            return KeyKind.P384
        case ed25519.Ed25519PublicKey():
            return KeyKind.ED25519
        case _:
            return None
