"""What JWS and JWE share: base64url in its one spelling, and JSON headers with each member once."""

from __future__ import annotations

import binascii
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode


def encode(data: bytes) -> str:
    """Write base64url without padding."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """Read base64url without padding, in its one canonical spelling. Raises ValueError; empty text gives no bytes."""
    try:
        data = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except (UnicodeEncodeError, binascii.Error) as fault:
        raise ValueError("not base64url") from fault
    if encode(data) != text:
        raise ValueError("not base64url without padding")
    return data


def header_of(data: bytes) -> dict[str, object]:
    """Read a JSON object with each member once. Raises ValueError.

    Two readers take two different ones of a pair of equal names (RFC 7515, section 4).
    """
    try:
        header = _decoder.decode(data.decode())
    except RecursionError as fault:
        raise ValueError("too deep") from fault
    if not isinstance(header, dict):
        raise ValueError("not an object")  # noqa: TRY004 - what was sent is wrong, not what was passed
    return header


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member is there twice")
    return members


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


_decoder = json.JSONDecoder(object_pairs_hook=_once, parse_constant=_no_constant)
