"""The lines of an exported ledger. Their form and their order are defined in `gateway.ledger.verify`.

Lines are plain ASCII and end in a newline, so that no tool between writer and reader can split or re-code them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from gateway.ledger.checkpoint import NoteVerifier
from gateway.ledger.encoding import encode_base64
from gateway.ledger.verify import COMPLETE, FORMAT, PARTIAL, VERSION

_encoder = json.JSONEncoder(separators=(",", ":"))


def header_line(*, origin: str, verifiers: Sequence[NoteVerifier], size: int, complete: bool) -> str:
    """Write the first line: the ledger, the keys that signed its checkpoints, its size, whether all parts follow."""
    return _line(
        {
            "format": FORMAT,
            "version": VERSION,
            "origin": origin,
            "verifiers": [each.encode() for each in verifiers],
            "size": size,
            "parts": COMPLETE if complete else PARTIAL,
        }
    )


def leaf_line(index: int, leaf: bytes, stored_hash: bytes) -> str:
    """Write one leaf: its stored canonical bytes, and its leaf hash as the integrator stored it (not computed anew)."""
    return _line({"i": index, "leaf": leaf.decode(errors="surrogateescape"), "h": encode_base64(stored_hash)})


def part_line(*, exchange: str, name: str, digest: bytes, salt: bytes) -> str:
    """Write one part of the leaf just written: SHA-256 of its bytes as they are stored now, and its salt."""
    part = {"exchange": exchange, "name": name, "digest": digest.hex(), "salt": salt.hex()}
    return _line({"part": part})


def erased_line(*, scope: str, leaf: str) -> str:
    """Write that the missing parts of the leaf just written are erased, as the leaf with that id says of the scope."""
    return _line({"erased": {"scope": scope, "leaf": leaf}})


def checkpoint_line(note: str) -> str:
    """Write the checkpoint that covers exactly the leaves written so far."""
    return _line({"checkpoint": note})


def _line(record: dict[str, object]) -> str:
    return _encoder.encode(record) + "\n"
