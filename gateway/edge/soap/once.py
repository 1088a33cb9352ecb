"""Trees of a message that are held until they are used, and no longer.

A tree takes seven times the bytes of its message, which stays until its commit; many messages wait for one. What is
needed again, when a message has to be judged again because others came first, is made again from its bytes.
"""

from __future__ import annotations

from collections.abc import Callable

from lxml import etree

from gateway.contract.message import Message
from gateway.trust.envelope import Envelope, open_envelope


class Opened:
    """A message that passed the gate: its envelope, for whoever works through it.

    Decrypting changes the tree, so that it serves once in any case.
    """

    def __init__(self, envelope: Envelope, message: Message, max_bytes: int) -> None:
        self._envelope: Envelope | None = envelope
        self._message = message
        self._max_bytes = max_bytes

    def take(self) -> Envelope:
        """Give the envelope as it came; whoever takes it may change it."""
        envelope, self._envelope = self._envelope, None
        return envelope or open_envelope(self._message.body, max_bytes=self._max_bytes)


class Verified:
    """The element that a message was proven to hold, for whoever reads it.

    `again` verifies the message anew, from the same bytes and by the same certificates, should it be read once more.
    """

    def __init__(self, element: etree._Element, again: Callable[[], etree._Element]) -> None:
        self._element: etree._Element | None = element
        self._again = again

    def take(self) -> etree._Element:
        """Give the element."""
        element, self._element = self._element, None
        return self._again() if element is None else element
