"""Keys of digests, pseudonyms and PINs: one for each purpose, for as long as there is the store.

They hang on secrets that are kept in the store, wrapped by the master key: another master key changes no digest.

    a row of the purpose     that key, which an older version derived from its master key
    else the row of ""       HKDF-SHA256(that secret, info = encode("derive", purpose)): see `gateway.trust.secrets`
    no row at all            the same from the oldest master key: what an older version did, and a store does that was
                             never opened by `gateway.operations.master_keys`
"""

from __future__ import annotations

from gateway.store.reading import Reader
from gateway.trust.key_ring import KeyRing
from gateway.trust.secrets import MasterKey, pin_of

BASE = ""
PURPOSES = (
    "actor-pseudonym",
    "case-reference",
    "dossier",
    "message-identity",
    "pin",
    "refusal-address",
    "refusal-pseudonym",
)
"""What an older version derived from its master key."""


class Derived:
    """Gives the keys. Safe to share between threads."""

    def __init__(self, reader: Reader, ring: KeyRing) -> None:
        self._reader = reader
        self._ring = ring
        self._known: dict[str, bytes] = {}

    def derive(self, purpose: str) -> bytes:
        """Give the 32 bytes of this purpose. Raises Tampered `sealed-damaged` when what they hang on does not open."""
        if purpose not in self._known:
            self._known[purpose] = self._read(purpose)
        return self._known[purpose]

    def pin(self, challenge: str) -> str:
        """Give the six digits that belong to `challenge`."""
        return pin_of(self.derive("pin"), challenge)

    def _read(self, purpose: str) -> bytes:
        own = self._reader.derived_key(purpose)
        if own is not None:
            return self._ring.open(own, context_of(purpose))
        base = self._reader.derived_key(BASE)
        if base is not None:
            return MasterKey(self._ring.open(base, context_of(BASE))).derive(purpose)
        return self._ring.key(self._ring.ids[-1]).derive(purpose)


def context_of(purpose: str) -> str:
    """What the key of a purpose is wrapped for."""
    return f"derived/{purpose}"
