"""What the master key wraps, each for one use: what is wrapped for another does not open in its place."""

from __future__ import annotations

from collections.abc import Callable

from gateway.store.plan import Change, Update
from gateway.store.reading import Reader
from gateway.store.tables import MasterKeyRow
from gateway.store.tables.keys import WRAPS
from gateway.trust.key_ring import KeyRing
from gateway.trust.secrets import NONCE_SIZE


class Wrapping:
    """Wraps with the master key that the store names, and opens with all. `random` gives unpredictable bytes."""

    def __init__(self, reader: Reader, ring: KeyRing, random: Callable[[int], bytes]) -> None:
        self._reader = reader
        self._ring = ring
        self._random = random

    def wrap(self, plain: bytes, context: str) -> tuple[bytes, tuple[Change, ...]]:
        """What the master key that wraps makes of this, and the guard that it still does."""
        wraps = self._reader.wrapping_key()
        sealed = self._ring.seal(plain, context, self._random(NONCE_SIZE), wraps or self._ring.newest)
        return sealed, () if wraps is None else (Update(MasterKeyRow, {"id": wraps}, {"state": WRAPS}, {}),)

    def open(self, wrapped: bytes, context: str) -> bytes:
        """What was wrapped for this. Raises Tampered `sealed-damaged`."""
        return self._ring.open(wrapped, context)


def data_key_context(scope: str) -> str:
    """What the data key of a scope is wrapped for."""
    return f"data-key/{scope}"


def credential_context(agency: str, name: str) -> str:
    """What a credential is wrapped for."""
    return f"credential/{agency}/{name}"


def held_context(challenge: str) -> str:
    """What the secret that is held for a challenge is wrapped for."""
    return f"held/{challenge}"
