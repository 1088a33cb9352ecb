"""How a digest or a signature may have been written and made: the ways that clients really take, tried one by one."""

from __future__ import annotations

import hashlib
import re
from base64 import b64decode, b64encode
from collections.abc import Iterator
from typing import Final, NamedTuple

from gateway.trust.diagnosis.mistakes import Mistake

HASHES: Final = ("sha256", "sha1", "sha384", "sha512")
"""The hashes that are tried; which of them, the size of a digest says."""

_HEX = re.compile(rb"[0-9a-fA-F]+")
_SIZES: Final = {hashlib.new(name, usedforsecurity=False).digest_size: name for name in HASHES}


class Written(NamedTuple):
    """Raw octets, and the mistake in how they were written, None for none."""

    octets: bytes
    mistake: Mistake | None


def readings(text: str) -> Iterator[Written]:
    """Read a value that should be base64 of raw octets: as that, as hexadecimal, as base64 of either.

    The first one is the right reading when the text is base64 at all.
    """
    raw = "".join(text.split()).encode(errors="replace")
    if _is_hex(raw):
        yield Written(bytes.fromhex(raw.decode()), Mistake.HEX)
    once = _base64(raw)
    if once is None:
        return
    yield Written(once, None)
    inner = b"".join(once.split())
    if _is_hex(inner):
        yield Written(bytes.fromhex(inner.decode()), Mistake.HEX)
    twice = _base64(inner)
    if twice:
        yield Written(twice, Mistake.BASE64_TWICE)


def digest_readings(text: str) -> dict[bytes, tuple[str, Mistake | None]]:
    """Give the digests that a text may mean, each with its hash by size and the mistake in how it was written."""
    found: dict[bytes, tuple[str, Mistake | None]] = {}
    for octets, mistake in readings(text):
        if len(octets) in _SIZES:
            found.setdefault(octets, (_SIZES[len(octets)], mistake))
    return found


def digest(name: str, octets: bytes) -> bytes:
    """Digest octets, also by a hash that no message may use."""
    return hashlib.new(name, octets, usedforsecurity=False).digest()


def hash_name(name: str) -> str:
    """Give a hash the name that people know it by: SHA-1 for sha1."""
    return f"SHA-{name.removeprefix('sha')}"


def short(octets: bytes) -> str:
    """Show a digest or signature as base64, not longer than a SHA-512 takes."""
    return b64encode(octets[:64]).decode() + ("..." if len(octets) > 64 else "")


def _is_hex(raw: bytes) -> bool:
    return len(raw) % 2 == 0 and len(raw) >= 40 and _HEX.fullmatch(raw) is not None


def _base64(raw: bytes) -> bytes | None:
    if len(raw) < 4:
        return None
    try:
        return b64decode(raw, validate=True)
    except ValueError:
        return None
