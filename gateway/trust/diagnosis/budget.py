"""How much an explanation may cost. Whoever sends a broken message must not be able to buy an hour of work with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from lxml import etree

MAX_BYTES = 256 * 1024
"""A message larger than this is not explained beyond its first refusal: "not tried: too large"."""


MAX_WEIGHT: Final = 20_000_000
"""Namespace declarations squared, times elements: what an inclusive canonical form costs in libxml2, 3 ns each."""
MAX_ATTRIBUTES: Final = 200
"""Attributes of one element: they are sorted by insertion, so their number counts squared as well."""
MIN_PRICE: Final = 16 * 1024
"""What the smallest form costs: making it takes longer than digesting it."""
_UNITS_PER_OCTET: Final = 6


def weight(data: bytes) -> int:
    """Give an upper bound of what a canonical form of the document costs (see MAX_WEIGHT)."""
    return data.count(b"xmlns") ** 2 * data.count(b"<")


def too_heavy(root: etree._Element, data: bytes) -> bool:
    """Say whether the canonical forms of a document cost more than its sender may ask for."""
    if weight(data) > MAX_WEIGHT:
        return True
    return any(len(element.attrib) > MAX_ATTRIBUTES for element in root.iter(etree.Element))


@dataclass
class Budget:
    """What is left to try: octets that are made and digested, and signatures that are verified."""

    octets: int = 24 * 2**20
    signatures: int = 600

    def digest(self, size: int, of_weight: int = 0) -> bool:
        """Take the price of making and digesting `size` octets; False when it is not to be had any more."""
        price = max(size, MIN_PRICE, of_weight // _UNITS_PER_OCTET)
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
