"""The head of a plain request: how nearly all messages of agencies come, read in a few steps.

    1. whole      the head is there in one piece, within its bounds
    2. line       POST, HTTP/1.1, the path of an agency's door
    3. fields     a name that is a token, a value of visible ASCII, spaces and tabs, CR LF; no line is folded
    4. framing    one Content-Length in plain digits and one Host; no Transfer-Encoding, Upgrade or Expect; Connection
                  says keep-alive or nothing

Whatever is otherwise is h11's: what it refuses is refused as ever, and what it takes, too. So this is narrower than
h11 in every way, and what passes here h11 reads alike; tests/edge/test_plain.py holds that.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from gateway.edge.front import AGENCIES, MAX_HEAD_BYTES

_LINE = re.compile(rb"POST ([\x21-\x7e]+) HTTP/1\.1")
_FIELD = re.compile(rb"([-!#$%&'*+.^_`|~0-9a-zA-Z]+):[ \t]*([\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?)[ \t]*")
_LENGTH = re.compile(rb"0|[1-9][0-9]{0,9}")
_DOORS = tuple(each.encode() for each in AGENCIES)
_OF_H11 = (b"transfer-encoding", b"upgrade", b"expect")


@dataclass(frozen=True, slots=True)
class Head:
    """A head. `size` is its own in bytes, `length` that of the body; names of `headers` are in lower case."""

    target: bytes
    headers: list[tuple[bytes, bytes]]
    size: int
    length: int


def plain_head(data: bytes) -> Head | None:
    """The head with which `data` begins, if it is plain; None leaves it to h11."""
    end = data.find(b"\r\n\r\n", 0, MAX_HEAD_BYTES)  # 1. whole
    if end < 0:
        return None
    lines = data[:end].split(b"\r\n")
    line = _LINE.fullmatch(lines[0])  # 2. line
    if line is None or not line[1].startswith(_DOORS):
        return None
    headers: list[tuple[bytes, bytes]] = []
    for each in lines[1:]:  # 3. fields
        field = _FIELD.fullmatch(each)
        if field is None:
            return None
        headers.append((field[1].lower(), field[2]))
    named = dict(headers)
    length = named.get(b"content-length", b"")
    names = [name for name, _ in headers]
    if (  # 4. framing
        names.count(b"content-length") != 1
        or names.count(b"host") != 1
        or names.count(b"connection") > 1
        or _LENGTH.fullmatch(length) is None
        or named.get(b"connection", b"keep-alive").lower() != b"keep-alive"
        or any(name in named for name in _OF_H11)
    ):
        return None
    return Head(line[1], headers, end + 4, int(length))
