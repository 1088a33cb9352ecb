"""How much an explanation may cost. Whoever sends a broken message must not be able to buy an hour of work with it."""

from __future__ import annotations

from dataclasses import dataclass

MAX_BYTES = 256 * 1024
"""A message larger than this is not explained beyond its first refusal: "not tried: too large"."""


@dataclass
class Budget:
    """What is left to try: octets that are made and digested, and signatures that are verified."""

    octets: int = 24 * 2**20
    signatures: int = 600

    def digest(self, size: int) -> bool:
        """Take the price of digesting `size` octets; False when it is not to be had any more."""
        price = max(size, 1024)
        if price > self.octets:
            return False
        self.octets -= price
        return True

    def verify(self) -> bool:
        """Take the price of one verification; False when it is not to be had any more."""
        if self.signatures <= 0:
            return False
        self.signatures -= 1
        return True
