"""The document of a receipt, read strictly: JSON without surprises, base64 and names in their one spelling."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from conformance.notes import HASH_SIZE, from_base64
from conformance.receipts.damage import MALFORMED, Damaged

MAX_INTEGER = 2**53 - 1
MEMBERS = frozenset({"format", "version", "leaves", "checkpoint", "verifier", "certificate", "salts"})
OPTIONAL = frozenset({"timestamp"})
LEAF_MEMBERS = frozenset({"index", "leaf", "proof"})
_HEX_32 = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True)
class CarriedLeaf:
    """A leaf as it is carried: its index, its exact bytes and the hashes of its audit path, lowest first."""

    index: int
    data: bytes
    proof: tuple[bytes, ...]


@dataclass(frozen=True, kw_only=True)
class Document:
    """A receipt of the right form, of which nothing is checked. `salts` maps parts to 32 bytes.

    `timestamp` is a token in DER, empty where there is none.
    """

    leaves: tuple[CarriedLeaf, ...]
    checkpoint: str
    verifier: str
    certificate: str
    salts: Mapping[str, bytes]
    timestamp: bytes


def read_document(data: bytes) -> Document:
    """Read a receipt. Raises Damaged `receipt-malformed` for any other form, version or member."""
    try:
        said = exactly(strict_json(data.decode()), MEMBERS, OPTIONAL)
        if (said["format"], whole(said["version"])) != ("simojo-receipt", 1):
            raise ValueError(f"it is {said['format']!r} of version {said['version']!r}, not simojo-receipt 1")
        return Document(
            leaves=tuple(_carried(each) for each in kind(said["leaves"], list)),
            checkpoint=kind(said["checkpoint"], str),
            verifier=kind(said["verifier"], str),
            certificate=kind(said["certificate"], str),
            salts={part: hex_32(salt) for part, salt in kind(said["salts"], dict).items()},
            timestamp=_token(said["timestamp"]) if "timestamp" in said else b"",
        )
    except ValueError as fault:
        raise Damaged(MALFORMED, "receipt", str(fault)[:300]) from None


def strict_json(text: str) -> Any:
    """Decode JSON in which no object names a member twice and no number is NaN. Raises ValueError."""
    try:
        return json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def exactly(value: Any, members: frozenset[str], optional: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Take an object with these members, the optional ones or not, and no others. Raises ValueError."""
    said: dict[str, Any] = kind(value, dict)
    if said.keys() - optional != members:
        wrong = ", ".join(sorted((said.keys() - optional) ^ members))
        raise ValueError(f"these members are missing or unknown: {wrong}")
    return said


def kind(value: Any, wanted: type) -> Any:
    """Take a value of this JSON type. Raises ValueError."""
    if type(value) is not wanted:
        raise ValueError(f"{wanted.__name__} expected, found {type(value).__name__}")
    return value


def whole(value: Any) -> int:
    """Take a whole number from 0 to 2**53 - 1. Raises ValueError."""
    number: int = kind(value, int)
    if not 0 <= number <= MAX_INTEGER:
        raise ValueError(f"a whole number from 0 to 2**53 - 1 expected, found {number}")
    return number


def hex_32(value: Any) -> bytes:
    """Take 32 bytes as lower-case hex. Raises ValueError."""
    if not _HEX_32.fullmatch(kind(value, str)):
        raise ValueError("64 lower-case hex digits expected")
    return bytes.fromhex(value)


def _token(value: Any) -> bytes:
    token = from_base64(kind(value, str))
    if not token:
        raise ValueError("an empty timestamp")
    return token


def _carried(value: Any) -> CarriedLeaf:
    said = exactly(value, LEAF_MEMBERS)
    proof = tuple(from_base64(kind(step, str), HASH_SIZE) for step in kind(said["proof"], list))
    return CarriedLeaf(whole(said["index"]), kind(said["leaf"], str).encode(), proof)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    said = dict(pairs)
    if len(said) != len(pairs):
        raise ValueError("an object names a member twice")
    return said


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")
