"""A download that goes on after a failure: one range of bytes (RFC 9110, 14), of a representation that its ETag names.

Several ranges, other units and what is no range are passed over, as RFC 9110 14.2 lets a server do: all is given.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from gateway.domain.errors import Refused

_ONE = re.compile(r"bytes=[ \t]*(\d{0,18})-(\d{0,18})[ \t]*", re.ASCII | re.IGNORECASE)


class RangeBeyond(Refused):
    """No byte of the range is there; `size` says how many there are."""

    default_code = "range-beyond"

    def __init__(self, size: int) -> None:
        super().__init__(f"the range begins beyond the end: there are {size} bytes")
        self.size = size


@dataclass(frozen=True)
class Span:
    """The bytes from `begin` to before `end`, of `size`."""

    begin: int
    end: int
    size: int

    @property
    def content_range(self) -> str:
        """As Content-Range says it: the last byte is named, not the one after."""
        return f"bytes {self.begin}-{self.end - 1}/{self.size}"


def asked_span(headers: Mapping[str, str], etag: str, size: int) -> Span | None:
    """The span that a GET asks for, None for the whole. `etag` as it is sent, with its quotes. Raises RangeBeyond.

    An If-Range that names another representation asks for the whole of this one (RFC 9110 13.1.5). A date is such
    another one: what is given here has no time of its last change.
    """
    one = _ONE.fullmatch(headers.get("range", ""))
    if one is None or headers.get("if-range", etag).strip() != etag:
        return None
    first, last = one.groups()
    if first == last == "":
        return None
    if not first:
        begin, end = max(0, size - int(last)), size
    else:
        begin, end = int(first), min(size, int(last) + 1 if last else size)
        if last and int(last) < begin:
            return None  # no range at all (RFC 9110 14.1.1)
    if begin >= size:
        raise RangeBeyond(size)
    return Span(begin, end, size)
