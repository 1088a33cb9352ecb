"""The hub's private key in a token (PKCS#11): it signs, decrypts and agrees there and never comes out.

    1. find the module, the token by its label, log in, find the key by its label
    2. an operation waits for its turn: python-pkcs11 opens a module for use by one thread at a time (it calls
       C_Initialize without locks), so all keys of a module share one lock
    3. when the token was restarted or unplugged, the module looks for its tokens anew, once, and the operation is
       done once more; other keys of the module then open their sessions again

A login holds for all sessions of the process, and closing the session that logged in would end it for all: sessions
stay open until the module is opened anew or the process ends.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import RLock
from typing import Any, Final, TypeVar

import pkcs11
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, SHA384, SHA512, HashAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key
from pkcs11 import MGF, KeyType, Mechanism, ObjectClass
from pkcs11.util.ec import encode_ec_public_key
from pkcs11.util.rsa import encode_rsa_public_key

from gateway.domain.errors import HubBusy, Misconfigured
from gateway.trust.oaep import decode_oaep
from gateway.trust.policy import Padding, PublicKey, SignatureAlgorithm, kind_of

T = TypeVar("T")

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

_NOT_ABLE = (
    pkcs11.exceptions.ArgumentsBad,
    pkcs11.exceptions.MechanismInvalid,
    pkcs11.exceptions.MechanismParamInvalid,
    pkcs11.exceptions.FunctionNotSupported,
)
"""What tokens say to a mechanism or parameter that they do not know."""

_NOT_DECRYPTED = (
    pkcs11.exceptions.EncryptedDataInvalid,
    pkcs11.exceptions.EncryptedDataLenRange,
    pkcs11.exceptions.DataInvalid,
    pkcs11.exceptions.DataLenRange,
    pkcs11.exceptions.GeneralError,  # SoftHSM's word for padding that is not right
    pkcs11.exceptions.FunctionFailed,
)
"""What tokens say when a ciphertext does not decrypt."""

_PIN_WRONG = (
    pkcs11.exceptions.PinIncorrect,
    pkcs11.exceptions.PinInvalid,
    pkcs11.exceptions.PinLenRange,
    pkcs11.exceptions.PinLocked,
    pkcs11.exceptions.PinExpired,
)


class Pkcs11Key:
    """A private key in a token; RSA, P-256 or P-384. Made by `open_pkcs11_key`. For any number of threads."""

    def __init__(self, handle: _Handle, public_key: PublicKey) -> None:
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
        answers = (*_NOT_ABLE, *_NOT_DECRYPTED)
        try:
            return self._handle.use(
                lambda key: bytes(key.decrypt(wrapped, mechanism=Mechanism.RSA_PKCS_OAEP, mechanism_param=parameters)),
                answers,
            )
        except _NOT_ABLE:
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
        answers = (*_NOT_ABLE, pkcs11.exceptions.DomainParamsInvalid)
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
    handle = _Handle(_module(module), token, pin, label)
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


@dataclass
class _Module:
    """A token's library in this process. `lock` is held for every call; `generation` counts how often it was opened."""

    path: str
    lock: RLock = field(default_factory=RLock)
    generation: int = 0

    def library(self) -> Any:
        """The library, loaded once. Raises Misconfigured `pkcs11-module-missing`."""
        try:
            return pkcs11.lib(self.path)
        except (pkcs11.PKCS11Error, RuntimeError, OSError) as fault:
            raise Misconfigured(
                f"the PKCS#11 module {self.path} cannot be loaded: install it, or set SIMOJO_PKCS11_MODULE to the path "
                "of the token's library",
                code="pkcs11-module-missing",
            ) from fault

    def open_anew(self, generation: int) -> None:
        """Look for tokens again, unless somebody has since `generation`. Every session of the module ends."""
        if generation == self.generation:
            self.generation += 1
            self.library().reinitialize()


_modules: dict[str, _Module] = {}
_modules_lock = RLock()


def _module(path: str) -> _Module:
    with _modules_lock:
        return _modules.setdefault(path, _Module(path))


class _Handle:
    """The session of one key and the handle of the key in it, opened anew when the token comes back."""

    def __init__(self, module: _Module, token: str, pin: str, label: str) -> None:
        self.name = f"{label} in token {token}"
        self._module, self._token, self._pin, self._label = module, token, pin, label
        self._generation = -1
        self._key: Any = None
        self._session: Any = None

    def use(self, act: Callable[[Any], T], answers: tuple[type[Exception], ...] = _NOT_ABLE) -> T:
        """Do something with the key. Raises HubBusy `key-unavailable`, or those of `answers` that the token gives.

        A token that answers is there: opening it anew would help nothing, and a sender could bring it about.
        """
        with self._module.lock:  # 2.
            try:
                return act(self._opened())
            except answers:
                raise
            except (pkcs11.PKCS11Error, Misconfigured) as fault:
                return self._again(act, answers, fault)

    def public_key(self) -> PublicKey:
        """The public half. Raises Misconfigured as `open_pkcs11_key` says, or the token's own error."""
        with self._module.lock:
            if not hasattr(self._opened(), "sign"):
                raise Misconfigured(
                    f"{self.name} may not sign: make one whose CKA_SIGN is true", code="pkcs11-key-missing"
                )
            public = self._find(ObjectClass.PUBLIC_KEY)
            if public.key_type not in (KeyType.RSA, KeyType.EC):
                raise Misconfigured(
                    f"{self.name} is of another kind: in a token the hub's key is RSA or EC", code="key-weak"
                )
            is_rsa = public.key_type is KeyType.RSA
            found = load_der_public_key(encode_rsa_public_key(public) if is_rsa else encode_ec_public_key(public))
        if kind_of(found) is None:
            raise Misconfigured(
                f"{self.name} is of a size or curve that is not allowed: make RSA of 3072 bits or EC P-256",
                code="key-weak",
            )
        return found  # type: ignore[return-value]  # kind_of gives a kind for the three classes of PublicKey alone

    # --- within ---------------------------------------------------------------------------------------------------

    def _again(self, act: Callable[[Any], T], answers: tuple[type[Exception], ...], first: Exception) -> T:
        try:
            self._module.open_anew(self._generation)  # 3.
            return act(self._opened())
        except answers:
            raise
        except (pkcs11.PKCS11Error, Misconfigured) as fault:
            raise HubBusy(
                f"the hub's key ({self.name}) cannot be used now ({type(first).__name__}, and opened anew "
                f"{type(fault).__name__}): see that the token is there",
                code="key-unavailable",
                after_s=30,
            ) from fault

    def _opened(self) -> Any:
        """The key's handle, in a session that is logged in. Raises Misconfigured."""
        if self._key is None or self._generation != self._module.generation:
            self._generation, self._key = self._module.generation, None
            self._session = self._logged_in(self._module.library())
            self._key = self._find(ObjectClass.PRIVATE_KEY)
        return self._key

    def _logged_in(self, library: Any) -> Any:
        try:
            token = library.get_token(token_label=self._token)
        except (pkcs11.exceptions.NoSuchToken, pkcs11.exceptions.MultipleTokensReturned) as fault:
            raise Misconfigured(
                f"there is not exactly one token with the label {self._token!r}: plug it in, or set "
                "SIMOJO_PKCS11_TOKEN to the label that `pkcs11-tool --list-slots` shows",
                code="pkcs11-token-missing",
            ) from fault
        try:
            return token.open(user_pin=self._pin)
        except pkcs11.exceptions.UserAlreadyLoggedIn:  # by another key of this process in the same token
            return token.open()
        except _PIN_WRONG as fault:
            raise Misconfigured(
                f"token {self._token!r} does not take the PIN ({type(fault).__name__}): set SIMOJO_PKCS11_PIN_FILE; a "
                "token locks after a few wrong ones",
                code="pkcs11-pin-wrong",
            ) from fault

    def _find(self, kind: ObjectClass) -> Any:
        try:
            return self._session.get_key(object_class=kind, label=self._label)
        except (pkcs11.exceptions.NoSuchKey, pkcs11.exceptions.MultipleObjectsReturned) as fault:
            half = "private" if kind is ObjectClass.PRIVATE_KEY else "public"
            raise Misconfigured(
                f"there is not exactly one {half} key with the label {self._label!r} in token {self._token!r}: set "
                "SIMOJO_PKCS11_KEY_LABEL to the label of a key pair",
                code="pkcs11-key-missing",
            ) from fault
