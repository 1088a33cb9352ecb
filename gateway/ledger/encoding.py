"""The two encodings of the ledger, each with exactly one spelling per value: canonical JSON and base64.

Canonical JSON is RFC 8785 for the JSON that the ledger uses: objects with ASCII member names, arrays, strings, whole
numbers below 2**53 and booleans. Within that set the sorted, unspaced output of the standard library's C encoder is
the canonical form, at a tenth of the cost of a general canonicaliser; a property test holds the two equal.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from gateway.primitives.json_writer import JsonWriter

MAX_INTEGER = 2**53 - 1
"""The largest whole number that every JSON reader keeps exactly (RFC 8785 section 3.2.2.3)."""

Value: TypeAlias = "bool | int | str | Sequence[Value] | Mapping[str, Value]"

_writer = JsonWriter(sort_keys=True, allow_nan=False)


def canonical_json(value: Value) -> bytes:
    """Encode by RFC 8785. The value is of the set above; ValueError for text that is not Unicode."""
    return _writer.write(value).encode()


def _unique_members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Refuse an object that names a member twice: two readers could see two documents."""
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member is named twice")
    return members


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


_decoder = json.JSONDecoder(object_pairs_hook=_unique_members, parse_constant=_no_constant)


def parse_json(text: str) -> object:
    """Decode JSON strictly: no member twice, no NaN. Raises ValueError, also for nesting beyond reason."""
    try:
        return _decoder.decode(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def members(value: object, required: frozenset[str], optional: frozenset[str] = frozenset()) -> dict[str, object]:
    """Take an object that has all required members and none beyond the optional. Raises ValueError that names them."""
    if not isinstance(value, dict):
        raise ValueError(f"an object with {_names(required)} is needed, not {type(value).__name__}")  # noqa: TRY004 - callers of the parsers handle ValueError alone
    if missing := required - value.keys():
        raise ValueError(f"missing: {_names(missing)}")
    if unknown := value.keys() - required - optional:
        raise ValueError(f"unknown: {_names(unknown)}")
    return value


def _names(names: frozenset[str] | set[str]) -> str:
    return ", ".join(sorted(names))


def text_of(value: object, name: str) -> str:
    """Take a string. Raises ValueError that names the member."""
    if not isinstance(value, str):
        raise ValueError(f"{name} must be a string")  # noqa: TRY004 - callers of the parsers handle ValueError alone
    return value


def number_of(value: object, name: str) -> int:
    """Take a whole number from 0 to 2**53 - 1; true is not a number. Raises ValueError that names the member."""
    if type(value) is not int or not 0 <= value <= MAX_INTEGER:
        raise ValueError(f"{name} must be a whole number from 0 to 2**53 - 1")
    return value


def encode_base64(data: bytes) -> str:
    """Encode in standard base64 with padding (RFC 4648 section 4)."""
    return binascii.b2a_base64(data, newline=False).decode("ascii")


def decode_base64(text: str, length: int | None = None) -> bytes:
    """Decode the one spelling of standard base64, of `length` bytes when given. Raises ValueError."""
    data = base64.b64decode(text, validate=True)
    if encode_base64(data) != text:
        raise ValueError(f"{text!r} is not in the canonical base64 form")
    if length is not None and len(data) != length:
        raise ValueError(f"{text!r} holds {len(data)} bytes, not {length}")
    return data
