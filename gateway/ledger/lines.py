"""The lines of an export as they are read: what cannot be read is told, or equals nothing, and is never passed over."""

from __future__ import annotations

import json

from gateway.domain.errors import LedgerBroken
from gateway.ledger.damage import Damage, broken
from gateway.ledger.encoding import decode_base64
from gateway.ledger.merkle import HASH_SIZE

MAX_LINE = 1024 * 1024
"""Characters of a line that is still read whole: a checkpoint with many witnesses has a tenth of that."""


def exact_bytes(text: str) -> bytes:
    """Give back the stored bytes, also those that were never UTF-8: they differ from every leaf, and must be named."""
    try:
        return text.encode(errors="surrogateescape")
    except UnicodeEncodeError:
        return text.encode(errors="surrogatepass")


def base64_of(value: object) -> bytes:
    """The stored leaf hash as written; what is no text at all equals no hash, and is found as a disagreement."""
    return exact_bytes(value) if isinstance(value, str) else b""


def hash_of(encoded: bytes | None) -> bytes:
    """Read a stored leaf hash; one that cannot be read equals no hash, and is found as a disagreement."""
    try:
        return decode_base64((encoded or b"").decode("ascii"), HASH_SIZE)
    except ValueError:
        return b""


def unread(number: int, line: str, error: ValueError) -> str:
    """Say what stands in the place of a line: nothing, what is left of one that was cut off, or what is wrong in it."""
    if not line:
        return "an empty file" if number == 1 else "an empty line"
    if not isinstance(error, json.JSONDecodeError):
        return str(error)
    is_cut = not line.endswith("\n") and len(line) < MAX_LINE
    return f"that the file is cut off in line {number}" if is_cut else "a line that is no JSON"


def malformed_line(number: int, expected: str, found: str) -> LedgerBroken:
    """Say that a line, counted from 1, is not of the export's form."""
    return broken(Damage.EXPORT_MALFORMED, f"line {number}", expected=expected, found=found)
