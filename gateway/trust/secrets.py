"""A master key: what is sealed with it, and what is derived from it. `key_ring` holds several.

seal key   = HKDF-SHA256(master, info = encode("seal", context))      one AES-256-GCM key per context
sealed     = 0x01, nonce (12 bytes), ciphertext and tag; the context is the associated data
derive     = HKDF-SHA256(master, info = encode("derive", purpose, parts...)), 32 bytes
id         = HKDF-SHA256(master, info = encode("id")), its first 4 bytes, in hex: names a key, gives nothing away
pin        = HOTP's truncation (RFC 4226, 5.3) of HMAC-SHA256(PIN key, challenge), six digits
encode     = "simojo/1", then each part as UTF-8 after its length in 4 bytes: no two lists encode alike
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from gateway.domain.errors import Misconfigured, Tampered
from gateway.primitives.mac import hmac_sha256

KEY_SIZE = 32
NONCE_SIZE = 12
PIN_DIGITS = 6
ID_SIZE = 4
_TAG_SIZE = 16
_FORMAT = b"\x01"


class Derives(Protocol):
    """What gives the key of a purpose: the same for as long as there is the store."""

    def derive(self, purpose: str, /) -> bytes:
        """Give the 32 bytes of this purpose."""
        ...


@dataclass(frozen=True)
class MasterKey:
    """The 32 random bytes that everything kept secret in the store hangs on. Raises Misconfigured `master-key-invalid`.

    Its repr does not show it.
    """

    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.secret) != KEY_SIZE:
            raise Misconfigured(
                f"the master key has {len(self.secret)} bytes; make one of {KEY_SIZE}: openssl rand -hex {KEY_SIZE}",
                code="master-key-invalid",
            )

    @property
    def id(self) -> str:
        """Eight hex digits that name this key in the store and to people."""
        return self._expand("id")[:ID_SIZE].hex()

    def seal(self, plain: bytes, context: str, nonce: bytes) -> bytes:
        """Encrypt `plain` for `context` (what it is and whose: `credential/bank/client_secret`).

        `nonce` is 12 random bytes, fresh for each call; ValueError for another size.
        """
        if len(nonce) != NONCE_SIZE:
            raise ValueError(f"a nonce has {NONCE_SIZE} bytes")
        return _FORMAT + nonce + self._cipher(context).encrypt(nonce, plain, context.encode())

    def open(self, sealed: bytes, context: str) -> bytes:
        """Decrypt what `seal` made for the same `context`.

        Raises Tampered `sealed-damaged` when it was changed, moved to another context, or sealed with another key.
        """
        start = len(_FORMAT) + NONCE_SIZE
        try:
            if not sealed.startswith(_FORMAT) or len(sealed) < start + _TAG_SIZE:
                raise InvalidTag
            return self._cipher(context).decrypt(sealed[len(_FORMAT) : start], sealed[start:], context.encode())
        except InvalidTag as fault:
            raise Tampered(
                f"the sealed value of {context} does not open: it was changed, moved, or sealed with another master "
                "key; restore it from a backup, or check the master key",
                code="sealed-damaged",
            ) from fault

    def derive(self, purpose: str, *parts: str) -> bytes:
        """Give 32 bytes that belong to this purpose and these parts, in this order, and to no other."""
        return self._expand("derive", purpose, *parts)

    def _cipher(self, context: str) -> AESGCM:
        # A key per context: random nonces never have to be unique over the whole store.
        return AESGCM(self._expand("seal", context))

    def _expand(self, *parts: str) -> bytes:
        info = b"simojo/1"
        for part in parts:
            encoded = part.encode()
            info += len(encoded).to_bytes(4) + encoded
        # Expand alone (RFC 5869, 3.3): the master key is uniformly random already.
        return HKDFExpand(algorithm=SHA256(), length=KEY_SIZE, info=info).derive(self.secret)


def pin_of(key: bytes, challenge: str) -> str:
    """Give the six digits that belong to `challenge`; without the PIN key they cannot be told beforehand."""
    digest = hmac_sha256(key, challenge.encode())
    offset = digest[-1] & 0x0F
    number = int.from_bytes(digest[offset : offset + 4]) & 0x7FFFFFFF
    return f"{number % 10**PIN_DIGITS:0{PIN_DIGITS}d}"
