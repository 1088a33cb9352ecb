"""The verified tree of a message, held until it is read and no longer.

A tree takes seven times the bytes of its message, and what is proven of a message stays until its commit, for which
many wait. One that has to be judged again, because others came first, is opened and verified again from its bytes.
"""

from __future__ import annotations

from lxml import etree


class Verified:
    """The element that a message was proven to hold, for the one who reads it. `tag` is its qualified name."""

    def __init__(self, element: etree._Element) -> None:
        self.tag = str(element.tag)
        self._element: etree._Element | None = element

    def take(self) -> etree._Element:
        """Give the element, once."""
        element, self._element = self._element, None
        if element is None:
            raise AssertionError("a message is read once each time that it is proven")
        return element
