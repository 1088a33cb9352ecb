"""Trying one signature with one key in the ways in which clients really make them. Nothing here lets anything in.

An RSA signature by PKCS#1 v1.5 can be opened with the public key: then the digest that the sender signed is known,
and so is whether the key fits at all, without a guess at what was signed. Of PSS and ECDSA only yes or no is to be
had, for each guess.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils

from gateway.trust.diagnosis.budget import Budget
from gateway.trust.diagnosis.mistakes import Mistake, sentence
from gateway.trust.diagnosis.values import HASHES, Written, digest, hash_name
from gateway.trust.policy import MAX_RSA_BITS, Padding

_ALGORITHMS: Final[dict[str, hashes.HashAlgorithm]] = {
    "sha1": hashes.SHA1(),  # noqa: S303 - to recognise it, not to trust it
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}
MAX_EXPONENT_BITS: Final = 33
"""An RSA exponent as large as its modulus makes a verification a thousand times as dear."""
# DigestInfo without the digest (RFC 8017 section 9.2, note 1)
_DIGEST_INFO: Final = {
    bytes.fromhex("3021300906052b0e03021a05000414"): "sha1",
    bytes.fromhex("3031300d060960864801650304020105000420"): "sha256",
    bytes.fromhex("3041300d060960864801650304020205000430"): "sha384",
    bytes.fromhex("3051300d060960864801650304020305000440"): "sha512",
}


class Opened(NamedTuple):
    """What an RSA signature holds: the digest, its hash (None: bare, without DigestInfo), and how it was written."""

    digest: bytes
    hash: str | None
    written: Mistake | None


@dataclass(frozen=True, kw_only=True)
class Declared:
    """What a message says of its signature: the hash (hashlib's name), and the padding (RSA alone)."""

    hash: str
    padding: Padding | None = None


class Made(NamedTuple):
    """How a signature was made over octets: the mistakes, none for a good one, and the hash that was used."""

    mistakes: tuple[Mistake, ...]
    hash: str

    def said(self, mistake: Mistake) -> str:
        """The sentence of a mistake; that another hash was used names it."""
        return sentence(mistake) + (f": {hash_name(self.hash)}" if mistake is Mistake.OTHER_HASH else "")


class Trial:
    """One signature under one key. `opened` is what an RSA signature holds, None where it cannot be opened."""

    def __init__(self, key: object, written: Sequence[Written], declared: Declared, budget: Budget) -> None:
        self._key = key if _is_cheap(key) else None
        self._written = list(written)
        self._declared = declared
        self._budget = budget
        self.opened = self._open()

    def over(self, octets: bytes, *, wide: bool = False) -> Made | None:
        """Say how this signature was made over `octets`; None: it was not.

        `wide` tries other hashes than the declared one, and octets that were hashed before.
        """
        return next(self._matches(octets, wide=wide), None)

    # --- RSA ------------------------------------------------------------------------------------------------------

    def _open(self) -> Opened | None:
        key = self._key
        if not isinstance(key, rsa.RSAPublicKey):
            return None
        for octets, written in self._written:
            if len(octets) != (key.key_size + 7) // 8 or not self._budget.verify():
                continue
            try:
                held = key.recover_data_from_signature(octets, padding.PKCS1v15(), None)
            except (InvalidSignature, ValueError, UnsupportedAlgorithm):
                continue
            for prefix, name in _DIGEST_INFO.items():
                if held.startswith(prefix) and len(held) == len(prefix) + _ALGORITHMS[name].digest_size:
                    return Opened(held[len(prefix) :], name, written)
            return Opened(held, None, written)
        return None

    def _matches(self, octets: bytes, *, wide: bool) -> Iterator[Made]:
        if self._key is None:
            return
        if self.opened is not None:
            yield from self._as_opened(self.opened, octets)
            return
        for data, twice in self._data(octets, wide=wide):
            for signature, written in self._written:
                for name in self._hashes(wide=wide):
                    if not self._budget.verify():
                        return
                    found = self._verified(signature, data, name)
                    if found is not None:
                        other = () if name == self._declared.hash else (Mistake.OTHER_HASH,)
                        yield Made((*_known(written), *found, *twice, *other), name)

    def _as_opened(self, opened: Opened, octets: bytes) -> Iterator[Made]:
        padded = (Mistake.PKCS1,) if self._declared.padding is Padding.PSS else ()
        before = (*_known(opened.written), *padded)
        for name in HASHES:
            made = digest(name, octets)
            other = () if name == self._declared.hash else (Mistake.OTHER_HASH,)
            if opened.hash is None:
                if opened.digest in (made, made.hex().encode()):
                    yield Made((*before, Mistake.BARE_HASH, *other), name)
                continue
            if opened.hash == name and opened.digest == made:
                yield Made((*before, *other), name)
            if opened.digest in (digest(opened.hash, made), digest(opened.hash, made.hex().encode())):
                yield Made((*before, Mistake.HASHED_TWICE), name)

    # --- the rest -------------------------------------------------------------------------------------------------

    def _data(self, octets: bytes, *, wide: bool) -> Iterator[tuple[bytes, tuple[Mistake, ...]]]:
        yield octets, ()
        if wide:
            made = digest(self._declared.hash, octets)
            yield made, (Mistake.HASHED_TWICE,)
            yield made.hex().encode(), (Mistake.HASHED_TWICE,)

    def _hashes(self, *, wide: bool) -> tuple[str, ...]:
        if isinstance(self._key, ed25519.Ed25519PublicKey):
            return (self._declared.hash,)
        others = tuple(name for name in HASHES if name != self._declared.hash) if wide else ()
        return (self._declared.hash, *others)

    def _verified(self, signature: bytes, data: bytes, name: str) -> tuple[Mistake, ...] | None:
        """Give the mistakes of a signature that verifies over these data, None when it does not."""
        try:
            match self._key:
                case rsa.RSAPublicKey():
                    return self._pss(self._key, signature, data, name)
                case ec.EllipticCurvePublicKey():
                    return _ecdsa(self._key, signature, data, name)
                case ed25519.Ed25519PublicKey():
                    self._key.verify(signature, data)
                    return ()
                case _:
                    return None
        except (InvalidSignature, ValueError, UnsupportedAlgorithm, OverflowError):
            return None

    def _pss(self, key: rsa.RSAPublicKey, signature: bytes, data: bytes, name: str) -> tuple[Mistake, ...] | None:
        algorithm = _ALGORITHMS[name]
        scheme = padding.PSS(mgf=padding.MGF1(algorithm), salt_length=padding.PSS.AUTO)
        key.verify(signature, digest(name, data), scheme, utils.Prehashed(algorithm))
        return () if self._declared.padding is Padding.PSS else (Mistake.PSS,)


def _is_cheap(key: object) -> bool:
    """Say whether a verification with this key costs what it should: the message may have brought the key itself."""
    match key:
        case rsa.RSAPublicKey():
            return key.key_size <= MAX_RSA_BITS and key.public_numbers().e.bit_length() <= MAX_EXPONENT_BITS
        case ec.EllipticCurvePublicKey():
            return isinstance(key.curve, ec.SECP256R1 | ec.SECP384R1 | ec.SECP521R1)
        case _:
            return isinstance(key, ed25519.Ed25519PublicKey)


def _ecdsa(key: ec.EllipticCurvePublicKey, signature: bytes, data: bytes, name: str) -> tuple[Mistake, ...] | None:
    size = (key.curve.key_size + 7) // 8
    algorithm = ec.ECDSA(utils.Prehashed(_ALGORITHMS[name]))
    if len(signature) == 2 * size:
        r, s = int.from_bytes(signature[:size]), int.from_bytes(signature[size:])
        key.verify(utils.encode_dss_signature(r, s), digest(name, data), algorithm)
        return ()
    if signature[:1] != b"\x30":
        return None
    key.verify(signature, digest(name, data), algorithm)
    return (Mistake.ECDSA_DER,)


def _known(mistake: Mistake | None) -> tuple[Mistake, ...]:
    return () if mistake is None else (mistake,)
