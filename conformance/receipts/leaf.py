"""One leaf of the ledger: canonical JSON (RFC 8785) of hub-made values and commitments."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hmac import digest
from typing import Any

from conformance.receipts.damage import LEAF, Damaged
from conformance.receipts.forms import MAX_INTEGER, exactly, hex_32, kind, strict_json

MEMBERS = frozenset({"v", "id", "kind", "at", "exchange", "actor", "agreement", "commitments", "extra"})
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}", re.ASCII)
_KIND = re.compile(r"[a-z][a-z0-9-]{0,63}", re.ASCII)
_TOKEN = re.compile(r"[!-~]{0,256}", re.ASCII)
_AT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Leaf:
    """What a leaf says. `commitments` maps parts to 32 bytes; `at` is in UTC."""

    id: str
    kind: str
    at: datetime
    exchange: str
    agreement: str
    commitments: Mapping[str, bytes]


def read_leaf(data: bytes, index: int) -> Leaf:
    """Read the exact bytes of a leaf. Raises Damaged `leaf-not-canonical`.

    A kind that this reader does not know is no damage: kinds may be added, and the tree says whether it is genuine.
    """
    try:
        said = exactly(strict_json(data.decode()), MEMBERS)
        leaf = _read(said)
        if json.dumps(said, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode() != data:
            raise ValueError("the same content in another spelling than RFC 8785")
    except ValueError as fault:
        raise Damaged(LEAF, f"leaf {index}", str(fault)[:300]) from None
    return leaf


def opens(commitment: bytes, salt: bytes, content: bytes) -> bool:
    """Whether the commitment is to the bytes with that SHA-256: HMAC-SHA256(salt, label 0x00 SHA-256(bytes))."""
    return digest(salt, b"simojo-commitment-v1\x00" + content, "sha256") == commitment


def _read(said: Mapping[str, Any]) -> Leaf:
    if kind(said["v"], int) != 1:
        raise ValueError(f"version {said['v']}")
    commitments = {_fit(_NAME, part): hex_32(value) for part, value in kind(said["commitments"], dict).items()}
    for name, value in kind(said["extra"], dict).items():
        _fit(_NAME, name)
        if type(value) is not str and not (type(value) is int and abs(value) <= MAX_INTEGER):
            raise ValueError(f"extra member {name} is neither text nor a whole number")
    exchange = kind(said["exchange"], str)
    if exchange or commitments:
        _fit(_NAME, exchange)
    _fit(_TOKEN, said["actor"])
    return Leaf(
        id=_fit(_NAME, said["id"]),
        kind=_fit(_KIND, said["kind"]),
        at=datetime.strptime(_fit(_AT, said["at"]), "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC),
        exchange=exchange,
        agreement=_fit(_TOKEN, said["agreement"]),
        commitments=commitments,
    )


def _fit(form: re.Pattern[str], value: Any) -> str:
    if not form.fullmatch(kind(value, str)):
        raise ValueError(f"{value[:80]!r} is not of the form {form.pattern}")
    text: str = value
    return text
