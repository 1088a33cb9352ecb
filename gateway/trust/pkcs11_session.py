"""A key in a token (PKCS#11), found and kept at hand.

    1. find the module, the token by its label, log in, find the key by its label
    2. an operation waits for its turn: python-pkcs11 opens a module for use by one thread at a time (it calls
       C_Initialize without locks), so all keys of a module share one lock
    3. when the token was restarted or unplugged, the module looks for its tokens anew, once, and the operation is
       done once more; other keys of the module then open their sessions again

A login holds for all sessions of the process, and closing the session that logged in would end it for all: sessions
stay open until the module is opened anew or the process ends.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import RLock
from typing import Any, TypeVar

import pkcs11
from cryptography.hazmat.primitives.serialization import load_der_public_key
from pkcs11 import KeyType, ObjectClass
from pkcs11.util.ec import encode_ec_public_key
from pkcs11.util.rsa import encode_rsa_public_key

from gateway.domain.errors import HubBusy, Misconfigured
from gateway.trust.policy import PublicKey, kind_of

T = TypeVar("T")

NOT_ABLE = (
    pkcs11.exceptions.ArgumentsBad,
    pkcs11.exceptions.MechanismInvalid,
    pkcs11.exceptions.MechanismParamInvalid,
    pkcs11.exceptions.FunctionNotSupported,
)
"""What tokens say to a mechanism or parameter that they do not know."""

_PIN_WRONG = (
    pkcs11.exceptions.PinIncorrect,
    pkcs11.exceptions.PinInvalid,
    pkcs11.exceptions.PinLenRange,
    pkcs11.exceptions.PinLocked,
    pkcs11.exceptions.PinExpired,
)


@dataclass
class Module:
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


_modules: dict[str, Module] = {}
_modules_lock = RLock()


def module_at(path: str) -> Module:
    """The module whose library lies at that path; one for all keys in its tokens."""
    with _modules_lock:
        return _modules.setdefault(path, Module(path))


class TokenKey:
    """The session of one key and the handle of the key in it, opened anew when the token comes back."""

    def __init__(self, module: Module, token: str, pin: str, label: str) -> None:
        self.name = f"{label} in token {token}"
        self._module, self._token, self._pin, self._label = module, token, pin, label
        self._generation = -1
        self._key: Any = None
        self._session: Any = None

    def use(self, act: Callable[[Any], T], answers: tuple[type[Exception], ...] = NOT_ABLE) -> T:
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
