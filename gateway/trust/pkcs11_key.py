"""The hub's private key in a token (PKCS#11): it signs, decrypts and agrees there and never comes out.

Which mechanism does what, and what is done here for tokens that lack one. How the key is found, and found again when
the token comes back, is in `gateway.trust.pkcs11_session`.
"""

from __future__ import annotations

import hashlib
from typing import Any, Final

import pkcs11
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, SHA384, SHA512, HashAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pkcs11 import MGF, KeyType, Mechanism

from gateway.domain.errors import Misconfigured
from gateway.trust.oaep import decode_oaep
from gateway.trust.pkcs11_session import NOT_ABLE, TokenKey, module_at
from gateway.trust.policy import Padding, PublicKey, SignatureAlgorithm, kind_of

_PKCS1: Final = {
    SHA256: Mechanism.SHA256_RSA_PKCS,
    SHA384: Mechanism.SHA384_RSA_PKCS,
    SHA512: Mechanism.SHA512_RSA_PKCS,
}
_PSS: Final = {
    SHA256: (Mechanism.SHA256_RSA_PKCS_PSS, Mechanism.SHA256, MGF.SHA256),
    SHA384: (Mechanism.SHA384_RSA_PKCS_PSS, Mechanism.SHA384, MGF.SHA384),
    SHA512: (Mechanism.SHA512_RSA_PKCS_PSS, Mechanism.SHA512, MGF.SHA512),
}
_OAEP_HASH: Final = {
    SHA1: Mechanism.SHA_1,
    SHA256: Mechanism.SHA256,
    SHA384: Mechanism.SHA384,
    SHA512: Mechanism.SHA512,
}
_OAEP_MASK: Final = {SHA1: MGF.SHA1, SHA256: MGF.SHA256, SHA384: MGF.SHA384, SHA512: MGF.SHA512}

_NOT_DECRYPTED = (
    pkcs11.exceptions.EncryptedDataInvalid,
    pkcs11.exceptions.EncryptedDataLenRange,
    pkcs11.exceptions.DataInvalid,
    pkcs11.exceptions.DataLenRange,
    pkcs11.exceptions.GeneralError,  # SoftHSM's word for padding that is not right
    pkcs11.exceptions.FunctionFailed,
)
"""What tokens say when a ciphertext does not decrypt."""


class Pkcs11Key:
    """A private key in a token; RSA, P-256 or P-384. Made by `open_pkcs11_key`. For any number of threads."""

    def __init__(self, handle: TokenKey, public_key: PublicKey) -> None:
        self._handle = handle
        self._public_key = public_key

    def __repr__(self) -> str:
        return f"Pkcs11Key({self._handle.name})"

    def public_key(self) -> PublicKey:
        """Give the public half, read when the token was opened."""
        return self._public_key

    def sign(self, algorithm: SignatureAlgorithm, data: bytes) -> bytes:
        """Sign as `KeyOperations.sign` says. Raises HubBusy `key-unavailable` while the token cannot be used."""
        kind, hashed = kind_of(self._public_key), algorithm.hash
        if hashed is None or kind not in algorithm.keys:
            raise ValueError(f"{algorithm.name} does not go with this key")
        if isinstance(self._public_key, ec.EllipticCurvePublicKey):
            # FIPS 186-5, 6.4.1: the leftmost bits of a digest that is longer than the order; not every token cuts
            digest = hashlib.new(hashed().name, data).digest()[: self._public_key.curve.key_size // 8]
            return self._handle.use(lambda key: bytes(key.sign(digest, mechanism=Mechanism.ECDSA)))
        if algorithm.padding is Padding.PSS:
            mechanism, digest_mechanism, mask = _PSS[hashed]
            parameters = (digest_mechanism, mask, hashed().digest_size)
            return self._handle.use(lambda key: bytes(key.sign(data, mechanism=mechanism, mechanism_param=parameters)))
        return self._handle.use(lambda key: bytes(key.sign(data, mechanism=_PKCS1[hashed])))

    def unwrap(self, wrapped: bytes, digest: type[HashAlgorithm], mask: type[HashAlgorithm]) -> bytes:
        """Decrypt as `KeyOperations.unwrap` says.

        A token that cannot do OAEP with these hashes (SoftHSM knows SHA-1 alone) does the RSA operation, and the
        padding is taken off here; the private key stays where it is.
        """
        public = self._public_key
        if not isinstance(public, rsa.RSAPublicKey):
            raise ValueError("only an RSA key decrypts by OAEP")  # noqa: TRY004 - what the protocol says
        if len(wrapped) != public.key_size // 8 or int.from_bytes(wrapped) >= public.public_numbers().n:
            raise ValueError("what is wrapped is not of the key's size")
        parameters = (_OAEP_HASH[digest], _OAEP_MASK[mask], None)
        answers = (*NOT_ABLE, *_NOT_DECRYPTED)
        try:
            return self._handle.use(
                lambda key: bytes(key.decrypt(wrapped, mechanism=Mechanism.RSA_PKCS_OAEP, mechanism_param=parameters)),
                answers,
            )
        except NOT_ABLE:
            block = self._handle.use(lambda key: bytes(key.decrypt(wrapped, mechanism=Mechanism.RSA_X_509)), answers)
            return decode_oaep(block.rjust(len(wrapped), b"\0"), digest, mask)
        except _NOT_DECRYPTED:
            raise ValueError("this does not decrypt") from None

    def agree(self, theirs: ec.EllipticCurvePublicKey) -> bytes:
        """Agree as `KeyOperations.agree` says."""
        mine = self._public_key
        if not isinstance(mine, ec.EllipticCurvePublicKey) or mine.curve.name != theirs.curve.name:
            raise ValueError("ECDH needs two keys on the same curve")
        size = mine.curve.key_size // 8
        point = theirs.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        answers = (*NOT_ABLE, pkcs11.exceptions.DomainParamsInvalid)
        try:
            return self._handle.use(lambda key: _derived(key, point, size), answers)
        except answers:
            # before version 2.40, PKCS #11 wanted the point as an OCTET STRING
            wrapped = b"\x04" + bytes([len(point)]) + point
            return self._handle.use(lambda key: _derived(key, wrapped, size))


def open_pkcs11_key(module: str, token: str, pin: str, label: str) -> Pkcs11Key:
    """Open the key with this label in the token with that label.

    Raises Misconfigured: `pkcs11-module-missing`, `pkcs11-token-missing`, `pkcs11-pin-wrong`, `pkcs11-key-missing`
    (also when only one half is there, or it may not sign), `pkcs11-unusable` for anything else that the token says,
    `key-weak` for a kind or size that is not allowed.
    """
    handle = TokenKey(module_at(module), token, pin, label)
    try:
        return Pkcs11Key(handle, handle.public_key())
    except pkcs11.PKCS11Error as fault:
        raise Misconfigured(
            f"token {token!r} cannot be used ({type(fault).__name__}): see its own log", code="pkcs11-unusable"
        ) from fault


def _derived(key: Any, point: bytes, size: int) -> bytes:
    derived = key.derive_key(
        KeyType.GENERIC_SECRET,
        size * 8,
        mechanism_param=(pkcs11.KDF.NULL, None, point),
        template={pkcs11.Attribute.SENSITIVE: False, pkcs11.Attribute.EXTRACTABLE: True},
    )
    return bytes(derived[pkcs11.Attribute.VALUE]).rjust(size, b"\0")
