"""The one file of a form (multipart/form-data, RFC 7578), read strictly from a body of bounded size."""

from __future__ import annotations

import re
from collections.abc import Mapping

from gateway.domain.errors import Malformed

_BOUNDARY = re.compile(r'multipart/form-data\s*;.*?boundary="?([!-~]{1,70}?)"?\s*(?:;.*)?', re.IGNORECASE)
_NAME = re.compile(rb'content-disposition:\s*form-data\s*;.*?\bname="([^"\r\n]{1,40})"', re.IGNORECASE)
_MAX_PARTS = 8


def form_parts(content_type: str, body: bytes) -> Mapping[str, bytes]:
    """Give the parts of a form by name, the first of each. Raises Malformed `form-malformed`."""
    found = _BOUNDARY.fullmatch(content_type)
    if found is None:
        raise _malformed("its Content-Type names no boundary")
    pieces = (b"\r\n" + body).split(b"\r\n--" + found[1].encode())
    if len(pieces) - 2 not in range(1, _MAX_PARTS + 1) or not pieces[-1].startswith(b"--"):
        raise _malformed("it does not end, or has too many parts")
    parts: dict[str, bytes] = {}
    for piece in pieces[1:-1]:
        head, gap, content = piece.partition(b"\r\n\r\n")
        name = _NAME.search(head)
        if not gap or name is None:
            raise _malformed("a part of it has no name")
        parts.setdefault(name[1].decode("ascii", "replace"), content)
    return parts


def _malformed(why: str) -> Malformed:
    return Malformed(f"the form cannot be read: {why}", code="form-malformed")
