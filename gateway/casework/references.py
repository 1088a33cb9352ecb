"""References of cases as keyed hashes: whoever knows a name finds the case, whoever reads the table learns nothing."""

from __future__ import annotations

from gateway.domain.events import Reference
from gateway.primitives.mac import hmac_sha256
from gateway.trust.secrets import Derives

MESSAGE = "message"
"""The reference kind by which an agency names a message of ours: looked up among our deliveries, not stored here."""


class ReferenceIndex:
    """Digests of references under a key of their own."""

    def __init__(self, master: Derives) -> None:
        self._key = master.derive("case-reference")

    def digest(self, reference: Reference) -> str:
        """Give the 64 hex digits under which a reference is stored."""
        return hmac_sha256(self._key, f"{reference.kind}\x00{reference.value}".encode()).hex()
