"""h11's side of a connection, with the bounds that h11 has not, and its refusals in our words."""

from __future__ import annotations

from typing import Any

import h11

from gateway.domain.errors import Malformed
from gateway.edge.front import MAX_HEAD_BYTES

CRUMBS = 2048
"""So many pieces of a body may be as small as they like; beyond them a piece has `CRUMB_BYTES` on average."""
CRUMB_BYTES = 64


class Conversation(h11.Connection):
    """h11's connection that counts the pieces of a body. `fault` says what it refused, in our words."""

    def __init__(self) -> None:
        super().__init__(h11.SERVER, max_incomplete_event_size=MAX_HEAD_BYTES)
        self.fault: Malformed | None = None
        self._pieces = 0
        self._bytes = 0

    def next_event(self) -> Any:
        """h11's next event. Raises h11.RemoteProtocolError."""
        try:
            event = super().next_event()
        except h11.RemoteProtocolError as error:
            if self.fault is None:
                self.fault = _fault(error)
            raise
        if isinstance(event, h11.Request):
            self._pieces = self._bytes = 0
        elif isinstance(event, h11.Data):
            self._pieces += 1
            self._bytes += len(event.data)
            if is_in_crumbs(self._pieces, self._bytes):
                self.fault = in_crumbs(self._pieces, self._bytes)
                raise h11.RemoteProtocolError("body in crumbs")
        return event


def is_in_crumbs(pieces: int, size: int) -> bool:
    """Whether so many pieces are too many for `size` bytes of a body."""
    return pieces > CRUMBS + size // CRUMB_BYTES


def in_crumbs(pieces: int, size: int) -> Malformed:
    """The refusal of such a body."""
    return Malformed(
        f"the body comes in {pieces} pieces of {size // pieces} bytes; send larger chunks", code="body-in-crumbs"
    )


def _fault(error: h11.RemoteProtocolError) -> Malformed:
    if error.error_status_hint == 431:
        return Malformed(f"the head of the request is larger than {MAX_HEAD_BYTES} bytes", code="head-too-large")
    return Malformed("this is not a request of HTTP/1.1", code="http-malformed")
