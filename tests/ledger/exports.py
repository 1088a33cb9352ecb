"""Exports of a ledger, whole, and ways to damage them."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest

from gateway.domain.errors import LedgerBroken
from gateway.ledger.checkpoint import Checkpoint, NoteKey, sign
from gateway.ledger.export import checkpoint_line, header_line, leaf_line, part_line
from gateway.ledger.leaf import Leaf, LeafKind, commitment, part_salt
from gateway.ledger.merkle import leaf_hash, root
from gateway.ledger.verify import Verdict, verify_export

NOW = datetime(2026, 1, 5, 3, 4, 5, tzinfo=UTC)
ORIGIN = "simojo.example/ledger"
KEY = NoteKey.from_seed(ORIGIN, bytes(range(32)))
NEXT_KEY = NoteKey.from_seed(ORIGIN, bytes(range(1, 33)))
WITNESS = NoteKey.from_seed("drc.example/witness", bytes(range(2, 34)))
TRUSTED = KEY.verifier.encode()
CASE_KEY = bytes(range(50, 82))
BATCHES = (7, 5, 8)

Line = dict[str, Any]


def stored_bytes(number: int, part: str) -> bytes:
    return f"<{part} number='{number}'/>".encode()


def leaf(number: int) -> Leaf:
    """Even leaves are exchanges with two parts; odd ones are steps with none."""
    parts = ("request", "answer-body") if number % 2 == 0 else ()
    exchange = f"ex-{number}"
    opaque = {
        part: commitment(part_salt(CASE_KEY, exchange, part), sha256(stored_bytes(number, part)).digest()).hex()
        for part in parts
    }
    kind = LeafKind.ACCEPTED if parts else LeafKind.CASE_STEP
    at = NOW + timedelta(seconds=number)
    return Leaf(id=f"lf-{number}", kind=kind, at=at, exchange=exchange, commitments=opaque, extra={"number": number})


def export(
    batches: Iterable[int] = BATCHES, *, parts: bool = True, keys: tuple[NoteKey, ...] = (KEY, KEY, KEY)
) -> list[Line]:
    """Write the lines of a whole export, still as objects."""
    batches = tuple(batches)
    verifiers = list(dict.fromkeys(key.verifier for key in keys))
    lines = [header_line(origin=ORIGIN, verifiers=verifiers, size=sum(batches), complete=parts)]
    hashes: list[bytes] = []
    for batch, key in zip(batches, keys, strict=False):
        for number in range(len(hashes), len(hashes) + batch):
            each = leaf(number)
            hashes.append(leaf_hash(each.canonical()))
            lines.append(leaf_line(number, each.canonical(), hashes[-1]))
            for name in each.commitments if parts else ():
                digest, salt = sha256(stored_bytes(number, name)).digest(), part_salt(CASE_KEY, each.exchange, name)
                lines.append(part_line(exchange=each.exchange, name=name, digest=digest, salt=salt))
        lines.append(checkpoint_line(sign(Checkpoint(ORIGIN, len(hashes), root(hashes)), key)))
    assert all(line.endswith("\n") and line.isascii() for line in lines)
    return [json.loads(line) for line in lines]


def verify(lines: list[Line], trusted: str | None = TRUSTED, *, deep: bool = True) -> Verdict:
    return verify_export((json.dumps(line) + "\n" for line in lines), trusted, deep=deep)


def damage(lines: list[Line], *, deep: bool = True) -> LedgerBroken:
    with pytest.raises(LedgerBroken) as caught:
        verify(lines, deep=deep)
    return caught.value


def at(lines: list[Line], index: int) -> Line:
    """Find the line of that leaf."""
    return next(line for line in lines if line.get("i") == index)


def changed_text(line: Line) -> str:
    text: str = line["leaf"]
    assert "simojo" not in text
    return text.replace('"lf-', '"lf-9')


def rehash(line: Line) -> None:
    line["h"] = base64.b64encode(leaf_hash(line["leaf"].encode())).decode()
