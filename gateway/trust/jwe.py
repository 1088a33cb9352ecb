"""Compact JWE (RFC 7516) around a body whose detached JWS is over the plaintext: signed, then encrypted.

The signature keeps its place in the header `X-JWS-Signature`; it names its receiver (`aud`), so what one receiver
decrypts cannot be passed on to another. The media type is `application/jose`, `cty` names that of the plaintext.
Key management RSA-OAEP-256, ECDH-ES and ECDH-ES+A256KW; content A128GCM and A256GCM. Decryption, in this order:
1. size and shape of the five parts
2. header: only members that mean something here; algorithms on the allow-list
3. which of our keys: the one that `x5t#S256` or `kid` names, else all of the algorithm's kinds
4. content key, then content; one error for whatever fails (`gateway.trust.content_key`)
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.concatkdf import ConcatKDFHash
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap

from gateway.domain.errors import Malformed, Misconfigured, Unauthenticated
from gateway.trust.compact import decode, encode, header_of
from gateway.trust.content_key import IV_BYTES, TAG_BYTES, Names, candidates, open_content
from gateway.trust.keys import SigningKey, fingerprint
from gateway.trust.policy import (
    JWE_CONTENT_ENCRYPTION,
    JWE_ENCRYPTING,
    KeyKind,
    jwe_content_encryption,
    jwe_key_management,
    kind_of,
)

RECIPIENTS: Final = frozenset({KeyKind.RSA, KeyKind.P256, KeyKind.P384})
"""The kinds of key that a JWE is encrypted to."""

MAX_HEADER_CHARACTERS: Final = 4096
MAX_WORD_CHARACTERS: Final = 256
_MAX_WRAPPED_BYTES: Final = 1024
_MEMBERS: Final = frozenset({"alg", "enc", "cty", "typ", "kid", "x5t#S256", "epk", "apu", "apv"})
_CONTENT_TYPES: Final = {"json": "application/json", "problem+json": "application/problem+json"}
"""RFC 7516, 4.1.12: `application/` is left out where no other slash is."""

_CURVES: Final[Mapping[str, tuple[KeyKind, type[ec.EllipticCurve], int]]] = {
    "P-256": (KeyKind.P256, ec.SECP256R1, 32),
    "P-384": (KeyKind.P384, ec.SECP384R1, 48),
}
_CURVE_OF: Final = {kind: (name, size) for name, (kind, _, size) in _CURVES.items()}
_ENC: Final = "A256GCM"


@dataclass(frozen=True)
class Opened:
    """What was decrypted, and the media type that the header gives it (`application/json` where it gives none)."""

    plaintext: bytes
    media_type: str


@dataclass(frozen=True, kw_only=True)
class _Header:
    """The protected header, read. `ephemeral` is the sender's public key of ECDH-ES."""

    alg: str
    enc: str
    media_type: str
    names: Names | None
    ephemeral: ec.EllipticCurvePublicKey | None
    apu: bytes
    apv: bytes


def decrypt(token: bytes, keys: Sequence[SigningKey], *, max_bytes: int) -> Opened:
    """Decrypt a compact JWE of at most `max_bytes` bytes. `keys` are ours, the current one first.

    Raises Malformed: `body-too-large`, `encryption-malformed`; Unauthenticated: `encryption-policy`,
    `decryption-failed`; Misconfigured `key-not-for-encryption`.
    """
    # 1. size and shape
    if len(token) > max_bytes:
        raise Malformed(f"the body has {len(token)} bytes, at most {max_bytes} are read", code="body-too-large")
    parts = _parts(token)
    protected = parts[0]
    wrapped, iv, data, tag = (_bytes(part, name) for part, name in zip(parts[1:], _PART_NAMES, strict=True))
    if len(iv) != IV_BYTES or len(tag) != TAG_BYTES or len(wrapped) > _MAX_WRAPPED_BYTES:
        raise _malformed("its IV has not 96 bits, its tag not 128, or its encrypted key is too long")
    # 2. header
    header = _header(protected)
    length, kinds = jwe_content_encryption(header.enc), jwe_key_management(header.alg)
    if header.ephemeral is not None:
        kinds &= _kinds_of(header.ephemeral)
    if header.alg == "ECDH-ES" and wrapped:
        raise _malformed("ECDH-ES agrees on the content key, and an encrypted key is there")
    # 3. which key
    _check_fitting(header, keys, kinds)
    ours = candidates(keys, kinds, header.names, f"a message encrypted by {header.alg}")
    # 4. decrypt
    given = [_content_key(key, header, wrapped, length) for key in ours.keys]
    plaintext = open_content(given, length, iv=iv, data=data + tag, associated=protected.encode(), named=ours.named)
    return Opened(plaintext, header.media_type)


def _check_fitting(header: _Header, keys: Sequence[SigningKey], kinds: frozenset[KeyKind]) -> None:
    """Refuse an algorithm or a curve that goes with none of our keys, where another one would."""
    usable = sorted({JWE_ENCRYPTING[key.kind] + f" ({key.kind})" for key in keys if key.kind in RECIPIENTS})
    if usable and not any(key.kind in kinds for key in keys):
        raise Unauthenticated(
            f"{header.alg} or the curve of its epk does not go with the hub's key: use {' or '.join(usable)}",
            code="encryption-policy",
        )


_PART_NAMES: Final = ("encrypted key", "IV", "ciphertext", "tag")


def _parts(token: bytes) -> list[str]:
    try:
        parts = token.decode("ascii").split(".")
    except UnicodeDecodeError as fault:
        raise _malformed("it is not ASCII") from fault
    if len(parts) != 5:
        raise _malformed(f"it has {len(parts)} parts; the compact form has five, joined by dots")
    if len(parts[0]) > MAX_HEADER_CHARACTERS:
        raise _malformed(f"its header has more than {MAX_HEADER_CHARACTERS} characters")
    return parts


def _header(protected: str) -> _Header:
    try:
        header = header_of(decode(protected))
    except ValueError as fault:
        raise _malformed("its header is not a JSON object with each member once, in base64url") from fault
    for name in sorted(header.keys() - _MEMBERS):
        shown = name if name.isascii() and name.isprintable() and 0 < len(name) <= 40 else "(unreadable)"
        raise Unauthenticated(f"the header member {shown} is refused: leave it out", code="encryption-policy")
    alg, enc = _word(header, "alg"), _word(header, "enc")
    jwe_key_management(alg)
    agrees = alg.startswith("ECDH-ES")
    if not agrees and header.keys() & {"epk", "apu", "apv"}:
        raise _malformed(f"epk, apu and apv have no meaning with {alg}")
    cty = _word(header, "cty") if "cty" in header else "json"
    media_type = _CONTENT_TYPES.get(cty.lower().removeprefix("application/"))
    if media_type is None or ("typ" in header and _word(header, "typ").lower() not in ("jose", "application/jose")):
        raise _malformed("its cty is not json, or its typ not JOSE")
    return _Header(
        alg=alg,
        enc=enc,
        media_type=media_type,
        names=_names(header),
        ephemeral=_ephemeral(header) if agrees else None,
        apu=_party(header, "apu"),
        apv=_party(header, "apv"),
    )


def _names(header: Mapping[str, object]) -> Names | None:
    """Which certificate is meant: by `x5t#S256`, else by a `kid` that is the fingerprint in hex or base64url."""
    name = "x5t#S256" if "x5t#S256" in header else "kid"
    if name not in header:
        return None
    said = _word(header, name)

    def means(certificate: x509.Certificate) -> bool:
        found = fingerprint(certificate)
        return said in (found, encode(bytes.fromhex(found)))

    return means


def _ephemeral(header: Mapping[str, object]) -> ec.EllipticCurvePublicKey:
    """Read `epk` as a public key that is on its curve (RFC 7518, 4.6.1.1; an invalid point would tell of our key)."""
    epk = header.get("epk")
    if not isinstance(epk, dict) or epk.get("kty") != "EC":
        raise _malformed("epk is not a public EC key")
    if epk.keys() - {"kty", "crv", "x", "y"}:
        raise _malformed("epk has members other than kty, crv, x and y")
    curve = epk["crv"] if isinstance(epk.get("crv"), str) else ""
    if curve not in _CURVES:
        raise Unauthenticated("epk is on a curve other than P-256 and P-384", code="encryption-policy")
    _, made, size = _CURVES[curve]
    x, y = (_bytes(epk[name] if isinstance(epk.get(name), str) else "", f"epk's {name}") for name in ("x", "y"))
    if (len(x), len(y)) != (size, size):
        raise _malformed(f"the coordinates of epk have not {size} bytes each")
    try:
        return ec.EllipticCurvePublicNumbers(int.from_bytes(x), int.from_bytes(y), made()).public_key()
    except ValueError as fault:
        raise _malformed("epk is no point of its curve") from fault


def _party(header: Mapping[str, object], name: str) -> bytes:
    return _bytes(_word(header, name), name) if name in header else b""


def _kinds_of(ephemeral: ec.EllipticCurvePublicKey) -> frozenset[KeyKind]:
    kind = kind_of(ephemeral)
    return frozenset() if kind is None else frozenset({kind})


def _content_key(key: SigningKey, header: _Header, wrapped: bytes, length: int) -> bytes | None:
    try:
        if header.ephemeral is None:
            return key.operations.unwrap(wrapped, SHA256, SHA256)
        shared = key.operations.agree(header.ephemeral)
        if header.alg == "ECDH-ES":
            return derive(shared, header.enc, length, header.apu, header.apv)
        return aes_key_unwrap(derive(shared, header.alg, 32, header.apu, header.apv), wrapped)
    except (ValueError, InvalidKey, InvalidUnwrap):
        return None


def derive(shared: bytes, algorithm: str, length: int, apu: bytes, apv: bytes) -> bytes:
    """Derive a key of `length` bytes from an ECDH secret, by the Concat KDF of RFC 7518, 4.6.2."""
    fields = (algorithm.encode(), apu, apv)
    info = b"".join(len(each).to_bytes(4) + each for each in fields) + (8 * length).to_bytes(4)
    return ConcatKDFHash(algorithm=SHA256(), length=length, otherinfo=info).derive(shared)


def _word(header: Mapping[str, object], name: str) -> str:
    value = header.get(name)
    if not isinstance(value, str) or not value.isprintable() or not 0 < len(value) <= MAX_WORD_CHARACTERS:
        raise _malformed(f"the header member {name} is not a text of 1 to {MAX_WORD_CHARACTERS} printable characters")
    return value


def _bytes(text: str, place: str) -> bytes:
    try:
        return decode(text)
    except ValueError as fault:
        raise _malformed(f"its {place} is not base64url without padding") from fault


def _malformed(text: str) -> Malformed:
    return Malformed(f"the JWE cannot be read: {text}", code="encryption-malformed")


# --- encrypting ---------------------------------------------------------------------------------------------------


def encrypt(plaintext: bytes, media_type: str, recipient: x509.Certificate) -> bytes:
    """Encrypt to a certificate: RSA-OAEP-256 or, for an EC key, ECDH-ES; content by A256GCM.

    Raises Misconfigured `key-not-for-encryption` for a certificate whose key is neither RSA, P-256 nor P-384.
    """
    public_key = recipient.public_key()
    kind = kind_of(public_key)
    if kind not in RECIPIENTS or not isinstance(public_key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
        raise Misconfigured(
            "a JWE is encrypted to RSA, P-256 or P-384: register such a certificate for encryption",
            code="key-not-for-encryption",
        )
    length = JWE_CONTENT_ENCRYPTION[_ENC]
    header: dict[str, object] = {
        "alg": JWE_ENCRYPTING[kind],
        "enc": _ENC,
        "cty": media_type.removeprefix("application/"),
        "x5t#S256": encode(bytes.fromhex(fingerprint(recipient))),
    }
    if isinstance(public_key, rsa.RSAPublicKey):
        content_key = secrets.token_bytes(length)
        wrapped = public_key.encrypt(content_key, padding.OAEP(padding.MGF1(SHA256()), SHA256(), None))
    else:
        ephemeral = ec.generate_private_key(public_key.curve)
        header["epk"] = _jwk(ephemeral.public_key(), kind)
        content_key = derive(ephemeral.exchange(ec.ECDH(), public_key), _ENC, length, b"", b"")
        wrapped = b""
    protected = encode(json.dumps(header, separators=(",", ":")).encode())
    iv = secrets.token_bytes(IV_BYTES)
    sealed = AESGCM(content_key).encrypt(iv, plaintext, protected.encode())
    data, tag = sealed[:-TAG_BYTES], sealed[-TAG_BYTES:]
    return ".".join([protected, *(encode(each) for each in (wrapped, iv, data, tag))]).encode()


def _jwk(public_key: ec.EllipticCurvePublicKey, kind: KeyKind) -> dict[str, str]:
    name, size = _CURVE_OF[kind]
    numbers = public_key.public_numbers()
    return {"kty": "EC", "crv": name, "x": encode(numbers.x.to_bytes(size)), "y": encode(numbers.y.to_bytes(size))}
