"""Strict JSON from outside: bounded, UTF-8, no member twice, no fraction, no number that a reader may round."""

from __future__ import annotations

import json
import re
from typing import NoReturn

from gateway.contract.message import Json
from gateway.domain.errors import Malformed

MAX_INTEGER = 2**53 - 1
"""The greatest integer that every JSON reader keeps exactly (RFC 8785)."""

_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)


def parse_json(data: bytes, *, max_bytes: int, max_depth: int = 64) -> Json:
    """Parse a body.

    Raises Malformed: `body-too-large`, `json-too-deep`, `json-malformed` (with line and column),
    `json-duplicate-member`, `json-number` (a fraction, NaN, or an integer of 2**53 and more: write it as a string).
    """
    if len(data) > max_bytes:
        raise Malformed(f"the body has {len(data)} bytes, at most {max_bytes} are read", code="body-too-large")
    if _depth(data) > max_depth:
        raise Malformed(f"the JSON is nested deeper than {max_depth} levels", code="json-too-deep")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Malformed(f"the body is not UTF-8 (byte {error.start})", code="json-malformed") from None
    try:
        parsed: Json = json.loads(
            text, object_pairs_hook=_members, parse_float=_fraction, parse_constant=_fraction, parse_int=_integer
        )
    except json.JSONDecodeError as error:
        raise Malformed(
            f"the body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}", code="json-malformed"
        ) from None
    return parsed


def _depth(data: bytes) -> int:
    """How deep brackets nest outside strings; counted before parsing, so that depth cannot exhaust the parser."""
    depth = deepest = 0
    for byte in _STRING.sub(b"", data):
        if byte in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif byte in b"]}":
            depth -= 1
    return deepest


def _members(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    members = dict(pairs)
    if len(members) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise Malformed(
            f"member {twice[:60]!r} is named twice: two readers could see two values", code="json-duplicate-member"
        )
    return members


def _fraction(text: str) -> NoReturn:
    raise Malformed(f"{text[:30]} is no whole number: write amounts and fractions as strings", code="json-number")


def _integer(text: str) -> int:
    if len(text) > 17 or abs(int(text)) > MAX_INTEGER:
        raise Malformed(f"{text[:30]} is beyond 2**53: write it as a string", code="json-number")
    return int(text)
